"""What a guest image is made of: the format of the files in images/."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from pciabi import documents
from pciabi.documents import Strict
from pciabi.errors import InputError, SourcePosition

PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]+$")]
_NAME = r"\.?[A-Za-z0-9_+-][A-Za-z0-9_.+-]*"
GuestPath = Annotated[str, StringConstraints(pattern=rf"^{_NAME}(/{_NAME})*$", max_length=200)]
ModuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]


class Kernel(Strict):
    """The guest's kernel."""

    package: PackageName = Field(
        description="Metapackage of the kernel; the linux-image- package it depends on is used."
    )
    arguments: tuple[str, ...] = Field(
        description="Kernel command line, one argument an item. Nothing that changes what the "
        "guest sees on PCI."
    )
    modules: tuple[ModuleName, ...] = Field(
        description="Kernel modules to put in; what they depend on comes along. The guest loads "
        "those that match its hardware."
    )


class Recipe(Strict):
    """A guest image: a kernel and an initramfs, built from the distribution's packages."""

    description: str = Field(description="One line about what this image is for.")
    kernel: Kernel = Field(description="The kernel, its command line and its modules.")
    packages: tuple[PackageName, ...] = Field(
        description="Packages to take files from; the libraries they depend on come along."
    )
    files: tuple[GuestPath, ...] = Field(
        description="Files to put in, by their path in a merged-/usr system, without the leading "
        "slash. The shared libraries a program needs are found and put in."
    )
    links: dict[GuestPath, str] = Field(
        default_factory=dict, description="Symbolic links to make: path in the guest to target."
    )
    texts: dict[GuestPath, str] = Field(
        default_factory=dict, description="Small files to write: path in the guest to content."
    )
    scripts: dict[GuestPath, str] = Field(
        description="Executable files to put in: path in the guest to the file's path beside "
        "the recipe. `init` is what the kernel starts."
    )


def load(path: Path) -> Recipe:
    """The recipe in a file. Raises InputError with file and line."""
    recipe, positions = documents.read_with_positions(path, Recipe)
    for guest_path, source in recipe.scripts.items():
        if not (path.parent / source).is_file():
            raise InputError(
                f"scripts.{guest_path}: there is no file {source} beside the recipe",
                place=positions.get(("scripts", guest_path), SourcePosition(str(path), 1)),
            )
    return recipe


def digest(path: Path, recipe: Recipe, builder: str) -> str:
    """SHA-256, in hex, over the builder's version, the recipe's own file and its scripts."""
    total = hashlib.sha256(f"{builder}\n".encode())
    for part in (path, *(path.parent / source for _, source in sorted(recipe.scripts.items()))):
        content = part.read_bytes()
        total.update(f"{len(content)}\n".encode() + content)
    return total.hexdigest()
