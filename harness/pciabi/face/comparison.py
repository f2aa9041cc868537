"""What a test is told of two captures. Data only; public, by way of `pciabi.__all__`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn

from pciabi.abi.change import Harm, Outcome
from pciabi.abi.judgement import Severity


class Verdict(StrEnum):
    """How a comparison ended that could be carried out; one that could not raises CannotTest."""

    COMPATIBLE = "compatible"
    BREAK = "break"

    def __bool__(self) -> NoReturn:
        """Raises TypeError: a word is true whatever it says."""
        raise TypeError("a verdict is neither true nor false: compare it with Verdict.COMPATIBLE")


@dataclass(frozen=True)
class Consequence:
    """What one guest system makes of a change, in one sentence, with the source of that."""

    harm: Harm
    outcome: Outcome
    message: str
    source: str


@dataclass(frozen=True)
class Change:
    """One guest-visible difference.

    `device` is QEMU's type name and `id` the qdev id, None where the captures do not tell; `label`
    is what reports call the device. `kind` is the word for what sort of change it is (`moved`,
    `vanished`, `capability`), `field` the register or fact in the field's words (`BAR 0`).
    `before` and `after` are printable values, empty where the device was not there. Addresses are
    the guest's, `0000:00:03.0`, None on a side without the device and for the machine as a whole.
    """

    device: str | None
    id: str | None
    label: str
    kind: str
    field: str
    before: str
    after: str
    severity: Severity
    reason: str
    address_before: str | None
    address_after: str | None
    consequences: tuple[Consequence, ...]


@dataclass(frozen=True)
class Unknown:
    """One thing about one device that is not known, and why not on each side, empty on a side that
    shows it; never a change, and never equal. `address` is the earlier capture's."""

    device: str | None
    id: str | None
    label: str
    field: str
    address: str
    why_before: str
    why_after: str


@dataclass(frozen=True)
class Comparison:
    """Two captures held against each other. `str()` of it is what `pciabi diff` prints.

    `changes` are all differences, benign ones too; `unknowns` what is not known: of a compatible
    one only what the caller has accepted; `scope` what the verdict speaks of, such as `BARs`, and
    `not_looked_at` what it does not.

    It is neither true nor false, so that no `assert` passes by mistake.
    """

    verdict: Verdict
    changes: tuple[Change, ...]
    unknowns: tuple[Unknown, ...]
    scope: tuple[str, ...]
    not_looked_at: tuple[str, ...]
    _text: str = field(repr=False)

    def raise_for_break(self) -> None:
        """Raises HardwareChanged where something breaking has changed. For the end of a test."""
        if self.verdict == Verdict.BREAK:
            raise HardwareChanged(self)

    def of(self, severity: Severity) -> tuple[Change, ...]:
        """The changes of one severity."""
        return tuple(change for change in self.changes if change.severity == severity)

    def __str__(self) -> str:
        """The report of several lines, printable whatever the captures hold."""
        return self._text

    def __bool__(self) -> NoReturn:
        """Raises TypeError: whether true would mean the same, or that there are differences,
        nobody could tell."""
        raise TypeError(
            "a comparison is neither true nor false: call raise_for_break(), or look at verdict"
        )


class HardwareChanged(AssertionError):
    """A guest would notice: the message is the whole report, `comparison` what it is made from.

    It is an AssertionError, for a test that meets it has failed and not gone wrong.
    """

    def __init__(self, comparison: Comparison) -> None:
        super().__init__(f"\n{comparison}")
        self.comparison = comparison

    def __reduce__(self) -> tuple[type[HardwareChanged], tuple[Comparison]]:
        """Made anew of the comparison, in another process too."""
        return HardwareChanged, (self.comparison,)
