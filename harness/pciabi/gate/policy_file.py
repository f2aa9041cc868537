"""The policy file, as pydantic models: what fails, and what is waived. `pciabi schema policy`
prints its JSON Schema for editors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from pciabi.abi.change import Harm
from pciabi.abi.families import kinds
from pciabi.documents import Positions, Strict, Text, read_with_positions
from pciabi.result.policy import FailOn, Policy
from pciabi.result.waiver import WILL_NOT_START, Waiver
from pciabi.result.waivers import Waivers

_MOST_WAIVERS = 2_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# What of a glob may stand for anything: `[!~]*` says no more than `*` does.
_ANY = re.compile(r"[*?]|\[!?[^\]]+\]")
_LARGEST_REGISTER = (1 << 64) - 1


def _day(text: object) -> object:
    """A day as ISO 8601 writes it, and in no other of its forms."""
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        raise ValueError("a day is written like 2027-03-31")
    return date.fromisoformat(text)


def _mask(text: object) -> object:
    """A mask in hexadecimal or decimal."""
    try:
        bits = int(text, 0) if isinstance(text, str) else 0
    except ValueError:
        bits = 0
    if not 0 < bits <= _LARGEST_REGISTER:
        raise ValueError("bits are a mask such as 0x400000")
    return bits


def _said(word: object) -> object:
    """Whatever was written: a key without a value would widen a waiver unseen."""
    if word is None:
        raise ValueError("nothing is said here: leave the key out, or say what it is")
    return word


def _fact(word: str) -> str:
    """A kind of change, or a glob that means some."""
    known = (*map(str, kinds()), WILL_NOT_START)
    if word not in known and not any(fnmatchcase(kind, word) for kind in kinds()):
        raise ValueError(f"no fact is called so, only: {', '.join(known)}")
    return word


Word = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Reason = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Pattern = Annotated[Word | None, BeforeValidator(_said)]
Fact = Annotated[Annotated[Word, AfterValidator(_fact)] | None, BeforeValidator(_said)]
Day = Annotated[
    date | None, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})
]
Mask = Annotated[
    int | None, BeforeValidator(_mask), WithJsonSchema({"type": ["string", "integer"]})
]


class WaiverModel(Strict):
    """A difference that is accepted. All that it says must hold of a change; what it does not
    say may be anything. Words may be globs (`*`, `?`, `[…]`)."""

    why: Reason = Field(description="The reason, as reports tell it.")
    machine: Pattern = Field(
        default=None, description="The versioned machine type, such as pc-i440fx-9.2."
    )
    device: Pattern = Field(
        default=None, description="QEMU's type name, or the qdev id, or `the VM`."
    )
    fact: Fact = Field(
        default=None, description="The kind of change, such as bar; or will-not-start."
    )
    field: Pattern = Field(
        default=None,
        description="The field as reports call it, such as BAR 0; of will-not-start, what is gone.",
    )
    bits: Mask = Field(
        default=None, description="The bits of the field's register that may differ."
    )
    before: Pattern = Field(
        default=None,
        alias="from",
        description="The earlier hypervisor: the beginning of its version, such as 10.0, or a "
        "glob over its version line, such as *deb12u18*.",
    )
    after: Pattern = Field(default=None, alias="to", description="The later hypervisor, as `from`.")
    until: Day = Field(
        default=None, description="The last day on which it holds, such as 2027-03-31."
    )

    @model_validator(mode="after")
    def _must_be_narrow(self) -> WaiverModel:
        said = (self.device, self.fact, self.field)
        if not any(word is not None and _ANY.sub("", word) for word in said):
            raise ValueError("it waives everything: name a device, a fact or a field")
        if self.until is None and None in (self.before, self.after):
            raise ValueError("it never ends: say until when, or both from and to")
        return self


class PolicyModel(Strict):
    """What makes a gate fail besides a breaking change, which always does; and what is waived."""

    fail_on: list[FailOn] = Field(
        default=[], alias="fail-on", description="Severities, and whether unknowns fail."
    )
    fail_on_consequences: list[Harm] = Field(
        default=[],
        alias="fail-on-consequences",
        description="Whoever is hurt by a change makes it fail, whatever its severity.",
    )
    waivers: list[WaiverModel] = Field(default=[], max_length=_MOST_WAIVERS)


@dataclass(frozen=True)
class PolicyFile:
    """What a policy file says."""

    fail_on: frozenset[FailOn]
    harms: frozenset[Harm]
    waivers: tuple[Waiver, ...]

    def on(self, day: date, fail_on: frozenset[FailOn]) -> tuple[Policy, Waivers]:
        """The terms for a run on that day that is to fail on these too, and the waivers in it."""
        waivers = Waivers(self.waivers, day)
        return Policy(self.fail_on | fail_on, self.harms, (waivers,)), waivers


def read(path: Path) -> PolicyFile:
    """The policy in a file. Raises InputError with file and line."""
    model, positions = read_with_positions(path, PolicyModel)
    return PolicyFile(
        frozenset(model.fail_on),
        frozenset(model.fail_on_consequences),
        tuple(_waiver(one, at, positions) for at, one in enumerate(model.waivers)),
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of a policy file."""
    return PolicyModel.model_json_schema()


def _waiver(model: WaiverModel, at: int, positions: Positions) -> Waiver:
    return Waiver(
        why=" ".join(model.why.split()),
        position=positions["waivers", at],
        machine=model.machine,
        device=model.device,
        fact=model.fact,
        field=model.field,
        bits=model.bits,
        before=model.before,
        after=model.after,
        until=model.until,
    )
