"""Firmware that VMs run in the place of their QEMU's own: a file, or another QEMU's packages.

SeaBIOS, and the ROMs of graphics adapters that its package brings, are found in folders that QEMU
looks into in order (`-L`): those of the choice come first. UEFI builds are another QEMU's as its
firmware descriptors name them, or a file and what its variables start from beside it.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pciabi import programs
from pciabi.errors import InputError, QemuError
from pciabi.programs import Bounds
from pciabi.qemu import firmware, root_links, spec
from pciabi.qemu.binary import Binary
from pciabi.qemu.firmware import Uefi
from pciabi.qemu.firmware_descriptor import Flash, FlashFile

ACCEPTED = "a file of SeaBIOS or of a UEFI build, or a SPEC whose firmware is taken"
"""What a user may name, for help texts."""
_BIOS = ("bios-256k.bin", "bios.bin")
_OF_SEABIOS = (*_BIOS, "bios-microvm.bin", "vgabios*.bin")
_BOUNDS = Bounds(seconds=20, bytes=64_000)
# The signature of a firmware volume (UEFI PI 1.8, volume 3, 3.2.1), which every build begins with.
_VOLUME, _SIGNATURE = 0x28, b"_FVH"
_SEABIOS = b"SeaBIOS (version"
_MOST_BIOS = 1 << 20
_DIGITS = 12


@dataclass(frozen=True)
class FirmwareChoice:
    """What a user named (`words`).

    `roms` is a folder with SeaBIOS and what comes with it, None where there is none; `flash` is a
    file's UEFI build, and `qemu` the QEMU whose builds are taken. `packages` are the exact versions
    of the packages, as far as they are told.
    """

    words: str
    roms: Path | None = None
    flash: Flash | None = None
    qemu: Binary | None = None
    packages: tuple[str, ...] = ()

    def under(self, binary: Binary) -> Binary:
        """A QEMU that looks for its firmware here first."""
        if self.roms is None:
            return binary
        words = binary.command
        at = words.index("-L") if "-L" in words else len(words)
        return replace(binary, command=(*words[:at], "-L", str(self.roms), *words[at:]))

    def seabios(self) -> str:
        """What tells this SeaBIOS from others. Raises InputError where there is none."""
        if self.roms is None:
            raise InputError(f"{self.words} is a UEFI build, and this VM runs SeaBIOS")
        file = next(self.roms / name for name in _BIOS if (self.roms / name).exists())
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        return self._told(f"{file.name} sha256 {digest[:_DIGITS]}")

    def uefi(self, machine: str) -> Uefi:
        """The UEFI build for a versioned machine type. Raises InputError where the choice has
        none, QemuError where it fits none."""
        if self.qemu is not None:
            return firmware.find_uefi(self.qemu, machine)
        if self.flash is None:
            raise InputError(f"{self.words} is SeaBIOS, and this VM runs UEFI")
        return firmware.uefi_of(self.flash)

    def label(self, uefi: Uefi) -> str:
        """What tells a UEFI build of this choice from others."""
        return self._told(uefi.label)

    def _told(self, file: str) -> str:
        return ", ".join((f"{file} of {self.words}", *self.packages))


def choose(words: str, qemu: Callable[[str], Binary]) -> FirmwareChoice:
    """What a user's words mean; `qemu` finds the QEMU that a SPEC means.

    Raises InputError for a file that is no firmware, and as `binary.find`.
    """
    path = Path(words)
    if path.is_file() and not _is_program(path):
        return _of_file(words, path.absolute())
    found = qemu(words)
    return FirmwareChoice(words, roms=_roms(found), qemu=found, packages=_packages(words, found))


def _is_program(path: Path) -> bool:
    with _opened(path) as content:
        return content[:4] == b"\x7fELF" or content[:2] == b"#!"


def _opened(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:
        raise InputError(f"{path} is empty, and no firmware") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _of_file(words: str, path: Path) -> FirmwareChoice:
    with _opened(path) as content:
        if content[_VOLUME : _VOLUME + len(_SIGNATURE)] == _SIGNATURE:
            return FirmwareChoice(words, flash=_flash(path))
        if len(content) <= _MOST_BIOS and content.find(_SEABIOS) >= 0:
            # By whichever of its names a machine type asks for it.
            return FirmwareChoice(words, roms=root_links.linked(dict.fromkeys(_BIOS, path)))
    raise InputError(f"{path} is neither SeaBIOS nor a UEFI build", advice=ACCEPTED)


def _flash(path: Path) -> Flash:
    """A build in one file, or its code with what its variables start from beside it."""
    code = FlashFile(str(path), "raw")
    if "CODE" not in path.name:
        return Flash(code, None)
    variables = path.with_name(path.name.replace("CODE", "VARS").replace(".secboot", ""))
    if not variables.is_file():
        raise InputError(
            f"{path} is the code of a UEFI build, and its variables are missing",
            advice=f"put {variables.name} beside it",
        )
    return Flash(code, FlashFile(str(variables), "raw"))


def _roms(found: Binary) -> Path:
    """A folder of links to a QEMU's SeaBIOS and what comes with it."""
    files: dict[str, Path] = {}
    for folder in _data_folders(found):
        for pattern in _OF_SEABIOS:
            for file in sorted(folder.glob(pattern)):
                if file.is_file():
                    files.setdefault(file.name, file)
    if not any(name in files for name in _BIOS):
        raise QemuError(f"{found.name} has no {' or '.join(_BIOS)}, so it has no SeaBIOS to take")
    return root_links.linked(files)


def _data_folders(found: Binary) -> Iterator[Path]:
    try:
        said = programs.run([*found.command, "-L", "help"], _BOUNDS)
    except programs.Fault as fault:
        raise QemuError(f"{found.name} -L help {fault}") from fault
    for line in said.text.splitlines():
        if line.startswith("/"):
            yield Path(line)


def _packages(words: str, found: Binary) -> tuple[str, ...]:
    """The packages of a release's firmware, or of this host's."""
    # Not above: they read the cache, or a package database.
    from pciabi.distribution import release
    from pciabi.qemu import package_owner
    from pciabi.qemu.product import QEMU

    target = spec.parse(words)
    if not isinstance(target, (spec.Place, spec.Running)) and str(found.root) != "/":
        told = dict(known.told if (known := release.find(QEMU, target)) else ())
        return tuple(f"{name} {told[name]}" for name in ("seabios", "ovmf") if name in told)
    files = {"seabios": "usr/share/seabios/bios-256k.bin", "ovmf": "usr/share/OVMF/OVMF_CODE_4M.fd"}
    owners = {
        name: package_owner.owner(found.root, found.root / file, f"{name}*")
        for name, file in files.items()
    }
    return tuple(f"{name} {version}" for name, version in owners.items() if version)
