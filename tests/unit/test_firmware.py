"""Which UEFI build QEMU's firmware descriptors lead to, and how QEMU is told to run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pciabi.errors import CannotTest, InputError, PciabiError, QemuError
from pciabi.probe.agreement import must_run_on
from pciabi.qemu import firmware, machines
from pciabi.qemu import firmware_descriptor as descriptors
from pciabi.qemu.binary import Binary
from pciabi.qemu.firmware_descriptor import Flash, FlashFile
from pciabi.vm.config import Firmware

PC, Q35 = "pc-i440fx-7.2", "pc-q35-7.2"
LISTING = """Supported machines are:
microvm              microvm (i386)
pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-7.2)
pc-i440fx-7.2        Standard PC (i440FX + PIIX, 1996) (default)
q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)
pc-q35-7.2           Standard PC (Q35 + ICH9, 2009)
pc-i440fx-1.4        Standard PC (i440FX + PIIX, 1996) (deprecated)
none                 empty machine
"""


def document(**changes: Any) -> dict[str, Any]:
    """A descriptor as distributions write it."""
    flash = {
        "device": "flash",
        "executable": {"filename": "/fw/code.fd", "format": "raw"},
        "nvram-template": {"filename": "/fw/vars.fd", "format": "raw"},
    }
    return {
        "description": "a UEFI",
        "interface-types": ["uefi"],
        "mapping": flash,
        "targets": [{"architecture": "x86_64", "machines": ["pc-i440fx-*", "pc-q35-*"]}],
        "features": ["acpi-s3", "verbose-dynamic"],
        "tags": [],
        **changes,
    }


def mapping(**changes: Any) -> dict[str, Any]:
    found = {**document()["mapping"], **changes}
    return {name: value for name, value in found.items() if value is not None}


def parsed(name: str = "50-uefi.json", **changes: Any) -> descriptors.Descriptor:
    return descriptors.parse(json.dumps(document(**changes)).encode(), name)


def only(architecture: str, *patterns: str) -> list[dict[str, Any]]:
    return [{"architecture": architecture, "machines": list(patterns)}]


UNFIT: dict[str, dict[str, Any]] = {
    "BIOS": {"interface-types": ["bios"]},
    "other processor": {"targets": only("aarch64", "*")},
    "other machine": {"targets": only("x86_64", "pc-q35-*")},
    "no glob but a prefix": {"targets": only("x86_64", "pc-i440fx-")},
    "system management mode": {"features": ["requires-smm"]},
    "secure boot": {"features": ["acpi-s3", "secure-boot"]},
    "enrolled keys": {"features": ["enrolled-keys"]},
    "no variables": {"mapping": mapping(mode="stateless", **{"nvram-template": None})},
    "loaded to memory": {"mapping": {"device": "memory", "filename": "/fw/all.fd"}},
    "unknown device": {"mapping": {"device": "igvm", "filename": "/fw/igvm"}},
}


@pytest.mark.parametrize("reason", UNFIT)
def test_a_build_that_does_not_fit_is_passed_over(reason: str) -> None:
    unfit, good = parsed("10.json", **UNFIT[reason]), parsed("60.json")
    assert descriptors.choose([unfit], PC) is None
    assert descriptors.choose([unfit, good], PC) is good


def test_the_first_build_that_fits_is_taken() -> None:
    first, second = parsed("10.json"), parsed("20.json")
    q35 = parsed("05.json", targets=only("x86_64", "pc-q35-*"))
    assert descriptors.choose([q35, first, second], PC) is first
    assert descriptors.choose([q35, first, second], Q35) is q35
    assert descriptors.choose([first], "pc") is None, "patterns speak of versioned names"


BROKEN: dict[str, bytes] = {
    "no JSON": b"{",
    "not UTF-8": b'{"description": "\xff"}',
    "another document": b"[]",
    "nothing in it": b"{}",
    "a number for a list": json.dumps(document(targets=3)).encode(),
    "a mapping without files": json.dumps(document(mapping={"device": "flash"})).encode(),
    "split without variables": json.dumps(
        document(mapping=mapping(**{"nvram-template": None}))
    ).encode(),
    "a format that is an option": json.dumps(
        document(mapping=mapping(executable={"filename": "/a", "format": "raw,x=y"}))
    ).encode(),
    "a relative path": json.dumps(
        document(mapping=mapping(executable={"filename": "a", "format": "raw"}))
    ).encode(),
    "an unknown mode": json.dumps(document(mapping=mapping(mode="odd"))).encode(),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_descriptor_is_one_clear_error(what: str) -> None:
    with pytest.raises(QemuError, match=r"^50-uefi.json is no firmware descriptor: ") as caught:
        descriptors.parse(BROKEN[what], "50-uefi.json")
    assert "\n" not in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.sampled_from([*document(), "mode", "executable"]), _JSON)
def test_any_descriptor_is_read_or_refused(key: str, value: object) -> None:
    changed = document()
    (changed if key in changed else changed["mapping"])[key] = value
    complaint = ""
    try:
        descriptors.choose([descriptors.parse(json.dumps(changed).encode(), "x.json")], PC)
    except QemuError as error:
        complaint = str(error)
    assert "\n" not in complaint


def test_code_is_read_only_and_variables_are_this_vms_own() -> None:
    flash = Flash(FlashFile("/fw/co,de.fd", "raw"), FlashFile("/fw/vars.fd", "qcow2"))
    assert firmware.arguments(flash, FlashFile("/boot/vars", "qcow2")) == (
        "-blockdev",
        "driver=raw,node-name=pciabi-uefi-code,read-only=on,"
        "file.driver=file,file.filename=/fw/co,,de.fd",
        "-blockdev",
        "driver=qcow2,node-name=pciabi-uefi-variables,read-only=off,"
        "file.driver=file,file.filename=/boot/vars",
        *("-machine", "pflash0=pciabi-uefi-code,pflash1=pciabi-uefi-variables"),
    )
    combined = Flash(FlashFile("/fw/all.fd", "raw"), None)
    assert firmware.arguments(combined, FlashFile("/boot/vars", "raw"))[1:] == (
        "driver=raw,node-name=pciabi-uefi-variables,read-only=off,"
        "file.driver=file,file.filename=/boot/vars",
        *("-machine", "pflash0=pciabi-uefi-variables"),
    )


class Installation:
    """A folder in which firmware lies as packages, administrators and users put it."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        monkeypatch.setenv("XDG_DATA_DIRS", f"{root}/local:{root}/share")
        monkeypatch.setenv("XDG_CONFIG_HOME", f"{root}/own")
        self.binary = Binary("qemu", ("qemu",), Path("/"), (7, 2, 0), "QEMU")

    def put(self, place: str, code: str) -> None:
        """A descriptor in `place` of a build whose code is in the file `code`."""
        path = self.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        for name in (code, "vars"):
            (self.root / name).write_bytes(name.encode())
        files = {
            key: {"filename": str(self.root / name), "format": "raw"}
            for key, name in (("executable", code), ("nvram-template", "vars"))
        }
        path.write_text(json.dumps(document(mapping=mapping(**files))))

    def code(self) -> str:
        """The build that is found."""
        return Path(firmware.find_uefi(self.binary, PC).flash.code.path).name


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return Installation(tmp_path, monkeypatch)


