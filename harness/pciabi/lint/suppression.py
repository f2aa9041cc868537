"""Comments in a file that accept a finding: `pciabi: ignore unpinned-nic because …`.

One covers the element or argument it stands in, or the one that begins on the next line;
`ignore-file` covers the whole file. A reason is demanded; one that covers nothing is reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pciabi.lint.finding import Finding, Severity
from pciabi.vm.formats import ConfigText
from pciabi.vm.pci_vm import Span

UNUSED = "unused-suppression"
UNEXPLAINED = "suppression-without-reason"
CODES = {UNEXPLAINED: "PCI901", UNUSED: "PCI902"}
_COMMENT = re.compile(
    r"(?:#|<!--|//|/\*|;)\s*pciabi:\s*(?P<verb>ignore-file|ignore)\b[ \t]*"
    r"(?P<rules>[A-Za-z][\w-]*(?:\s*,\s*[A-Za-z][\w-]*)*)?[ \t]*"
    r"(?P<reason>[^\n]*?)[ \t]*(?:--+>|\*/)?[ \t]*$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Suppression:
    """One comment: the rules it names, the reason it gives, and where it stands."""

    rules: tuple[str, ...]
    reason: str
    whole_file: bool
    line: int
    column: int

    def covers(self, finding: Finding) -> bool:
        """Whether it accepts this finding. Without a reason it accepts nothing."""
        if not self.reason or not {finding.name, finding.code} & set(self.rules):
            return False
        span = finding.span
        inside = span.start.line <= self.line <= span.last_line
        return self.whole_file or inside or span.start.line == self.line + 1


@dataclass(frozen=True)
class Kept:
    """The findings that no suppression covers, and how many were covered."""

    findings: tuple[Finding, ...]
    suppressed: int


def suppressions(source: ConfigText) -> tuple[Suppression, ...]:
    """Every suppression in a text, whatever its format."""
    return tuple(
        Suppression(
            rules=tuple(re.split(r"\s*,\s*", match["rules"])) if match["rules"] else (),
            reason=match["reason"],
            whole_file=match["verb"] == "ignore-file",
            line=source.text.count("\n", 0, match.start()) + 1,
            column=match.start() - source.text.rfind("\n", 0, match.start()),
        )
        for match in _COMMENT.finditer(source.text)
    )


def apply(source: ConfigText, findings: Sequence[Finding]) -> Kept:
    """Leave out what the text suppresses, and add what is wrong with the suppressions."""
    written = suppressions(source)
    used = {s for s in written if any(s.covers(finding) for finding in findings)}
    kept = [f for f in findings if not any(s.covers(f) for s in written)]
    complaints = [_complaint(source, s) for s in written if s not in used]
    both = sorted([*kept, *complaints], key=lambda finding: finding.sort_key)
    return Kept(tuple(both), len(findings) - len(kept))


def _complaint(source: ConfigText, suppression: Suppression) -> Finding:
    name = UNUSED if suppression.reason and suppression.rules else UNEXPLAINED
    words = ", ".join(suppression.rules) or "nothing"
    message = {
        UNUSED: f"the suppression of {words} covers no finding",
        UNEXPLAINED: f"the suppression of {words} gives no reason, so it does not count",
    }[name]
    remedy = {
        UNUSED: "remove it, or put it on the line in front of what it is about",
        UNEXPLAINED: "write `pciabi: ignore RULE because …`",
    }[name]
    place = source.position(suppression.line, suppression.column)
    span = Span(place, suppression.line)
    return Finding(CODES[name], name, Severity.WARNING, span, "", "", message, remedy)
