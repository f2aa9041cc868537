"""A user's VM configuration, read from a file or an argument list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pciabi.bounded_files import limited
from pciabi.errors import InputError, SourcePosition
from pciabi.vm.command_line import layouts, readconfig
from pciabi.vm.command_line.argument import plain
from pciabi.vm.command_line.found import Found
from pciabi.vm.command_line.layouts import Layout
from pciabi.vm.command_line.option import Manner, QemuCommandLine, parse
from pciabi.vm.command_line.program import is_qemu
from pciabi.vm.command_line.source import MAX_BYTES
from pciabi.vm.command_line.source import read as read_source

Inclusion = Callable[[QemuCommandLine, Path], QemuCommandLine]


class NoCommandLine(InputError):
    """A file in which no QEMU is started, though it may speak of QEMU: for whoever searches a
    folder, no VM's."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            "no QEMU command line found",
            advice="a command line, a script, /proc/PID/cmdline, a libvirt log or an argument list",
            place=SourcePosition(str(path), 1),
        )


def read(path: Path, form: Layout | None = None, raw: bytes | None = None) -> QemuCommandLine:
    """The one QEMU command line in a file, complete. Raises NoCommandLine where there is none,
    InputError where there are several, where something that may be one was not read, or where a
    file that it reads is not there.

    In a libvirt log the last start counts: it is the one that holds. `raw` is the file's content
    where that was read already: a pipe can be read once only.
    """
    raw = _content(path, raw)
    form = form or layouts.layout_of(raw)
    lines = _lines(path, form, raw, readconfig.included)
    found = _clearest(lines)
    if not found:
        raise _unread(lines) or NoCommandLine(path)
    if len(found) > 1 and form is not Layout.LIBVIRT_LOG:
        numbers = ", ".join(str((line.called_at or line.start).line) for line in found)
        raise InputError(
            f"holds {len(found)} QEMU command lines, in lines {numbers}",
            advice="keep each in a file of its own",
            place=SourcePosition(str(path), 1),
        )
    return found[-1]


def read_all(
    path: Path, form: Layout | None = None, raw: bytes | None = None
) -> tuple[QemuCommandLine, ...]:
    """Every QEMU command line in a file, in order; those that only ask for help are left out.

    A file that one of them reads and that is not there is an option that stays open.
    """
    raw = _content(path, raw)
    form = form or layouts.layout_of(raw)
    return _lines(path, form, raw, readconfig.included_where_readable)


def _lines(
    path: Path, form: Layout, raw: bytes, inclusion: Inclusion
) -> tuple[QemuCommandLine, ...]:
    parsed = (_parsed(each, path, inclusion) for each in layouts.commands(raw, str(path), form))
    return tuple(line for line in parsed if not line.asks_for_help)


def _clearest(lines: tuple[QemuCommandLine, ...]) -> tuple[QemuCommandLine, ...]:
    """The command lines that a file is kept for: what a script asks a QEMU about on the way
    (`$(…)`) is none beside them, and what nobody could read is none at all."""
    written = tuple(line for line in lines if line.manner is Manner.WRITTEN)
    return written or tuple(line for line in lines if line.manner is Manner.WITHIN)


def _unread(lines: Sequence[QemuCommandLine]) -> InputError | None:
    """The error for a QEMU that may be started with arguments that nobody could read; None
    without one."""
    for line in lines:
        for option in line.open_options:
            part = option.word.unresolved[0]
            return InputError(
                f"'{part.source[:60]}' may start a QEMU, and its arguments are not read: "
                f"{part.reason}",
                advice="read /proc/PID/cmdline of the running QEMU instead",
                place=option.position,
            )
    return None


def _content(path: Path, raw: bytes | None) -> bytes:
    return read_source(path) if raw is None else limited(raw, path, MAX_BYTES)


def read_argv(argv: Sequence[str], file: str = "command line") -> QemuCommandLine:
    """An argument list, with or without the program in front. A line is an argument's number."""
    words = tuple(plain(text, file, number) for number, text in enumerate(argv, start=1))
    program = words[0] if words and is_qemu(words[0]) else None
    rest = words[1:] if program is not None else words
    return _parsed(Found(program, rest), Path(), readconfig.included)


def _parsed(found: Found, path: Path, inclusion: Inclusion) -> QemuCommandLine:
    for word in found.arguments:
        if "\0" in word.text:
            raise InputError("an argument holds a NUL byte", place=word.position)
    line = parse(found.program, found.arguments, str(path))
    line = replace(line, called_at=found.called_at, manner=found.manner)
    return inclusion(line, path.parent)
