"""Who watches a run: told what begins, where it stands, and how it ended."""

from __future__ import annotations

from typing import Protocol

from pciabi.distribution.progress import Progress
from pciabi.result.entry import Entry
from pciabi.scenario.case import Case


class Observer(Protocol):
    """Receives a run's progress, possibly from several threads at once."""

    def said(self, line: str) -> None:
        """Something worth one line: which accelerator was chosen, and why."""

    def image(self, name: str, progress: Progress) -> None:
        """A guest image is being built."""

    def planned(self, cases: tuple[Case, ...]) -> None:
        """These cases will be run, in this order."""

    def stage(self, case: Case, boot: int, stage: str) -> None:
        """Boot number `boot` (from 0) of a case has reached a stage."""

    def ended(self, result: Entry) -> None:
        """A case has ended."""
