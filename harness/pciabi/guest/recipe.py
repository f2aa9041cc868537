"""What a guest is made of, as its recipe says. Data only, and the reading of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pciabi import documents
from pciabi.documents import Location, Positions
from pciabi.errors import InputError, SourcePosition
from pciabi.guest import login, recipe_file
from pciabi.guest.login import Login
from pciabi.guest.recipe_file import BuiltModel, DiskGuestModel


@dataclass(frozen=True)
class BuiltRecipe:
    """A guest to be built from the distribution's packages.

    Paths in the guest have no leading slash. `scripts` are executable files, by their path in
    the guest.
    """

    file: Path
    kernel_package: str
    kernel_arguments: tuple[str, ...]
    modules: tuple[str, ...]
    packages: tuple[str, ...]
    files: tuple[str, ...]
    links: Mapping[str, str]
    texts: Mapping[str, str]
    scripts: Mapping[str, Path]


@dataclass(frozen=True)
class Cpu:
    """A CPU model in QEMU's syntax, and where the recipe names it."""

    model: str
    position: SourcePosition


@dataclass(frozen=True)
class KernelRecipe:
    """A kernel and an initramfs of the user's, used as they are."""

    file: Path
    kernel: Path
    initrd: Path
    arguments: tuple[str, ...]
    cpu: Cpu | None
    login: Login


@dataclass(frozen=True)
class DiskRecipe:
    """A disk image of the user's, used as it is. `format` is QEMU's name of its format."""

    file: Path
    disk: Path
    format: str
    position: SourcePosition
    cpu: Cpu | None
    login: Login


Recipe = BuiltRecipe | KernelRecipe | DiskRecipe


def load(path: Path) -> Recipe:
    """The recipe in a file; every file it names is there, and so are the secrets of a login.

    Raises InputError with file and line.
    """
    model, positions = documents.read_alternatives(path, recipe_file.kind, recipe_file.MODELS)
    files = _Beside(path, positions)
    if isinstance(model, BuiltModel):
        return BuiltRecipe(
            file=path,
            kernel_package=model.kernel.package,
            kernel_arguments=model.kernel.arguments,
            modules=model.kernel.modules,
            packages=model.packages,
            files=model.files,
            links=model.links,
            texts=model.texts,
            scripts={
                name: files.named(source, ("scripts", name))
                for name, source in model.scripts.items()
            },
        )
    way_in = login.read(model.login, files.named, files.fault)
    cpu = None if model.cpu is None else Cpu(model.cpu, positions["cpu",])
    if isinstance(model, DiskGuestModel):
        disk = files.named(model.disk.path, ("disk", "path"))
        place = positions["disk", "path"]
        return DiskRecipe(path, disk, model.disk.format, place, cpu, way_in)
    return KernelRecipe(
        file=path,
        kernel=files.named(model.kernel, ("kernel",)),
        initrd=files.named(model.initrd, ("initrd",)),
        arguments=model.arguments,
        cpu=cpu,
        login=way_in,
    )


def digest(recipe: BuiltRecipe, builder: str) -> str:
    """SHA-256, in hex, over the builder's version, the recipe's own file and its scripts."""
    total = hashlib.sha256(f"{builder}\n".encode())
    for part in (recipe.file, *(source for _, source in sorted(recipe.scripts.items()))):
        content = part.read_bytes()
        total.update(f"{len(content)}\n".encode() + content)
    return total.hexdigest()


@dataclass(frozen=True)
class _Beside:
    """Files that a recipe names relative to itself."""

    recipe: Path
    positions: Positions

    def named(self, text: str, location: Location) -> Path:
        """The file that a location of the recipe names. Raises InputError."""
        path = self.recipe.parent / text
        if not path.is_file():
            raise self.fault(location, f"there is no file {text} beside the recipe")
        return path

    def fault(self, location: Location, message: str) -> InputError:
        """The error about what stands at a location of the recipe."""
        place = self.positions.get(location, SourcePosition(str(self.recipe), 1))
        return InputError(f"{'.'.join(map(str, location))}: {message}", place=place)
