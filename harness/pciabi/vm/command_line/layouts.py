"""The layouts in which files hold QEMU command lines, told apart by content."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from enum import StrEnum

from pciabi.errors import InputError, SourcePosition
from pciabi.vm.command_line import shell, systemd_unit
from pciabi.vm.command_line.argument import Argument, Run, plain
from pciabi.vm.command_line.found import Found
from pciabi.vm.command_line.option import MAX_ARGUMENTS
from pciabi.vm.command_line.option_table import TAKES_ARGUMENT
from pciabi.vm.command_line.program import IN_TEXT, is_qemu
from pciabi.vm.command_line.source import Source, decoded


class Layout(StrEnum):
    """How a file holds command lines."""

    DUMP = "proc-cmdline"
    LIBVIRT_LOG = "libvirt-log"
    PROCESS_LIST = "ps"
    ARGUMENTS = "arguments"
    SYSTEMD_UNIT = "systemd-unit"
    SHELL = "shell"


_LOG_START = re.compile(r"^[0-9: .+-]{20,}\S* starting up\b", re.MULTILINE)
_LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
# `ps` prints a PID, perhaps behind a user, and then columns up to the command.
_PROCESS = re.compile(
    r"^ *(?:[A-Za-z_][\w.+-]* +)?\d+ (?:.*? )?"
    rf"(?P<program>(?:\S*/)?{IN_TEXT}) +-",
    re.MULTILINE,
)
_OPTION_AND_VALUE = re.compile(r"(--?[A-Za-z0-9][\w-]*)[ \t]+(\S.*)", re.DOTALL)


def layout_of(raw: bytes) -> Layout:
    """How a file that holds one, as `detection` has it, does so."""
    if b"\0" in raw:
        return Layout.DUMP
    text = raw.decode("utf-8", "replace")
    if _LOG_START.search(text):
        return Layout.LIBVIRT_LOG
    if _PROCESS.search(text):
        return Layout.PROCESS_LIST
    if systemd_unit.is_unit(text):
        return Layout.SYSTEMD_UNIT
    return Layout.ARGUMENTS if _is_argument_list(text) else Layout.SHELL


def commands(raw: bytes, file: str, form: Layout) -> tuple[Found, ...]:
    """Every QEMU command line in the file, in order. Raises InputError."""
    if form is Layout.DUMP:
        return (_dump(raw, file),)
    source = decoded(raw, file)
    if "\0" in source.text:
        raise InputError("holds a NUL byte", place=source.position(source.text.index("\0")))
    if form is Layout.LIBVIRT_LOG:
        return tuple(_libvirt_log(source))
    if form is Layout.PROCESS_LIST:
        return tuple(_process_list(source))
    if form is Layout.ARGUMENTS:
        return (_argument_list(source),)
    if form is Layout.SYSTEMD_UNIT:
        return tuple(systemd_unit.command_lines(source))
    return shell.command_lines(source)


def _program_first(arguments: list[Argument]) -> Found:
    if arguments and is_qemu(arguments[0]):
        return Found(arguments[0], tuple(arguments[1:]))
    return Found(None, tuple(arguments))


def _dump(raw: bytes, file: str) -> Found:
    """`/proc/PID/cmdline`: each argument ends with a NUL; a line is an argument's number."""
    pieces = raw.split(b"\0", MAX_ARGUMENTS + 2)
    if len(pieces) > MAX_ARGUMENTS + 2:
        raise InputError(f"more than {MAX_ARGUMENTS} arguments", place=SourcePosition(file, 1))
    if not pieces[-1].strip():
        pieces.pop()
    try:
        arguments = [plain(piece.decode(), file, n) for n, piece in enumerate(pieces, start=1)]
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", place=SourcePosition(file, 1)) from error
    found = _program_first(arguments)
    if found.program is None:
        raise InputError(
            "holds NUL bytes and yet is no /proc/PID/cmdline of a QEMU",
            place=SourcePosition(file, 1),
        )
    return found


