"""Puts an image's initramfs together out of unpacked packages and a recipe."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

from pciabi.errors import ImageError
from pciabi.guest import cpio, libraries, modules
from pciabi.guest.recipe import BuiltRecipe
from pciabi.guest.tree import PackageTree, merged

_KERNEL = re.compile(r"boot/vmlinuz-(?P<version>.+)")
_FOLDERS = ("dev", "proc", "root", "run", "sys", "tmp", "var")
_MERGED_LINKS = ("bin", "lib", "lib64", "sbin")


def kernel_version(tree: PackageTree) -> str:
    """The version of the one kernel among the packages. Raises ImageError."""
    versions = [match["version"] for path in tree.files if (match := _KERNEL.fullmatch(path))]
    if len(versions) != 1:
        raise ImageError(
            f"the packages bring {len(versions)} kernels, one is wanted",
            advice="name one kernel metapackage in the recipe",
        )
    return versions[0]


def entries(recipe: BuiltRecipe, tree: PackageTree, scratch: Path) -> Iterable[cpio.Entry]:
    """All entries of the initramfs.

    Raises ImageError for a file, library or module that no package brings.
    """
    version = kernel_version(tree)
    yield from _skeleton()
    yield from _files(recipe.files, tree)
    chosen = modules.select(recipe.modules, tree, version)
    for place, data in modules.indexed(chosen, tree, version, scratch).items():
        yield cpio.file(f"usr/lib/modules/{version}/{place}", data)
    for path, target in recipe.links.items():
        yield cpio.link(path, target)
    for path, text in recipe.texts.items():
        yield cpio.file(path, text.encode())
    for path, source in recipe.scripts.items():
        yield cpio.file(path, source.read_bytes(), 0o755)


def _skeleton() -> Iterable[cpio.Entry]:
    # The kernel opens /dev/console before init can mount anything.
    yield cpio.character_device("dev/console", 5, 1)
    yield cpio.character_device("dev/null", 1, 3, 0o666)
    yield from (cpio.folder(path) for path in _FOLDERS if path not in {"dev", "root"})
    yield cpio.folder("root", 0o700)
    yield from (cpio.link(name, f"usr/{name}") for name in _MERGED_LINKS)


def _files(wanted: Iterable[str], tree: PackageTree) -> Iterable[cpio.Entry]:
    missing = sorted(path for path in wanted if path not in tree.files)
    if missing:
        raise ImageError(
            f"no package of the recipe brings {', '.join(missing)}",
            advice="mend the recipe's packages or files",
        )
    paths: set[str] = set()
    for path in (*wanted, *libraries.needed_by(wanted, tree)):
        paths.update(tree.chain(path))
    for path in sorted(paths):
        host = tree.files[path]
        if host.is_symlink():
            yield cpio.link(path, _inside(path, str(host.readlink())))
        else:
            executable = 0o111 if host.stat().st_mode & 0o100 else 0
            yield cpio.file(path, host.read_bytes(), 0o644 | executable)


def _inside(path: str, target: str) -> str:
    """A link's target, relative where it is absolute, so the archive can be unpacked anywhere."""
    if not target.startswith("/"):
        return target
    return posixpath.relpath("/" + merged(target), posixpath.dirname("/" + path))
