"""QEMU's command lines in a systemd unit: `Exec…=`, with what `Environment=` assigns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from pciabi.errors import InputError
from pciabi.vm.command_line import program, shell, shell_net
from pciabi.vm.command_line.argument import Argument
from pciabi.vm.command_line.found import Found
from pciabi.vm.command_line.may_start_qemu import is_quiet
from pciabi.vm.command_line.option import Manner
from pciabi.vm.command_line.shell_variables import Unknown
from pciabi.vm.command_line.source import Source
from pciabi.vm.command_line.systemd_words import Lookup, Span, Word, expanded, words

_SECTION = re.compile(r"\s*\[([^\]]*)\]\s*")
_SETTING = re.compile(r"\s*([A-Za-z]+)[ \t]*=[ \t]*")
# What may stand in front of the program: how systemd treats its failure and its privileges.
_PREFIX = re.compile(r"[-@:+!|]*")
_COMMAND_STRING = re.compile(r"-[a-z]*c")
COMMANDS = frozenset(
    f"Exec{when}"
    for when in ("Condition", "StartPre", "Start", "StartPost", "Reload", "Stop", "StopPost")
)
"""The settings that hold commands: systemd runs them all, each at its time."""
_MAX_CHARACTERS = 300_000
_SHELLS = {"sh", "bash", "dash", "ksh", "zsh"}


@dataclass(frozen=True)
class Setting:
    """One assignment of a unit's section, its continued lines joined."""

    key: str
    value: Span
    line: int


def is_unit(text: str) -> bool:
    """Whether a text is a service with a command."""
    if "[Service]" not in text:
        return False
    source = Source(text, "")
    return any(setting.key in COMMANDS for setting in _service(source))


def command_lines(source: Source) -> Iterator[Found]:
    """Every QEMU command of the service, its variables filled in as systemd does."""
    settings = list(_service(source))
    environment = _Environment(source, settings)
    commands: list[Setting] = []
    for setting in settings:
        if setting.key in COMMANDS and setting.value.text.strip():
            commands.append(setting)
        elif setting.key in COMMANDS:
            # An empty one takes back all of its key before it.
            commands = [other for other in commands if other.key != setting.key]
    for setting in commands:
        for found in _commands(source, setting, environment):
            # What runs besides the service itself is a VM of the unit's only where no other is.
            beside = setting.key != "ExecStart" and found.manner is Manner.WRITTEN
            yield replace(found, manner=Manner.WITHIN) if beside else found


def _service(source: Source) -> Iterator[Setting]:
    """The settings of `[Service]`, in order."""
    section, at = "", 0
    while at < len(source.text):
        start = at
        chars, offsets, at = _logical_line(source.text, at)
        header = _SECTION.fullmatch(chars)
        setting = _SETTING.match(chars)
        if header is not None:
            section = header[1]
        elif setting is not None and section == "Service":
            value = Span(chars[setting.end() :], tuple(offsets[setting.end() :]))
            yield Setting(setting[1], value, source.place(start)[0])


def _logical_line(text: str, at: int) -> tuple[str, list[int], int]:
    """A line with those that continue it, the offset of each character, and where it ends.

    The backslash at a line's end counts as a blank; comments between continued lines as nothing.
    """
    offsets: list[int] = []
    chars: list[str] = []
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        is_comment = line.lstrip().startswith(("#", ";"))
        if not is_comment:
            chars.append(f"{line[:-1]} " if line.endswith("\\") else line)
            offsets.extend(range(at, end))
        at = end + 1
        if not (chars if is_comment else line.endswith("\\")):
            break
    return "".join(chars), offsets, at


class _Environment:
    """What variables hold when the service starts, as far as the unit says."""

    def __init__(self, source: Source, settings: list[Setting]) -> None:
        self.assigned: dict[str, Argument] = {}
        self.unset: list[str] = []
        self.files: list[int] = []
        for setting in settings:
            if not setting.key.endswith(("Environment", "EnvironmentFile")):
                continue
            value = [word.argument for word in words(source, setting.value)]
            if setting.key == "Environment":
                self._assign(value)
            elif setting.key == "UnsetEnvironment":
                self.unset = [*self.unset, *(word.text for word in value)] if value else []
            elif setting.key == "EnvironmentFile":
                self.files = [*self.files, setting.line] if value else []

    def _assign(self, value: list[Argument]) -> None:
        if not value:
            self.assigned = {}
        for word in value:
            name, equals, _ = word.text.partition("=")
            if equals:
                self.assigned[name] = word.slice(len(name) + 1, len(word.text))

    def lookup(self, name: str) -> Argument | Unknown | None:
        """What a variable holds, None where it is taken away."""
        value = self.assigned.get(name)
        if name in self.unset:
            return None
        if self.files:
            return Unknown(f"EnvironmentFile= in line {self.files[0]} may set it")
        if value is None:
            return Unknown("not assigned in this unit")
        return None if f"{name}={value.text}" in self.unset else value

    def known(self) -> Mapping[str, Argument]:
        """Every variable that is known to hold something."""
        found = {name: self.lookup(name) for name in self.assigned}
        return {name: value for name, value in found.items() if isinstance(value, Argument)}


def _commands(source: Source, setting: Setting, environment: _Environment) -> Iterator[Found]:
    prefix = _PREFIX.match(setting.value.text)
    flags = prefix[0] if prefix is not None else ""
    rest = Span(setting.value.text[len(flags) :], setting.value.offsets[len(flags) :])
    for command in _separated(list(words(source, rest))):
        arguments = command
        if ":" not in flags:
            arguments = list(_filled(source, command, environment.lookup))
        if "@" in flags:
            # The second word is what the program is told that it is called.
            arguments = [*arguments[:1], *arguments[2:]]
        yield from _found(arguments, environment)


def _filled(source: Source, command: list[Argument], lookup: Lookup) -> Iterator[Argument]:
    left = _MAX_CHARACTERS
    for word in command:
        for argument in expanded(source, word, lookup):
            left -= len(argument.text) + 1
            if left <= 0:
                raise InputError("the unit expands to too many arguments", place=word.position)
            yield argument


def _separated(command: list[Word]) -> Iterator[list[Argument]]:
    """A semicolon as a word of its own ends a command."""
    found: list[Argument] = []
    for word in command:
        if word.bare and word.argument.text == ";":
            yield found
            found = []
        else:
            found.append(word.argument)
    yield found


def _found(arguments: list[Argument], environment: _Environment) -> Iterator[Found]:
    quiet = is_quiet(arguments)
    at = None if quiet else program.find(arguments)
    if at is not None:
        yield Found(arguments[at], tuple(arguments[at + 1 :]))
        return
    name = arguments[0].text.rpartition("/")[2] if arguments else ""
    scripts = (text for word, text in pairwise(arguments) if _COMMAND_STRING.fullmatch(word.text))
    script = next(scripts, None)
    if name in _SHELLS and script is not None:
        known = {name: (value,) for name, value in environment.known().items()}
        yield from shell.command_lines(shell.within(script), known)
    elif not quiet:
        for found in shell_net.caught(arguments):
            yield from shell.followed(found)
