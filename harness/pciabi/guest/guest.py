"""A guest ready to boot: what the machine starts, and how pciabi gets to know it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pciabi.distribution.progress import Report
from pciabi.errors import SourcePosition
from pciabi.guest import image, recipe
from pciabi.guest.login import Login, OwnProtocol
from pciabi.guest.recipe import BuiltRecipe, Cpu, DiskRecipe


@dataclass(frozen=True)
class KernelAndInitrd:
    """What QEMU's `-kernel`, `-initrd` and `-append` take.

    UEFI firmware starts `efi_kernel`, a bzImage with an EFI stub; other firmware `kernel`.
    """

    kernel: Path
    efi_kernel: Path
    initrd: Path
    arguments: str


@dataclass(frozen=True)
class Disk:
    """A disk image, to be opened for reading only. `format` is QEMU's name of its format.

    `position` is where the recipe names it.
    """

    path: Path
    format: str
    position: SourcePosition


Medium = KernelAndInitrd | Disk


@dataclass(frozen=True)
class Guest:
    """A guest: what the machine starts, and the way in. `label` says in a report what it is.

    `cpu` is what it needs to run on, None where any will do.
    """

    name: str
    label: str
    medium: Medium
    login: Login
    cpu: Cpu | None = None


def prepare(path: Path, report: Report) -> Guest:
    """The guest of a recipe, its image built if need be.

    Raises InputError for a bad recipe, ImageError where no image can be had.
    """
    wanted = recipe.load(path)
    if isinstance(wanted, BuiltRecipe):
        built = image.ensure(path, report)
        return Guest(
            name=built.name,
            label=f"{built.name} image {built.digest[:12]}",
            medium=KernelAndInitrd(
                built.kernel, built.efi_kernel, built.initrd, built.kernel_arguments
            ),
            login=OwnProtocol(),
        )
    if isinstance(wanted, DiskRecipe):
        return Guest(
            name=path.stem,
            label=f"{path.stem} (disk {wanted.disk.name})",
            medium=Disk(wanted.disk.absolute(), wanted.format, wanted.position),
            login=wanted.login,
            cpu=wanted.cpu,
        )
    return Guest(
        name=path.stem,
        label=f"{path.stem} ({wanted.kernel.name}, {wanted.initrd.name})",
        medium=KernelAndInitrd(
            wanted.kernel.absolute(),
            wanted.kernel.absolute(),
            wanted.initrd.absolute(),
            " ".join(wanted.arguments),
        ),
        login=wanted.login,
        cpu=wanted.cpu,
    )
