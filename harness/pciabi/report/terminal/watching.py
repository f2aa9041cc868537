"""Watching a run: a live table on a terminal, one line for each event elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from pciabi.distribution.progress import Progress
from pciabi.report.terminal.output import Output, PlainOutput, standard_error
from pciabi.report.words import cases
from pciabi.result.entry import Entry

if TYPE_CHECKING:
    from pciabi.scenario.case import Case
    from pciabi.scenario.observe import Observer


@contextmanager
def observer(output: Output | None = None) -> Iterator[Observer]:
    """The observer for a run, for the time of the block; `output` is standard error unless
    given."""
    out = output or standard_error()
    if isinstance(out, PlainOutput):
        yield Lines(out)
        return
    from pciabi.report.terminal.live_table import LiveTable

    with LiveTable(out) as table:
        yield table


class Lines:
    """An observer for logs: one plain line for each ended case and each stage of an image."""

    def __init__(self, output: PlainOutput) -> None:
        self._output = output
        self._lock = Lock()
        self._image_stage: tuple[str, str] | None = None
        self._total = 0
        self._ended = 0

    def said(self, line: str) -> None:
        """Print the line."""
        with self._lock:
            self._output.say(line)

    def image(self, name: str, progress: Progress) -> None:
        """Print a stage when it begins."""
        with self._lock:
            if self._image_stage != (name, progress.stage):
                self._image_stage = (name, progress.stage)
                self._output.say(f"image {name}: {progress.stage}")

    def planned(self, cases: tuple[Case, ...]) -> None:
        """Keep the number for the lines to come."""
        with self._lock:
            self._total = len(cases)

    def stage(self, case: Case, boot: int, stage: str) -> None:
        """Say nothing: a log is read afterwards."""

    def ended(self, result: Entry) -> None:
        """Print how the case ended."""
        with self._lock:
            self._ended += 1
            self._output.say(f"[{self._ended}/{self._total}] {cases.line(result)}")
