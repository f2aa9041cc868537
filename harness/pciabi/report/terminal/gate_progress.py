"""Watching a gate: a bar on a terminal; elsewhere a line now and then, none of a short one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from pciabi.events import Event, ImageProgressed, ReadingsEnded, Said, StageReached, Tell
from pciabi.report import printable
from pciabi.report.terminal.output import Output, PlainOutput, StyledOutput, standard_error
from pciabi.report.words.remaining import remaining

if TYPE_CHECKING:
    from rich.progress import Progress

_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def watch(output: Output | None = None) -> Iterator[Tell]:
    """Whom a gate tells, for the time of the block; `output` is standard error unless given."""
    out = output or standard_error()
    if isinstance(out, PlainOutput):
        yield Lines(out)
        return
    from rich import progress as bars

    text = bars.TextColumn("{task.description}", markup=False)
    amount = bars.TextColumn("{task.fields[amount]}", markup=False)
    columns = (text, bars.BarColumn(), amount, bars.TimeElapsedColumn())
    with bars.Progress(*columns, console=out.console, transient=True) as bar:
        yield Bar(out, bar)


class Lines:
    """For logs: how far it is, when some seconds have passed since that was last said."""

    def __init__(self, output: PlainOutput, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._clock = clock
        self._lock = Lock()
        self._started = self._said = clock()
        self._image_stage = ""

    def __call__(self, event: Event) -> None:
        """Print what is worth a line."""
        with self._lock:
            match event:
                case Said(line):
                    self._output.say(line)
                case ImageProgressed(image, progress):
                    self._say_once(f"image {image}: {progress.stage}")
                case ReadingsEnded(ended, planned):
                    self._count(ended, planned)

    def _say_once(self, stage: str) -> None:
        if stage != self._image_stage:
            self._image_stage = stage
            self._output.say(stage)

    def _count(self, ended: int, planned: int) -> None:
        now = self._clock()
        if ended < planned and now - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = now
            rest = remaining(now - self._started, ended, planned)
            self._output.say(f"[{ended}/{planned}] machines read, {rest}")


class Bar:
    """For a terminal: a bar of the machines that were read, and how long the rest will take."""

    def __init__(self, output: StyledOutput, bar: Progress) -> None:
        self._output = output
        self._bar = bar
        self._task = bar.add_task("starting", total=None, amount="")
        self._started = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Show it in the bar; what was said is printed above."""
        match event:
            case Said(line):
                self._output.say(line)
            case ImageProgressed(image, progress):
                self._describe(f"image {image}: {progress.stage}")
            case StageReached(label, stage):
                self._describe(f"{label.case}: {stage}")
            case ReadingsEnded(ended, planned):
                rest = remaining(time.monotonic() - self._started, ended, planned)
                amount = f"{ended}/{planned} {rest}".rstrip()
                self._bar.update(self._task, completed=ended, total=planned, amount=amount)
                self._describe("reading machines")

    def _describe(self, words: str) -> None:
        self._bar.update(self._task, description=printable.line(words))
