"""The project's own settings: `.pciabi.toml`, or `[tool.pciabi.lint]` in `pyproject.toml`.

Checked by hand and not by a model: importing one takes longer than linting a file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pciabi.bounded_files import read_limited
from pciabi.errors import InputError, SourcePosition
from pciabi.lint.engine import Guest, Profile
from pciabi.lint.finding import Severity
from pciabi.lint.rule import matching

OWN_FILE = ".pciabi.toml"
PROJECT_FILE = "pyproject.toml"
_IN_PROJECT = ("tool", "pciabi", "lint")
_MAX_BYTES = 1_000_000
Choice = TypeVar("Choice", Profile, Severity, Guest)
_KEYS = (
    "select",
    "ignore",
    "per-path-ignores",
    "severity",
    "profile",
    "guest",
    "fail-on",
    "exclude",
)


@dataclass(frozen=True)
class Configuration:
    """What a project's file says; None and empty where it says nothing. `file` is its name."""

    file: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    path_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    severities: tuple[tuple[str, Severity], ...] = ()
    profile: Profile | None = None
    guest: Guest | None = None
    fail_on: Severity | None = None
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    """A file of settings, read once: it may be a pipe."""

    path: Path
    text: str


def find(folder: Path) -> Configuration:
    """The settings that hold in a folder: its own file's, or the nearest one's above it.

    Raises InputError for a file that says something else than it may.
    """
    for place in (folder, *folder.parents):
        own, project = place / OWN_FILE, place / PROJECT_FILE
        if own.is_file():
            return load(own)
        if project.is_file():
            file = _read(project)
            table = _table(file, _IN_PROJECT)
            if table is not None:
                return _parsed(file, table)
    return Configuration()


def load(path: Path) -> Configuration:
    """The settings in a file that was named. Raises InputError."""
    file = _read(path)
    return _parsed(file, _table(file, _IN_PROJECT if path.name == PROJECT_FILE else ()))


def _read(path: Path) -> _File:
    try:
        return _File(path, read_limited(path, _MAX_BYTES).decode())
    except UnicodeDecodeError as error:
        raise _wrong(_File(path, ""), "", f"not valid TOML: {error}") from None


def _table(file: _File, keys: tuple[str, ...]) -> Any:
    try:
        found: Any = tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(file, "", f"not valid TOML: {error}") from None
    except RecursionError:
        raise _wrong(file, "", "nested too deeply") from None
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _parsed(file: _File, table: Any) -> Configuration:
    table = {} if table is None else table
    if not isinstance(table, dict):
        raise _wrong(file, "lint", "must be a table")
    for key in table:
        if key not in _KEYS:
            raise _wrong(file, key, f"unknown setting, allowed: {', '.join(_KEYS)}")
    reading = _Reading(file, table)
    return Configuration(
        file=str(file.path),
        select=reading.rules("select"),
        ignore=reading.rules("ignore"),
        path_ignores=reading.path_ignores(),
        severities=reading.severities(),
        profile=reading.choice("profile", Profile),
        guest=reading.choice("guest", Guest),
        fail_on=reading.choice("fail-on", Severity),
        exclude=reading.words("exclude", table.get("exclude", [])),
    )


@dataclass(frozen=True)
class _Reading:
    file: _File
    table: Mapping[str, Any]

    def words(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise _wrong(self.file, key, "must be a list of words")
        return tuple(value)

    def rules(self, key: str) -> tuple[str, ...]:
        return self.known(key, self.table.get(key, []))

    def known(self, key: str, value: Any) -> tuple[str, ...]:
        words = self.words(key, value)
        for word in words:
            self.must_mean_a_rule(key, word)
        return words

    def must_mean_a_rule(self, key: str, word: str) -> None:
        try:
            matching(word)
        except InputError as error:
            raise _wrong(self.file, key, error.message) from None

    def path_ignores(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        pairs = self.mapping("per-path-ignores")
        return tuple(
            (pattern, self.known("per-path-ignores", words)) for pattern, words in pairs.items()
        )

    def severities(self) -> tuple[tuple[str, Severity], ...]:
        found: list[tuple[str, Severity]] = []
        for name, value in self.mapping("severity").items():
            self.must_mean_a_rule("severity", name)
            severity = self.member("severity", value, Severity)
            found += [(loaded.rule.name, severity) for loaded in matching(name)]
        return tuple(found)

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise _wrong(self.file, key, "must be a table")
        return value

    def choice(self, key: str, choices: type[Choice]) -> Choice | None:
        value = self.table.get(key)
        return None if value is None else self.member(key, value, choices)

    def member(self, key: str, value: Any, choices: type[Choice]) -> Choice:
        try:
            return choices(value)
        except ValueError:
            allowed = ", ".join(choice.value for choice in choices)
            raise _wrong(self.file, key, f"'{value}' is none of {allowed}") from None


def _wrong(file: _File, key: str, message: str) -> InputError:
    """tomllib tells no places: the line is the first that begins with the key."""
    line = 1
    if key:
        wanted = re.compile(rf'\s*\[?[\w.]*"?{re.escape(key)}"?\b')
        text = file.text.splitlines()
        line = next((n for n, said in enumerate(text, start=1) if wanted.match(said)), 1)
    return InputError(
        f"{key}: {message}" if key else message, place=SourcePosition(str(file.path), line)
    )
