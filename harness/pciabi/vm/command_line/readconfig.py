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
from pciabi.vm.config_text import ConfigText
from pciabi.vm.statement import Extent, Kind, Statement

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
    return (section.option() for section in _sections(source))


def statements(source: Source, file: ConfigText) -> tuple[Statement, ...]:
    """The sections as statements of the file whose text, line ends apart, is the source's."""
    return tuple(section.statement(file) for section in _sections(source))


def _sections(source: Source) -> Iterator[_Section]:
    section: _Section | None = None
    offset = 0
    for line in source.text.split("\n"):
        start, offset = offset, offset + len(line) + 1
        if not line.strip() or line.startswith("#"):
            continue
        header, key = _SECTION.fullmatch(line), _KEY.fullmatch(line)
        if header is not None:
            if section is not None:
                yield section
            section = _Section(source, header, start)
        elif key is not None and section is not None:
            section.add(key, start)
        else:
            raise InputError(
                "not a line of QEMU's configuration format",
                advice='[device "net0"] and below it: driver = "e1000"',
                place=source.position(start),
            )
    if section is not None:
        yield section


class _Section:
    """A section on its way to an option in key=value form."""

    def __init__(self, source: Source, header: re.Match[str], start: int) -> None:
        self.source = source
        self.group = header[1]
        self.start, self.end = start + header[0].index("["), start + header[0].rindex("]") + 1
        group = range(start + header.start(1), start + header.end(1))
        offsets = (self.start, *group, self.end - 1)
        self.word = source.argument(f"[{self.group}]", offsets, self.start)
        self.chars: list[str] = []
        self.offsets: list[int] = []
        # Each name with where it and its value begin and end.
        self.keys: list[tuple[str, tuple[int, int], tuple[int, int]]] = []
        if header[2] is not None:
            at, end = (start + offset for offset in header.span(2))
            self.put("id", (at, end), header[2], (at, end))

    def add(self, key: re.Match[str], start: int) -> None:
        at = start + key.start(1)
        value_at, value_end = (start + offset for offset in key.span(2))
        self.end = value_end + 1
        self.put(key[1], (at, self.end), key[2], (value_at, value_end))

    def put(self, name: str, whole: tuple[int, int], value: str, said: tuple[int, int]) -> None:
        self.keys.append((name, whole, said))
        self.text("," if self.chars else "", whole[0])
        for at, char in enumerate(name):
            self.text(char, whole[0] + at)
        self.text("=", whole[0])
        for at, char in enumerate(value):
            # A comma in a value is doubled in key=value form.
            self.text(",," if char == "," else char, said[0] + at)

    def statement(self, file: ConfigText) -> Statement:
        def extent(start: int, end: int) -> tuple[Extent, ...]:
            places = (self.source.place(offset) for offset in (start, end))
            return (Extent(*(file.offset(*place) for place in places)),)

        parts = tuple(
            Statement(Kind.PARAMETER, name, extent(*whole), extent(*said))
            for name, whole, said in self.keys
        )
        within = extent(self.start, self.end)
        return Statement(Kind.OPTION, _GROUPS.get(self.group, self.group), within, within, parts)

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