def test_descriptors_are_sorted_by_name_and_the_more_specific_folder_counts(
    installation: Installation,
) -> None:
    installation.put("share/qemu/firmware/60-uefi.json", "packaged")
    assert installation.code() == "packaged"
    installation.put("own/qemu/firmware/70-uefi.json", "later")
    assert installation.code() == "packaged"
    installation.put("local/qemu/firmware/60-uefi.json", "compiled")
    assert installation.code() == "compiled"
    installation.put("own/qemu/firmware/60-uefi.json", "mine")
    assert installation.code() == "mine"
    (installation.root / "own/qemu/firmware/60-uefi.json").write_bytes(b"")
    assert installation.code() == "later", "an empty file hides the others of its name"


def test_missing_firmware_is_one_line_with_advice(installation: Installation) -> None:
    (installation.root / "share/qemu/firmware").mkdir(parents=True)
    (installation.root / "share/qemu/firmware/10-odd.json").write_bytes(b"{")
    with pytest.raises(QemuError) as caught:
        installation.code()
    assert caught.value.exit_code == 3
    assert str(caught.value).startswith(f"no UEFI firmware for machine type {PC}: ")
    assert "10-odd.json is no firmware descriptor" in str(caught.value)
    assert str(caught.value).endswith("(apt-get install ovmf)")
    installation.put("share/qemu/firmware/60-uefi.json", "code")
    assert installation.code() == "code", "a broken descriptor does not hide a good one"
    (installation.root / "code").unlink()
    with pytest.raises(QemuError, match=r"60-uefi.json names .*/code, which is missing"):
        installation.code()


