"""Unpacked roots of several distributions, and builds: a real QEMU on nothing but their files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pciabi.errors import QemuError
from pciabi.qemu import binary, firmware
from tests.real import unpacked_root
from tests.real.command import guests, pciabi, workspaces
from tests.real.fault_table import FAULTS, provokes
from tests.real.unpacked_root import Parts

# A module, option ROMs of three kinds, and the BIOS are looked for.
VM = "-nodefaults -machine pc-q35-5.2 -device virtio-vga -device e1000,id=n0 -device cirrus-vga"
# What any program may ask this machine for; none of it is a QEMU's own.
OF_THE_MACHINE = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/share/locale/")
OPENED = re.compile(r'(?:openat\([^"]*|execve\()"([^"]+)".* = \d+$')

ROOTS: dict[str, tuple[Callable[[], Parts], Callable[[Parts, Path], Path]]] = {
    "CentOS, released": (lambda: unpacked_root.released("10.0"), unpacked_root.like_centos),
    "CentOS, this host's": (unpacked_root.hosts, unpacked_root.like_centos),
    "Proxmox, released": (lambda: unpacked_root.released("10.0"), unpacked_root.like_proxmox),
}


class Unpacked:
    """A root in its folder, the program in it, and whose files those are."""

    def __init__(self, folder: Path, kind: str) -> None:
        made, layout = ROOTS[kind]
        self.parts, self.root = made(), folder / "root"
        self.program = layout(self.parts, self.root)


@pytest.fixture(scope="module", params=ROOTS)
def unpacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    return Unpacked(tmp_path_factory.mktemp("unpacked"), request.param)


@pytest.fixture(scope="module")
def centos(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    return Unpacked(tmp_path_factory.mktemp("centos"), "CentOS, released")


def opened(qemu: str | Path, log: Path) -> list[Path]:
    """The files that a QEMU opens until its machine is made."""
    started = [*binary.find(str(qemu)).command, *VM.split(), "-S", "-display", "none"]
    tracing = ["strace", "-f", "-s", "4096", "-e", "trace=openat,execve", "-o", str(log)]
    done = subprocess.run(
        [*tracing, *started, "-accel", "tcg", "-monitor", "stdio"],
        input="quit\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # What starts the loader is the host's: all that follows is not.
    lines = log.read_text().splitlines()
    loaded = max(number for number, line in enumerate(lines) if "execve(" in line)
    found = [OPENED.search(line) for line in lines[loaded:]]
    return [Path(match[1]) for match in found if match]


def snapshot(qemu: str | Path, folder: Path) -> dict[str, Any]:
    """What a VM shows under a QEMU, without the words on where it was read."""
    (folder / "vm.sh").write_text(f"qemu-system-x86_64 {VM}\n")
    done = pciabi("snapshot", "vm.sh", "--qemu", qemu, cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document.pop("provenance")["qemu_version"]
    assert len(document["functions"]) == 7
    return dict(document)


def test_a_root_runs_on_its_own_files_alone(unpacked: Unpacked, tmp_path: Path) -> None:
    files = opened(unpacked.root, tmp_path / "log")
    root = unpacked.root.resolve()
    real = [path.resolve() for path in files if not str(path).startswith(OF_THE_MACHINE)]
    assert [path for path in real if path.is_file() and not path.is_relative_to(root)] == []
    names = {path.name for path in real if path.is_relative_to(root)}
    wanted = {"hw-display-virtio-vga.so", "bios-256k.bin", "efi-e1000.rom", "vgabios-cirrus.bin"}
    assert wanted <= names
    assert any(name.startswith(("ld-linux", "ld-2")) for name in names)
    assert any(name.startswith("libc.so") for name in names)


def test_it_shows_what_the_plain_qemu_shows(unpacked: Unpacked, tmp_path: Path) -> None:
    plain = snapshot(unpacked.parts.spec, tmp_path)
    assert snapshot(unpacked.program, tmp_path) == plain
    named = [binary.find(str(place)) for place in (unpacked.root, unpacked.program)]
    assert named[0].command == named[1].command
    assert not workspaces(tmp_path)


def test_a_guest_boots_in_it_under_the_uefi_it_ships(centos: Unpacked, tmp_path: Path) -> None:
    case = ("--select", "machine=q35", "--select", "firmware=ovmf")
    done = pciabi("run", "firmware-either", *case, "--qemu", centos.program, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (tmp_path / "reports").iterdir()
    document = json.loads((run / "report.json").read_text())
    assert document["qemu"].startswith("QEMU emulator version 10.0.")
    for booted in document["cases"][0]["boots"]:
        assert "OVMF_CODE_4M.fd sha256 " in booted["firmware"]
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


def test_the_uefi_build_is_the_roots_own(unpacked: Unpacked) -> None:
    found = firmware.find_uefi(binary.find(str(unpacked.program)), "pc-q35-5.2").flash
    assert found.variables is not None
    for file in (found.code, found.variables):
        assert Path(file.path).is_relative_to(unpacked.root)


def test_a_name_that_loaders_and_shells_stumble_over(centos: Unpacked, tmp_path: Path) -> None:
    odd = tmp_path / "a b:c{d}=e$LIB;'f"
    shutil.copytree(centos.root, odd, symlinks=True, copy_function=os.link)
    assert snapshot(odd, tmp_path) == snapshot("10.0", tmp_path)
    program = odd / centos.program.relative_to(centos.root)
    listed = pciabi("qemu", "list", "--json", program, cwd=tmp_path)
    assert json.loads(listed.stdout)["qemus"][-1]["version"].startswith("10.0.")


def test_a_build_runs_as_it_is(tmp_path: Path) -> None:
    build = tmp_path / "sources/build"
    program = unpacked_root.like_a_build(unpacked_root.hosts(), build)
    found = [binary.find(str(place)) for place in (build, program, build.parent)]
    assert found[1:] == found[:1] * 2
    assert found[0].command == (str(program),)
    assert snapshot(build, tmp_path) == snapshot("qemu-system-x86_64", tmp_path)
    files = opened(build, tmp_path / "log")
    assert build / "qemu-bundle/usr/share/qemu/efi-e1000.rom" in files
    flash = firmware.find_uefi(found[0], "pc-q35-7.2").flash
    assert Path(flash.code.path).resolve() == build / "pc-bios/OVMF_CODE_4M.fd"


def without(*patterns: str) -> Callable[[Path], None]:
    def remove(root: Path) -> None:
        for pattern in patterns:
            for path in list(root.glob(pattern)):
                path.unlink()

    return remove


LACKING: dict[str, Callable[[Path], None]] = {
    "root without a QEMU": without("usr/libexec/qemu-kvm"),
    "root without a library": without("usr/lib64/libglib-2.0.so.0"),
    "root without a loader": without("usr/lib64/ld-*"),
    "root without a BIOS": without("usr/share/*/bios-256k.bin", "usr/share/*/bios.bin"),
}


def copy_of(root: Path, folder: Path) -> Path:
    """A root of which files may be taken away."""
    copy = folder / "root"
    shutil.copytree(root, copy, symlinks=True, copy_function=os.link)
    (folder / "vm.sh").write_text(f"qemu-system-x86_64 {VM}\n")
    return copy


@provokes(*LACKING)
@pytest.mark.parametrize("row", LACKING)
def test_what_a_root_lacks_is_one_line_that_says_where_it_was_looked_for(
    centos: Unpacked, row: str, tmp_path: Path
) -> None:
    LACKING[row](copy_of(centos.root, tmp_path))
    done = pciabi("snapshot", "vm.sh", "--qemu", "./root", cwd=tmp_path)
    FAULTS[row].must_be_in(done)
    assert done.stderr.count("\n") == 1


def test_a_library_that_only_a_device_module_needs_is_not_the_hosts(
    centos: Unpacked, tmp_path: Path
) -> None:
    root = copy_of(centos.root, tmp_path)
    (root / "usr/lib64/libusbredirparser.so.1").unlink()
    with pytest.raises(QemuError, match=r"does not hold all .* needs: libusbredirparser"):
        binary.find(str(root))
    (root / "usr/lib64/qemu-kvm/hw-usb-redirect.so").unlink()
    assert binary.find(str(root)).version[0] == 10


def test_a_library_that_a_link_has_the_hosts_for_is_none_of_the_roots(
    centos: Unpacked, tmp_path: Path
) -> None:
    root = copy_of(centos.root, tmp_path)
    library = root / "usr/lib64/libglib-2.0.so.0"
    library.unlink()
    (hosts,) = Path("/usr/lib").glob("*/libglib-2.0.so.0")
    library.symlink_to(hosts)
    with pytest.raises(QemuError, match=r"does not hold all .* needs: libglib-2\.0\.so\.0 "):
        binary.find(str(root))


def test_an_option_rom_that_a_root_lacks_is_not_the_hosts(centos: Unpacked, tmp_path: Path) -> None:
    root = copy_of(centos.root, tmp_path)
    for rom in root.rglob("efi-e1000.rom"):
        rom.unlink()
    done = pciabi("snapshot", "vm.sh", "--qemu", root, cwd=tmp_path)
    assert done.returncode != 0
    assert "efi-e1000.rom" in done.stderr
