"""What a rule found. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pciabi.vm.pci_vm import Span


class Severity(StrEnum):
    """How bad a finding is, worst last."""

    ADVICE = "advice"
    WARNING = "warning"
    ERROR = "error"

    @property
    def weight(self) -> int:
        """Greater is worse."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Trouble:
    """What a rule's check yields: about which text, which device, in one sentence.

    `remedy` is what to write here to mend it. `severity` is set where it is another than the
    rule's.
    """

    span: Span
    device: str
    message: str
    remedy: str
    severity: Severity | None = None


@dataclass(frozen=True)
class Finding:
    """One finding in one file, ready for every report. `vm` is the VM's name."""

    code: str
    name: str
    severity: Severity
    span: Span
    vm: str
    device: str
    message: str
    remedy: str

    @property
    def sort_key(self) -> tuple[object, ...]:
        """By place, then code."""
        start = self.span.start
        return start.file, start.line, start.column, self.code, self.device
