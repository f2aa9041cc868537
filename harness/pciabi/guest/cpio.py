"""Writes initramfs archives: cpio "newc", the same bytes for the same entries.

Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst. Archives are
padded to 512 bytes, so several can be put one behind the other.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

_MAGIC = b"070701"
_TRAILER = "TRAILER!!!"
_BLOCK = 512
_LARGEST = 0xFFFFFFFF


@dataclass(frozen=True)
class Entry:
    """One file of an archive. `path` is relative, `mode` holds type and permission bits.

    `data` is a regular file's content or a symbolic link's target; `device` is a device
    node's major and minor number. Everything belongs to root and dates from 1970.
    """

    path: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def file(path: str, data: bytes, permissions: int = 0o644) -> Entry:
    """A regular file."""
    return Entry(path, stat.S_IFREG | permissions, data)


def folder(path: str, permissions: int = 0o755) -> Entry:
    """A folder."""
    return Entry(path, stat.S_IFDIR | permissions)


def link(path: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def character_device(path: str, major: int, minor: int, permissions: int = 0o600) -> Entry:
    """A character device node."""
    return Entry(path, stat.S_IFCHR | permissions, b"", (major, minor))


def archive(entries: Iterable[Entry]) -> bytes:
    """The entries as one archive, sorted by path, missing parent folders added.

    Raises ValueError for two entries of one path, and for a path that leaves the root.
    """
    by_path: dict[str, Entry] = {}
    for entry in entries:
        _check(entry)
        if entry.path in by_path:
            raise ValueError(f"{entry.path} is there twice")
        by_path[entry.path] = entry
    for path in list(by_path):
        for parent in PurePosixPath(path).parents:
            if str(parent) != ".":
                by_path.setdefault(str(parent), folder(str(parent)))
    # A folder comes before what is in it, as the kernel unpacks in order.
    ordered = sorted(by_path.values(), key=lambda entry: PurePosixPath(entry.path).parts)
    parts = [_record(entry, number) for number, entry in enumerate(ordered, start=1)]
    parts.append(_record(Entry(_TRAILER, 0), 0))
    return padded(b"".join(parts))


def padded(data: bytes) -> bytes:
    """An archive, compressed or not, with zeros behind it, so that another can follow."""
    return _padded(data, _BLOCK)


def _check(entry: Entry) -> None:
    path = PurePosixPath(entry.path)
    if (
        path.is_absolute()
        or str(path) in {".", _TRAILER}
        or ".." in path.parts
        or str(path) != entry.path
        or "\0" in entry.path
    ):
        raise ValueError(f"not a path inside an archive: {entry.path!r}")
    if len(entry.data) > _LARGEST:
        raise ValueError(f"{entry.path} is larger than 4 GB")


def _record(entry: Entry, inode: int) -> bytes:
    name = entry.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    major, minor = entry.device
    owner = modified = filesystem = checksum = 0
    fields = (
        *(inode, entry.mode, owner, owner, links, modified, len(entry.data)),
        *(filesystem, filesystem, major, minor, len(name), checksum),
    )
    head = _MAGIC + b"".join(b"%08x" % field for field in fields)
    return _padded(head + name, 4) + _padded(entry.data, 4)


def _padded(data: bytes, multiple: int) -> bytes:
    return data + bytes(-len(data) % multiple)
