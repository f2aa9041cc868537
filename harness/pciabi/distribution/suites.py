"""Suites of the Debian archive, and versions of what they hold: what a user may write for a
released program."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pciabi.errors import InputError

PREFIX = "debian:"
VERSION = re.compile(r"(?:\d+:)?(\d+)\.(\d+)[A-Za-z0-9.+~-]*")
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True)
class Suite:
    """A suite of the archive.

    `base` is the suite it is laid over, which brings what it lacks itself. `series` are the first
    two numbers of the version it has for good of the program in question, such as `7.2`; None
    where that moves on.
    """

    name: str
    base: str | None = None
    series: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The suites to ask, the preferred one last."""
        return (self.name,) if self.base is None else (self.base, self.name)

    def __str__(self) -> str:
        return PREFIX + self.name


@dataclass(frozen=True)
class Version:
    """A version as a user wrote it: `10.0`, `7.2.22` or a package's `1:10.0.13+ds-0+deb13u1`."""

    text: str

    @property
    def series(self) -> str:
        """Its first two numbers, such as `10.0`."""
        return series(self.text)

    def fits(self, version: tuple[int, int, int], package: str) -> bool:
        """Whether a program of this version and this package version is meant."""
        if self.text in {package, package.partition(":")[2]}:
            return True
        if not _NUMBERS.fullmatch(self.text):
            return False
        numbers = tuple(int(number) for number in self.text.split("."))
        return version[: len(numbers)] == numbers

    def __str__(self) -> str:
        return self.text


def series(version: str) -> str:
    """The first two numbers of a version, a package's or the program's own: `10.0`."""
    match = VERSION.fullmatch(version)
    return f"{match[1]}.{match[2]}" if match else version


def holding(wanted: Version, suites: Sequence[Suite]) -> tuple[Suite, ...]:
    """Those of the suites that may hold a version, the likeliest first: those that have its series
    for good, otherwise those whose series moves on."""
    settled = tuple(suite for suite in suites if suite.series == wanted.series)
    return settled or tuple(suite for suite in suites if suite.series is None)


def parse(text: str, suites: Sequence[Suite]) -> Suite | Version | None:
    """The suite or version of a released program that a word means, None where it means neither.

    `suites` are those that hold it. Raises InputError for another suite.
    """
    if text.startswith(PREFIX):
        name = text.removeprefix(PREFIX)
        found = next((suite for suite in suites if suite.name == name), None)
        if found is None:
            known = ", ".join(suite.name for suite in suites)
            raise InputError(f"no suite '{name}' is known", advice=f"there are: {known}")
        return found
    return Version(text) if VERSION.fullmatch(text) else None
