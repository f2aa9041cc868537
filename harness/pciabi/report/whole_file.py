"""Files that a user named, written so that nothing is lost of what was there.

A regular file appears whole or not at all, and keeps its mode, owner and group (where it could not
keep them, it is written to as it is, which a reader may see half done); a symbolic link stays
one, and the file it leads to is written. Anything else (a device, a pipe, one of our descriptors)
is written to as it is, never replaced.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
from contextlib import suppress
from pathlib import Path

import click

from pciabi.errors import CannotTest
from pciabi.signals import held

_LONGEST_NAME = 200
_MOST_LINKS = 40
# A folder nothing can be made in, or a file that something is mounted on, may be written all
# the same; so may one whose owner cannot be given, or has no number in our user namespace.
_NOT_REPLACED = {errno.EINVAL, errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV}


def emit(text: str, path: Path | None) -> None:
    """Write a rendered result to a file the user named, to standard output where none is.

    Raises CannotTest where the file cannot be written.
    """
    if path is None:
        click.echo(text, nl=False)
        return
    try:
        write(path, text)
    except OSError as error:
        raise CannotTest(f"{path} cannot be written: {error.strerror}") from error


def emit_document(text: str, path: Path | None = None) -> None:
    """As `emit`, for what a program reads: in UTF-8, whatever the locale."""
    if path is not None:
        emit(text, path)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", errors="backslashreplace"))
    sys.stdout.buffer.flush()


def write(path: Path, text: str) -> None:
    """Write the text, in UTF-8, to what the path leads to. Raises OSError."""
    data = text.encode("utf-8", errors="backslashreplace")
    target = _led_to(path)
    descriptor = _own_descriptor(target)
    if descriptor is not None:
        # Opened by its name it would be emptied, and what others write to it overwritten; and
        # who may write to it need not be allowed to open it.
        sys.stdout.flush()
        _write_all(os.dup(descriptor), data)
    elif _is_regular_or_new(target):
        with held():
            _replace(target, data)
    else:
        _write_all(os.open(target, os.O_WRONLY | os.O_NOCTTY), data)


def _led_to(path: Path) -> Path:
    """The path behind all symbolic links, but for those by which /proc names open files."""
    for _ in range(_MOST_LINKS):
        folder = Path(os.path.realpath(path.parent))
        path = folder / path.name
        if folder.parts[:2] == ("/", "proc") or not path.is_symlink():
            return path
        path = folder / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def _own_descriptor(path: Path) -> int | None:
    """The number of our descriptor that the path names."""
    ours = (f"/proc/{os.getpid()}/fd", f"/proc/{os.getpid()}/task/{os.getpid()}/fd")
    return int(path.name) if str(path.parent) in ours and path.name.isdecimal() else None


def _is_regular_or_new(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode) and path.parts[:2] != ("/", "proc")
    except FileNotFoundError:
        return True


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name[:_LONGEST_NAME]}.{os.urandom(4).hex()}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            _write_all(descriptor, data, like=path)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno not in _NOT_REPLACED or not path.is_file():
            raise
        _write_all(os.open(path, os.O_WRONLY | os.O_TRUNC), data)


def _write_all(descriptor: int, data: bytes, like: Path | None = None) -> None:
    with open(descriptor, "wb", buffering=0) as file:
        if like is not None:
            _make_like(file.fileno(), like)
        rest = memoryview(data)
        while rest:
            written = file.write(rest)
            if written is None:
                # A descriptor that does not block, and takes nothing now.
                select.select([], [file], [])
            rest = rest[written or 0 :]
        if like is not None:
            os.fsync(file.fileno())


def _give(descriptor: int, there: os.stat_result) -> None:
    """Give a new file to the owner and the group of another.

    Raises PermissionError where it is not ours to give: then the file is written, not replaced.
    """
    ours = os.fstat(descriptor)
    if there.st_gid != ours.st_gid:
        # A group of ours may be given by anyone, an owner by root alone.
        os.fchown(descriptor, -1, there.st_gid)
    if there.st_uid != ours.st_uid:
        os.fchown(descriptor, there.st_uid, -1)


def _make_like(descriptor: int, path: Path) -> None:
    """Give a new file the owner, the attributes and the mode of the one it is to replace."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return
    _give(descriptor, there)
    with suppress(OSError):
        for name in os.listxattr(path):
            os.setxattr(descriptor, name, os.getxattr(path, name))
    os.fchmod(descriptor, stat.S_IMODE(there.st_mode))
