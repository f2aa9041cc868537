"""A VM's firmware on QEMU's command line. None of this adds a PCI function.

SeaBIOS is what QEMU starts by itself. UEFI builds (OVMF) are found through QEMU's own firmware
descriptors. Source: QEMU, docs/interop/firmware.json.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pciabi.errors import CannotTest, QemuError
from pciabi.qemu import firmware_descriptor as descriptors
from pciabi.qemu import root_path
from pciabi.qemu.binary import Binary
from pciabi.qemu.command_line import escaped
from pciabi.qemu.firmware_descriptor import Descriptor, Flash, FlashFile

_CODE = "pciabi-uefi-code"
_VARIABLES = "pciabi-uefi-variables"
_HOST = Path("/")
# The bases of an unpacked root's folders of descriptors.
_BASES = ("usr/share", "usr/local/share", "etc")

# For a guest that boots from a disk. SeaBIOS then says on the first serial port what it says on
# the screen; and neither firmware turns to the network, for more than a minute, when the disk
# does not boot. The disk's device must have the property `bootindex=0`.
FROM_DISK = ("-machine", "graphics=off", "-boot", "strict=on")


@dataclass(frozen=True)
class Uefi:
    """A UEFI build on this machine: its files, and the SHA-256 of its code in hex."""

    flash: Flash
    digest: str

    @property
    def label(self) -> str:
        """What tells it from other builds, which often call themselves the same."""
        return f"{Path(self.flash.code.path).name} sha256 {self.digest[:12]}"


def find_uefi(binary: Binary, machine: str) -> Uefi:
    """The UEFI build for a versioned machine type. Raises QemuError where there is none."""
    folders = tuple(_folders(binary))
    found, broken = _descriptors(folders)
    chosen = descriptors.choose(found, machine)
    if chosen is None or chosen.flash is None:
        places = ", ".join(str(folder) for folder in folders)
        faults = "".join(f"; {fault}" for fault in broken)
        raise QemuError(
            f"no UEFI firmware for machine type {machine}: no descriptor in {places} fits{faults}",
            advice=_advice(binary.root),
        )
    flash = Flash(
        _present(chosen.flash.code, chosen, binary.root),
        _present(chosen.flash.variables, chosen, binary.root) if chosen.flash.variables else None,
    )
    return uefi_of(flash)


def uefi_of(flash: Flash) -> Uefi:
    """The UEFI build of these files. Raises QemuError where its code cannot be read."""
    return Uefi(flash, _digest(Path(flash.code.path)))


def install(uefi: Uefi, folder: Path) -> tuple[str, ...]:
    """QEMU's arguments for a build; what the guest may write to is a copy in `folder`.

    Raises CannotTest where there is no room for it.
    """
    template = uefi.flash.variables or uefi.flash.code
    copy = folder / "uefi-variables"
    try:
        shutil.copyfile(template.path, copy)
    except OSError as error:
        raise CannotTest(
            f"{template.path} cannot be copied to {folder}: {error.strerror}",
            advice="free some space there, or set TMPDIR to another place",
        ) from error
    return arguments(uefi.flash, FlashFile(str(copy), template.format))


def arguments(flash: Flash, variables: FlashFile) -> tuple[str, ...]:
    """The flash chips of a build, `variables` being this VM's own copy."""
    writable = _blockdev(variables, _VARIABLES, "off")
    if flash.variables is None:
        return (*writable, "-machine", f"pflash0={_VARIABLES}")
    return (
        *_blockdev(flash.code, _CODE, "on"),
        *writable,
        *("-machine", f"pflash0={_CODE},pflash1={_VARIABLES}"),
    )


def _blockdev(file: FlashFile, node: str, read_only: str) -> tuple[str, str]:
    return (
        "-blockdev",
        f"driver={file.format},node-name={node},read-only={read_only},"
        f"file.driver=file,file.filename={escaped(file.path)}",
    )


def _present(file: FlashFile, descriptor: Descriptor, root: Path) -> FlashFile:
    path = _place(root, file.path)
    if not path.is_file():
        raise QemuError(f"{descriptor.name} names {path}, which is missing", advice=_advice(root))
    return FlashFile(str(path), file.format)


def _place(root: Path, name: str) -> Path:
    """The file that a descriptor names, with its links led inside the root."""
    path = root / name.lstrip("/")
    if root == _HOST or root.name == root_path.BUNDLE:
        return path
    try:
        inside = root_path.resolve(root, name)
        return path if root_path.is_same(path, inside) else inside
    except OSError as error:
        raise QemuError(f"{path} cannot be found: {error.strerror}") from error


def _advice(root: Path) -> str:
    return "apt-get install ovmf" if root == _HOST else "this QEMU came without it"


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise QemuError(f"{path} cannot be read: {error.strerror}") from error


def _descriptors(folders: Sequence[Path]) -> tuple[list[Descriptor], list[str]]:
    """The descriptors in order of preference, and what is wrong with the others."""
    files: dict[str, Path] = {}
    for folder in folders:
        files |= {path.name: path for path in folder.glob("*.json")}
    found: list[Descriptor] = []
    broken: list[str] = []
    for _, path in sorted(files.items()):
        try:
            text = path.read_bytes()
            # An empty file hides one of the same name in a more general folder.
            found += [descriptors.parse(text, str(path))] if text else []
        except OSError as error:
            broken.append(f"{path} cannot be read: {error.strerror}")
        except QemuError as error:
            broken.append(error.message)
    return found, broken


def _folders(binary: Binary) -> Iterator[Path]:
    """Where descriptors lie, the more specific folders later."""
    if binary.root == _HOST:
        yield from _host_folders()
        return
    for folder in binary.data:
        yield folder / "firmware"
    for base in _BASES:
        yield _place(binary.root, f"{base}/qemu/firmware")


def _host_folders() -> Iterator[Path]:
    shared = os.environ.get("XDG_DATA_DIRS", "") or "/usr/local/share:/usr/share"
    own = os.environ.get("XDG_CONFIG_HOME", "")
    for base in (
        *reversed(shared.split(":")),
        "/etc",
        own if own.startswith("/") else str(Path.home() / ".config"),
    ):
        if base.startswith("/"):
            yield Path(base) / "qemu/firmware"
