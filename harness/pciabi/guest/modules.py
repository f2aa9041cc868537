"""Picks kernel modules with all they depend on, and indexes them for the guest's modprobe."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pciabi import elf
from pciabi.distribution import tools
from pciabi.errors import ImageError
from pciabi.guest.compression import decompress
from pciabi.guest.tree import PackageTree

_MODULE = re.compile(
    r"usr/lib/modules/(?P<version>[^/]+)/(?P<place>.+/(?P<name>[^/]+)\.ko)(?:\.(?:xz|gz|zst))?"
)
# What signing appends (scripts/sign-file.c): the signature, a header that ends in its length,
# and this mark.
_SIGNED = b"~Module signature appended~\n"
_SIGNATURE = struct.Struct(">8xI")
_LISTS = ("modules.builtin", "modules.builtin.modinfo", "modules.order")


@dataclass(frozen=True)
class KernelModule:
    """One module: its place below the version's folder, without compression, and its bytes."""

    place: str
    data: bytes


def canonical(name: str) -> str:
    """A module's name as the kernel writes it: `virtio-rng` is `virtio_rng`."""
    return name.replace("-", "_")


def unsigned(data: bytes) -> bytes:
    """A module without its signature. Raises ImageError where there is less than it says.

    apt has verified the package, and a guest that verifies each module once more spends a
    quarter of its boot on that under emulation.
    """
    if not data.endswith(_SIGNED):
        return data
    header = len(data) - len(_SIGNED) - _SIGNATURE.size
    end = header - _SIGNATURE.unpack_from(data, header)[0] if header >= 0 else -1
    if end < 0:
        raise ImageError("a kernel module's signature is cut short")
    return data[:end]


def select(wanted: Iterable[str], tree: PackageTree, version: str) -> tuple[KernelModule, ...]:
    """The wanted modules and those they depend on, uncompressed and unsigned, sorted by place.

    A module built into the kernel counts as there. Raises ImageError for an unknown one.
    """
    places = _places(tree, version)
    builtin = _builtin(tree, version)
    chosen: dict[str, KernelModule] = {}
    waiting = [canonical(name) for name in wanted]
    while waiting:
        name = waiting.pop()
        if name in chosen or name in builtin:
            continue
        if name not in places:
            raise ImageError(f"kernel {version} has no module {name}", advice="mend the recipe")
        place, path = places[name]
        data = path.read_bytes()
        data = unsigned(data if elf.is_elf(data) else decompress(data))
        chosen[name] = KernelModule(place, data)
        waiting += [canonical(needed) for needed in elf.module_dependencies(data)]
    return tuple(sorted(chosen.values(), key=lambda module: module.place))


def indexed(
    modules: Sequence[KernelModule], tree: PackageTree, version: str, scratch: Path
) -> Mapping[str, bytes]:
    """The modules with depmod's indexes of them, keyed by place below the version's folder.

    `scratch` is an empty folder to work in. Raises ImageError.
    """
    folder = scratch / "usr/lib/modules" / version
    folder.mkdir(parents=True)
    # depmod looks below lib or usr/lib, as the distribution built it.
    (scratch / "lib").symlink_to("usr/lib")
    for module in modules:
        target = folder / module.place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(module.data)
    for name in _LISTS:
        (folder / name).write_bytes(tree.read(f"usr/lib/modules/{version}/{name}"))
    tools.output(["depmod", "-b", scratch, version])
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _places(tree: PackageTree, version: str) -> dict[str, tuple[str, Path]]:
    matches = ((_MODULE.fullmatch(path), host) for path, host in tree.files.items())
    return {
        canonical(match["name"]): (match["place"], host)
        for match, host in matches
        if match and match["version"] == version
    }


def _builtin(tree: PackageTree, version: str) -> set[str]:
    text = tree.read(f"usr/lib/modules/{version}/modules.builtin").decode()
    return {canonical(Path(line).name.removesuffix(".ko")) for line in text.split()}
