"""What an unpacked QEMU is started with, and where that lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

OPTION_ROMS = ("*.rom", "vgabios-*.bin")
"""The names of what devices bring for firmware to run, as shell patterns."""
ROMS = (*OPTION_ROMS, "bios.bin", "bios-256k.bin")
"""The names of what firmware a PC starts with and shows to its guest, as shell patterns."""


@dataclass(frozen=True)
class Layout:
    """What a QEMU in a root is started with. All paths are this machine's.

    `loader` is None for a program that is linked statically; `libraries` are the folders of its
    libraries, in order. `modules` is None for a QEMU that loads none. `data` are the folders of
    its firmware and option ROMs, in order. `strange_modules` and `strange_data` are folders of
    the host's that it would look into after its own.
    """

    root: Path
    program: Path
    loader: Path | None
    libraries: tuple[Path, ...]
    modules: Path | None
    data: tuple[Path, ...]
    strange_modules: Path | None = None
    strange_data: tuple[Path, ...] = ()

    @property
    def start(self) -> tuple[str, ...]:
        """The words that start the program with its own libraries."""
        if self.loader is None:
            return (str(self.program),)
        path = ":".join(str(folder) for folder in self.libraries)
        return (str(self.loader), "--library-path", path, str(self.program))
