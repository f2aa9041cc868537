"""UEFI firmware and SeaBIOS on a real QEMU: found, told apart, and heard when they give up."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from pciabi import resources
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.guest import image
from pciabi.guest.console import Console
from pciabi.guest.image import Image
from pciabi.qemu import binary, firmware, machines
from pciabi.qemu.process import running
from pciabi.vm.config import Firmware
from tests.real.command import guests, pciabi, workspaces
from tests.real.fault_table import FAULTS, provokes
from tests.real.image_boot import LIMIT, boot

PC = ("--select", "machine=pc")


@pytest.fixture(scope="module")
def shipped() -> Image:
    """The guest image that a run would use."""
    return image.ensure(resources.image_recipe("debian"), lambda _progress: None)


@pytest.fixture
def descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which pciabi looks for firmware descriptors; empty."""
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "share/qemu/firmware"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.full
@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_nothing_that_differs_between_the_firmwares_is_hardware(
    tmp_path: Path, machine: str
) -> None:
    done = pciabi("run", "firmware-change", "--select", f"machine={machine}", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (tmp_path / "reports").iterdir()
    document = json.loads((run / "report.json").read_text())
    assert {change["severity"] for change in document["changes"]} == {"benign"}
    bios, uefi = (found["firmware"] for found in document["cases"][0]["boots"])
    assert bios.startswith("SeaBIOS ")
    assert ".fd sha256 " in uefi
    page = (run / "report.html").read_text()
    assert bios in page
    assert uefi in page
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


@provokes("UEFI firmware missing")
def test_missing_firmware_is_named_before_any_boot(tmp_path: Path, descriptors: Path) -> None:
    done = pciabi("run", "firmware-change", *PC, cwd=tmp_path)
    FAULTS["UEFI firmware missing"].must_be_in(done)
    (run,) = (tmp_path / "reports").iterdir()
    assert json.loads((run / "report.json").read_text())["cases"][0]["boots"] == []


@provokes("another firmware than was asked for")
def test_a_guest_on_another_firmware_is_no_result(tmp_path: Path, descriptors: Path) -> None:
    bios = Path("/usr/share/seabios/bios-256k.bin")
    flash = {
        "device": "flash",
        "mode": "combined",
        "executable": {"filename": str(bios), "format": "raw"},
    }
    document = {
        "description": "not what it says",
        "interface-types": ["uefi"],
        "mapping": flash,
        "targets": [{"architecture": "x86_64", "machines": ["pc-i440fx-*"]}],
        "features": [],
    }
    (descriptors / "50-false.json").write_text(json.dumps(document))
    wanted = ("--select", "firmware=ovmf")
    done = pciabi("run", "firmware-either", *PC, *wanted, cwd=tmp_path)
    FAULTS["another firmware than was asked for"].must_be_in(done)
    assert not workspaces(tmp_path)


@provokes("UEFI does not start the kernel")
def test_a_kernel_that_uefi_does_not_start(tmp_path: Path, shipped: Image) -> None:
    (tmp_path / "vmlinux").symlink_to(shipped.kernel)
    (tmp_path / "initrd").symlink_to(shipped.initrd)
    (tmp_path / "ours.yaml").write_text("kernel: vmlinux\ninitrd: initrd\narguments: [quiet]\n")
    text = resources.scenario("firmware-either").read_text()
    (tmp_path / "own.pciabi.yaml").write_text(f"image: ./ours.yaml\n{text}")
    done = pciabi("run", "own.pciabi.yaml", *PC, "--select", "firmware=ovmf", cwd=tmp_path)
    FAULTS["UEFI does not start the kernel"].must_be_in(done)
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


@pytest.fixture
def empty_disk(tmp_path: Path) -> tuple[str, ...]:
    """A disk that nothing can be booted from."""
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(16 << 20)
    node = f"driver=file,node-name=disk,filename={disk}"
    return ("-blockdev", node, "-device", "virtio-blk-pci,drive=disk,bootindex=0")


def fault(arguments: tuple[str, ...]) -> str | None:
    """What a QEMU's serial console shows to be wrong, as soon as it does."""
    deadline = Deadline.after(LIMIT)
    ours, theirs = socket.socketpair()
    harness = ("-accel", "tcg", "-display", "none", "-nodefaults", "-no-user-config")
    serial = ("-chardev", f"socket,id=console,fd={theirs.fileno()}", "-serial", "chardev:console")
    with (
        ours,
        theirs,
        running(
            ("qemu-system-x86_64", *arguments, *harness, *serial),
            (theirs.fileno(),),
            Cancellation(),
        ),
    ):
        theirs.close()
        console = Console(ours)
        while console.fault is None and not deadline.passed:
            ours.settimeout(deadline.remaining)
            ours.recv(1, socket.MSG_PEEK)
            assert console.read(), console.text
        return console.fault


@pytest.mark.parametrize(
    ("machine", "kind"),
    [
        ("pc", Firmware.SEABIOS),
        ("q35", Firmware.SEABIOS),
        ("pc", Firmware.OVMF),
        pytest.param("q35", Firmware.OVMF, marks=pytest.mark.full),
    ],
)
def test_a_disk_without_a_system_is_noticed_on_the_console(
    tmp_path: Path, empty_disk: tuple[str, ...], machine: str, kind: Firmware
) -> None:
    arguments: tuple[str, ...] = ("-machine", machine, *firmware.FROM_DISK, *empty_disk)
    if kind is Firmware.OVMF:
        qemu = binary.find(None)
        found = firmware.find_uefi(qemu, machines.versioned(qemu, machine, None))
        arguments += firmware.install(found, tmp_path)
    shown = fault(arguments)
    assert shown is not None
    assert shown.startswith("the firmware found nothing to boot")


def listing(folder: Path, guest: Image, machine: str) -> str:
    """What a guest with a graphics adapter lists."""
    folder.mkdir()
    devices = ["virtio-net-pci", "e1000", "VGA", "virtio-rng-pci"]
    with boot(folder, guest, machine, devices) as booted:
        assert booted.event == "pciabi-ready"
        with booted.session() as session:
            return session.run("lspci -D -nn -vvv -xxxx")


@pytest.mark.full
@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_hearing_seabios_changes_nothing_a_guest_sees(
    tmp_path: Path, shipped: Image, machine: str
) -> None:
    name, graphics, *_ = firmware.FROM_DISK
    assert name == "-machine"
    plain = listing(tmp_path / "plain", shipped, machine)
    assert listing(tmp_path / "heard", shipped, f"{machine},{graphics}") == plain