def _libvirt_log(source: Source) -> Iterator[Found]:
    """A domain's log: a command line after each `starting up`, wrapped with backslashes."""
    for match in _LOG_START.finditer(source.text):
        start = end = source.text.find("\n", match.start()) + 1
        while start and end < len(source.text):
            line, _, _ = source.text[end:].partition("\n")
            if end == start and _LOG_LINE.match(line):
                break
            end += len(line) + 1
            if not line.endswith("\\"):
                break
        # The text in front is blanked, so that every place stays what it is in the file.
        blanked = re.sub(r"[^\n]", " ", source.text[:start])
        part = Source(blanked + source.text[start:end], source.file)
        yield from shell.command_lines(part)


def _process_list(source: Source) -> Iterator[Found]:
    """What `ps` prints: arguments joined by blanks, without any quotes of its own."""
    for match in _PROCESS.finditer(source.text):
        end = source.text.find("\n", match.start())
        end = len(source.text) if end < 0 else end
        pieces = [
            source.argument(piece[0], tuple(range(piece.start(), piece.end())), piece.start())
            for piece in re.compile(r"\S+").finditer(source.text, match.start("program"), end)
        ]
        yield Found(pieces[0], tuple(_rejoined(pieces[1:])))


def _rejoined(pieces: list[Argument]) -> Iterator[Argument]:
    """The arguments again, where a blank in one of them can be told from one between two."""
    rest = list(reversed(pieces))
    while rest:
        word = rest.pop()
        name = word.text.lstrip("-") if word.text.startswith("-") else None
        if name is None:
            raise InputError(
                f"'{word.text[:40]}' may be an argument or the rest of one with a blank in it",
                advice="ps shows no difference; read /proc/PID/cmdline instead",
                place=word.position,
            )
        yield word
        if not TAKES_ARGUMENT.get(name) or not rest:
            continue
        value = rest.pop()
        while rest and name in {"append", "name", "smbios", "fw_cfg"} and rest[-1].text[0] != "-":
            value = _joined(value, rest.pop())
        yield value


def _joined(first: Argument, second: Argument) -> Argument:
    base = len(first.text) + 1
    place = second.position
    return Argument(
        f"{first.text} {second.text}",
        first.file,
        (*first.runs, Run(base, place.line, place.column)),
    )


def _is_argument_list(text: str) -> bool:
    """Whether a line is an argument: the first is a program or option alone on its line."""
    if text.startswith("#!"):
        return False
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if len(lines) < 2 or any(line.endswith("\\") for line in lines):
        return False
    alone = len(lines[0].split()) == 1
    if alone and is_qemu(plain(lines[0], "", 1)):
        return True
    return all(line.startswith("-") for line in lines) or (alone and lines[0].startswith("-"))


def _argument_list(source: Source) -> Found:
    """A file with an argument, or an option and its argument, on each line."""
    arguments: list[Argument] = []
    for number, line in enumerate(source.text.split("\n"), start=1):
        text = line.strip()
        column = len(line) - len(line.lstrip()) + 1
        if not text or (text.startswith("#") and not _awaits_value(arguments)):
            continue
        pair = _OPTION_AND_VALUE.fullmatch(text)
        if pair is None or _awaits_value(arguments):
            arguments.append(plain(text, source.file, number, column))
        else:
            arguments.append(plain(pair[1], source.file, number, column))
            value = _unquoted(pair[2], source.file, number)
            arguments.append(plain(value, source.file, number, column + pair.start(2)))
    return _program_first(arguments)


def _awaits_value(arguments: list[Argument]) -> bool:
    if not arguments or not arguments[-1].text.startswith("-"):
        return False
    before = arguments[-2].text if len(arguments) > 1 else ""
    if before.startswith("-") and TAKES_ARGUMENT.get(before.lstrip("-")):
        return False
    return TAKES_ARGUMENT.get(arguments[-1].text.lstrip("-"), False)


def _unquoted(text: str, file: str, line: int) -> str:
    """A value as a shell would read it, if it is one quoted word; else as it stands."""
    if text[0] not in "'\"":
        return text
    try:
        pieces = shlex.split(text)
    except ValueError as error:
        raise InputError(str(error), place=SourcePosition(file, line)) from None
    return pieces[0] if len(pieces) == 1 else text
