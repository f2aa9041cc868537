"""The kinds of change as SARIF rules: what each is, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from pciabi.abi.families import kinds
from pciabi.report.sarif import ReportingDescriptor

UNKNOWN = "unknown"

_UNKNOWN_RULE = ReportingDescriptor(
    UNKNOWN,
    "Not known",
    "At least one side did not show this, so nothing is proved about it.",
    "Take both sides with the same probe, and from the whole of lspci's output "
    "(`lspci -D -nn -vvv -xxxx`, as root).",
    "none",
)


def change_rules() -> Mapping[str, ReportingDescriptor]:
    """The rules by their words: one for each kind of change, and one for what is not known."""
    found = {
        str(kind): ReportingDescriptor(
            str(kind), kind.advice.title, kind.advice.meaning, kind.advice.remedy
        )
        for kind in kinds()
    }
    return {**found, UNKNOWN: _UNKNOWN_RULE}


def rule_index(word: str) -> int:
    """Where the rule of that word stands among them."""
    return (*kinds(), UNKNOWN).index(word)
