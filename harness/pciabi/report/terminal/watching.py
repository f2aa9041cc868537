"""Watching a run: a live table on a terminal, one line for each event elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from pciabi.events import Ended, Event, ImageProgressed, Planned, Said, Tell
from pciabi.report.terminal.output import Output, PlainOutput, standard_error
from pciabi.report.words import cases


@contextmanager
def watch(output: Output | None = None) -> Iterator[Tell]:
    """Whom a run tells, for the time of the block; `output` is standard error unless given."""
    out = output or standard_error()
    if isinstance(out, PlainOutput):
        yield Lines(out)
        return
    from pciabi.report.terminal.live_table import LiveTable

    with LiveTable(out) as table:
        yield table


class Lines:
    """For logs: one plain line for each ended case and each stage of an image."""

    def __init__(self, output: PlainOutput) -> None:
        self._output = output
        self._lock = Lock()
        self._image_stage: tuple[str, str] | None = None
        self._total = 0
        self._ended = 0

    def __call__(self, event: Event) -> None:
        """Print what is worth a line. A log is read afterwards, so no stage of a boot is."""
        with self._lock:
            match event:
                case Said(line):
                    self._output.say(line)
                case ImageProgressed(image, progress):
                    self._begin(image, progress.stage)
                case Planned(total):
                    self._total = total
                case Ended(result):
                    self._ended += 1
                    self._output.say(f"[{self._ended}/{self._total}] {cases.line(result)}")

    def _begin(self, image: str, stage: str) -> None:
        if self._image_stage != (image, stage):
            self._image_stage = (image, stage)
            self._output.say(f"image {image}: {stage}")
