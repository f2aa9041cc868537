"""The options of a command line as statements of the file they stand in."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.errors import InputError
from pciabi.vm.command_line.argument import Argument
from pciabi.vm.command_line.option import Option, QemuCommandLine
from pciabi.vm.command_line.parameters import IMPLIED, parameters
from pciabi.vm.config_text import ConfigText
from pciabi.vm.statement import Extent, Kind, Statement


def statements(line: QemuCommandLine, source: ConfigText) -> tuple[Statement, ...]:
    """The options that stand in the file itself, in order; others are another file's."""
    here = (option for option in line.options if option.word.file == source.file)
    return tuple(_statement(option, source) for option in here)


def _statement(option: Option, source: ConfigText) -> Statement:
    word = extents(option.word, source)
    if option.value is None or option.value is option.word:
        return Statement(Kind.OPTION, option.name, word)
    value = extents(option.value, source)
    parts = tuple(_parameters(option, option.value, source))
    return Statement(Kind.OPTION, option.name, (*word, *value), value, parts)


def _parameters(option: Option, value: Argument, source: ConfigText) -> Iterator[Statement]:
    if option.name not in IMPLIED:
        return
    try:
        given = parameters(value, IMPLIED[option.name])
    except InputError:
        # JSON that is none says nothing.
        return
    for item in given.items:
        whole, said = (extents(value.slice(*piece), source) for piece in (item.whole, item.said))
        yield Statement(Kind.PARAMETER, item.name, whole, said)


def extents(argument: Argument, source: ConfigText) -> tuple[Extent, ...]:
    """Where the characters of an argument stand, as few pieces as may be; an empty one is between
    two characters. A character that is written as an escape begins where the escape does."""
    found: list[Extent] = []
    ends = (*(run.start for run in argument.runs[1:]), len(argument.text))
    for run, end in zip(argument.runs, ends, strict=True):
        at = source.offset(run.line, run.column)
        piece = Extent(at, at + end - run.start)
        if found and found[-1].end == piece.start:
            found[-1] = Extent(found[-1].start, piece.end)
        elif piece.start < piece.end or not found:
            found.append(piece)
    return tuple(found)
