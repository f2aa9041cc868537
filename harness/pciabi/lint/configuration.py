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

from pciabi.errors import InputError, SourcePosition
from pciabi.lint.engine import Profile
from pciabi.lint.finding import Severity
from pciabi.lint.rule import matching

OWN_FILE = ".pciabi.toml"
PROJECT_FILE = "pyproject.toml"
Choice = TypeVar("Choice", Profile, Severity)
_KEYS = ("select", "ignore", "per-path-ignores", "severity", "profile", "fail-on", "exclude")


@dataclass(frozen=True)
class Configuration:
    """What a project's file says; None and empty where it says nothing. `file` is its name."""

    file: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    path_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    severities: tuple[tuple[str, Severity], ...] = ()
    profile: Profile | None = None
    fail_on: Severity | None = None
    exclude: tuple[str, ...] = ()


def find(folder: Path) -> Configuration:
    """The settings that hold in a folder: its own file's, or the nearest one's above it.

    Raises InputError for a file that says something else than it may.
    """
    for place in (folder, *folder.parents):
        own, project = place / OWN_FILE, place / PROJECT_FILE
        if own.is_file():
            return _parsed(own, _table(own, ()))
        if project.is_file():
            table = _table(project, ("tool", "pciabi", "lint"))
            if table is not None:
                return _parsed(project, table)
    return Configuration()


def load(path: Path) -> Configuration:
    """The settings in a file that was named. Raises InputError."""
    keys = ("tool", "pciabi", "lint") if path.name == PROJECT_FILE else ()
    return _parsed(path, _table(path, keys))


def _table(path: Path, keys: tuple[str, ...]) -> Any:
    try:
        found: Any = tomllib.loads(path.read_text())
    except OSError as error:
        raise _wrong(path, "", f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, "", f"not valid TOML: {error}") from None
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _parsed(path: Path, table: Any) -> Configuration:
    table = {} if table is None else table
    if not isinstance(table, dict):
        raise _wrong(path, "lint", "must be a table")
    for key in table:
        if key not in _KEYS:
            raise _wrong(path, key, f"unknown setting, allowed: {', '.join(_KEYS)}")
    reading = _Reading(path, table)
    return Configuration(
        file=str(path),
        select=reading.rules("select"),
        ignore=reading.rules("ignore"),
        path_ignores=reading.path_ignores(),
        severities=reading.severities(),
        profile=reading.choice("profile", Profile),
        fail_on=reading.choice("fail-on", Severity),
        exclude=reading.words("exclude", table.get("exclude", [])),
    )


@dataclass(frozen=True)
class _Reading:
    path: Path
    table: Mapping[str, Any]

    def words(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise _wrong(self.path, key, "must be a list of words")
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
            raise _wrong(self.path, key, error.message) from None

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
            raise _wrong(self.path, key, "must be a table")
        return value

    def choice(self, key: str, choices: type[Choice]) -> Choice | None:
        value = self.table.get(key)
        return None if value is None else self.member(key, value, choices)

    def member(self, key: str, value: Any, choices: type[Choice]) -> Choice:
        try:
            return choices(value)
        except ValueError:
            allowed = ", ".join(choice.value for choice in choices)
            raise _wrong(self.path, key, f"'{value}' is none of {allowed}") from None


def _wrong(path: Path, key: str, message: str) -> InputError:
    """tomllib tells no places: the line is the first that begins with the key."""
    line = 1
    if key:
        wanted = re.compile(rf'\s*\[?[\w.]*"?{re.escape(key)}"?\b')
        text = path.read_text(errors="replace").splitlines()
        line = next((n for n, said in enumerate(text, start=1) if wanted.match(said)), 1)
    return InputError(
        f"{key}: {message}" if key else message, place=SourcePosition(str(path), line)
    )