def test_another_qemus_firmware_is_its_own(installation: Installation) -> None:
    other = installation.root / "other"
    installation.put("other/usr/share/qemu/firmware/60.json", "code")
    installation.put("share/qemu/firmware/60.json", "code")
    (other / "fw").mkdir()
    for name in ("code.fd", "vars.fd"):
        (other / "fw" / name).touch()
    (other / "usr/share/qemu/firmware/60.json").write_text(json.dumps(document()))
    binary = Binary("qemu", ("qemu",), other, (10, 0, 0), "QEMU")
    flash = firmware.find_uefi(binary, PC).flash
    assert (flash.code.path, flash.variables and flash.variables.path) == (
        f"{other}/fw/code.fd",
        f"{other}/fw/vars.fd",
    )
    (other / "fw/code.fd").rename(other / "real.fd")
    (other / "fw/code.fd").symlink_to("/real.fd")
    assert firmware.find_uefi(binary, PC).flash.code.path == f"{other}/real.fd"
    (other / "real.fd").unlink()
    with pytest.raises(QemuError, match=r"which is missing \(this QEMU came without it\)"):
        firmware.find_uefi(binary, PC)


def test_the_guest_writes_to_a_copy(installation: Installation, tmp_path: Path) -> None:
    installation.put("share/qemu/firmware/60.json", "code")
    found = firmware.find_uefi(installation.binary, PC)
    boot = tmp_path / "boot"
    boot.mkdir()
    said = firmware.install(found, boot)
    (copy,) = boot.iterdir()
    assert copy.read_bytes() == b"vars"
    assert f"read-only=off,file.driver=file,file.filename={copy}" in " ".join(said)
    assert f"read-only=on,file.driver=file,file.filename={tmp_path}/code" in " ".join(said)
    with pytest.raises(CannotTest, match="TMPDIR"):
        firmware.install(found, tmp_path / "nowhere")


def test_a_machine_type_is_resolved_as_qemu_lists_it(installation: Installation) -> None:
    names = machines.parse(LISTING)
    assert (names["pc"], names["q35"], names[PC]) == (PC, Q35, PC)
    assert names["pc-i440fx-1.4"] == "pc-i440fx-1.4"
    error = machines.unknown(installation.binary, "pcc", None)
    assert isinstance(error, InputError)
    assert "qemu -machine help lists those of QEMU 7.2.0" in str(error)


@pytest.mark.parametrize("wanted", Firmware)
def test_a_guest_on_the_wrong_firmware_is_no_result(wanted: Firmware) -> None:
    interfaces = {Firmware.SEABIOS: ["acpi", "dmi"], Firmware.OVMF: ["acpi", "dmi", "efi"]}
    must_run_on(wanted, interfaces[wanted], "said by DMI")
    (other,) = set(Firmware) - {wanted}
    with pytest.raises(PciabiError, match=f"was to run on {wanted}.*said by DMI"):
        must_run_on(wanted, interfaces[other], "said by DMI")
