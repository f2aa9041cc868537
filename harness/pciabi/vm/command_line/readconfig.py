"""QEMU's configuration file format (`-readconfig FILE`): sections become options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pciabi.errors import InputError
from pciabi.vm.command_line.argument import Argument, Unresolved, runs_of
from pciabi.vm.command_line.option import MAX_ARGUMENTS, OPEN, Option, QemuCommandLine
from pciabi.vm.command_line.option_table import TAKES_ARGUMENT
from pciabi.vm.command_line.source import Source, decoded, read

_SECTION = re.compile(r'\s*\[\s*([\w.-]+)(?:\s+"([^"]*)")?\s*\]\s*')
_KEY = re.compile(r'\s*([^\s=]+)\s*=\s*"([^"]*)"\s*')
_GROUPS = {"memory": "m", "smp-opts": "smp", "boot-opts": "boot", "acpi": "acpitable"}


Reading = Callable[[Path, Option], Iterable[Option]]


def included(line: QemuCommandLine, folder: Path) -> QemuCommandLine:
    """The command line with every `-readconfig` replaced by what its file says.

    A relative name is looked up in `folder`, where the command line's own file is. Raises
    InputError for a file that cannot be read.
    """
    return _with_files(line, folder, _file)


def included_where_readable(line: QemuCommandLine, folder: Path) -> QemuCommandLine:
    """The same, with an open option in the place of a file that cannot be read."""
    return _with_files(line, folder, _file_or_open)


def _with_files(line: QemuCommandLine, folder: Path, read_file: Reading) -> QemuCommandLine:
    options: list[Option] = []
    for option in line.options:
        if option.name != "readconfig" or option.value is None:
            options.append(option)
        elif option.value.unresolved:
            options.append(_open(option, option.value.unresolved[0].reason))
        else:
            options.extend(read_file(folder / option.value.text, option))
        if len(options) > MAX_ARGUMENTS:
            raise InputError(f"more than {MAX_ARGUMENTS} options", place=option.position)
    return replace(line, options=tuple(options))


def _file(path: Path, option: Option) -> Iterator[Option]:
    try:
        raw = read(path)
    except InputError as error:
        raise InputError(f"{option.written}: {error.message}", place=option.position) from error
    for found in sections(decoded(raw, str(path))):
        if option.condition is None:
            yield found
        else:
            yield replace(found, word=found.word.under(option.condition))


def _file_or_open(path: Path, option: Option) -> tuple[Option, ...]:
    try:
        return tuple(_file(path, option))
    except InputError as error:
        in_the_file = error.place is not None and error.place.file == str(path)
        why = error.message.removeprefix(f"{option.written}: ")
        return (_open(option, str(error) if in_the_file else why),)


def _open(option: Option, reason: str) -> Option:
    """An option that makes nobody knows what, in the place of `-readconfig FILE`."""
    text = option.written
    word = replace(option.word, text=text, unresolved=(Unresolved(0, len(text), text, reason),))
    return Option(OPEN, word, None)


def sections(source: Source) -> Iterator[Option]:
    """The sections of a configuration file as options. Raises InputError."""
    section: _Section | None = None
    offset = 0
    for line in source.text.split("\n"):
        start, offset = offset, offset + len(line) + 1
        if not line.strip() or line.startswith("#"):
            continue
        header, key = _SECTION.fullmatch(line), _KEY.fullmatch(line)
        if header is not None:
            if section is not None:
                yield section.option()
            section = _Section(source, header, start)
        elif key is not None and section is not None:
            section.add(key[1], start + key.start(1), key[2], start + key.start(2))
        else:
            raise InputError(
                "not a line of QEMU's configuration format",
                advice='[device "net0"] and below it: driver = "e1000"',
                place=source.position(start),
            )
    if section is not None:
        yield section.option()


class _Section:
    """A section on its way to an option in key=value form."""

    def __init__(self, source: Source, header: re.Match[str], start: int) -> None:
        self.source = source
        self.group = header[1]
        place = start + header.start(1)
        self.word = source.argument(f"[{header[1]}]", tuple([place] * (len(header[1]) + 2)), place)
        self.chars: list[str] = []
        self.offsets: list[int] = []
        if header[2] is not None:
            self.add("id", start + header.start(2), header[2], start + header.start(2))

    def add(self, name: str, name_at: int, value: str, value_at: int) -> None:
        self.text("," if self.chars else "", name_at)
        for at, char in enumerate(name):
            self.text(char, name_at + at)
        self.text("=", name_at)
        for at, char in enumerate(value):
            # A comma in a value is doubled in key=value form.
            self.text(",," if char == "," else char, value_at + at)

    def text(self, chars: str, offset: int) -> None:
        for char in chars:
            self.chars.append(char)
            self.offsets.append(offset)

    def option(self) -> Option:
        name = _GROUPS.get(self.group, self.group)
        places = [self.source.place(offset) for offset in self.offsets]
        value = Argument(
            "".join(self.chars),
            self.source.file,
            runs_of(places or [self.source.place(0)]),
        )
        return Option(name, self.word, value, TAKES_ARGUMENT.get(name, False))
