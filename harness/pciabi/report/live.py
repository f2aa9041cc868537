"""Watching a run: a live table on a terminal, one line for each event elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pciabi.distribution.progress import Progress
from pciabi.probe.events import ImageProgressed, Label, Said, StageReached
from pciabi.report import printable, wording
from pciabi.report.terminal import STYLES, is_plain, say
from pciabi.scenario.events import Ended, Event, Planned, Tell
from pciabi.scenario.result import CaseResult

_REFRESHES_PER_SECOND = 4
# Lines of the terminal that are not for rows of running cases.
_RESERVED_LINES = 8


@contextmanager
def watch(console: Console | None = None) -> Iterator[Tell]:
    """Whom a run tells, for the time of the block; `console` is standard error unless given."""
    out = console or Console(stderr=True, highlight=False)
    if is_plain(out):
        yield Lines(out)
    else:
        with LiveTable(out) as table:
            yield table


class Lines:
    """For logs: one plain line for each ended case and each stage of an image."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = Lock()
        self._image_stage: tuple[str, str] | None = None
        self._total = 0
        self._ended = 0

    def __call__(self, event: Event) -> None:
        """Print what is worth a line. A log is read afterwards, so no stage of a boot is."""
        with self._lock:
            match event:
                case Said(line):
                    say(self._console, line)
                case ImageProgressed(image, progress):
                    self._begin(image, progress.stage)
                case Planned(cases):
                    self._total = cases
                case Ended(result):
                    self._ended += 1
                    line = wording.line(result)
                    say(self._console, f"[{self._ended}/{self._total}] {line}")

    def _begin(self, image: str, stage: str) -> None:
        if self._image_stage != (image, stage):
            self._image_stage = (image, stage)
            say(self._console, f"image {image}: {stage}")


@dataclass(frozen=True)
class _Running:
    label: Label
    stage: str
    since: float


class LiveTable:
    """For a terminal: what runs now, what has ended, and for how long.

    A context manager. The table goes away at the end; of a run that was stopped, the cases that
    had ended are printed to stay.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = Lock()
        self._started = time.monotonic()
        self._total = 0
        self._running: dict[str, _Running] = {}
        self._ended: list[CaseResult] = []
        self._image: tuple[str, Progress] | None = None
        self._live = Live(
            console=console,
            get_renderable=self.renderable,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()
        if kind is not None:
            for result in self._ended:
                say(self._console, wording.line(result), style=STYLES[wording.standing(result)])

    def __call__(self, event: Event) -> None:
        """Show it in the table; what was said is printed above."""
        if isinstance(event, Said):
            say(self._console, event.line)
            return
        with self._lock:
            match event:
                case ImageProgressed(image, progress):
                    self._image = (image, progress)
                case Planned(cases):
                    self._total = cases
                case StageReached(label, stage):
                    self._image = None
                    self._running[label.case] = _Running(label, stage, self._since(label))
                case Ended(result):
                    self._image = None
                    self._running.pop(result.case.title, None)
                    self._ended.append(result)

    def _since(self, label: Label) -> float:
        known = self._running.get(label.case)
        return known.since if known else time.monotonic()

    def renderable(self) -> RenderableType:
        """What is on the screen now."""
        with self._lock:
            parts: list[RenderableType] = []
            if self._running:
                parts.append(self._table())
            if self._image is not None:
                parts.append(_image_row(*self._image))
            parts.append(self._summary())
            return Group(*parts)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("running", overflow="ellipsis", no_wrap=True, max_width=44)
        table.add_column("boot", no_wrap=True)
        table.add_column("stage", overflow="ellipsis", no_wrap=True)
        table.add_column("time", justify="right", no_wrap=True)
        room = max(1, self._console.height - _RESERVED_LINES)
        for running in list(self._running.values())[:room]:
            table.add_row(
                Text(printable.line(running.label.case)),
                f"{running.label.boot + 1}/{running.label.boots}" if running.label.boots else "-",
                Text(printable.line(running.stage)),
                wording.seconds(time.monotonic() - running.since),
            )
        return table

    def _summary(self) -> Text:
        elapsed = wording.seconds(time.monotonic() - self._started)
        if not self._total:
            # Hardware is read without any case, or an image is made before the first.
            return Text(f"at work, {elapsed}")
        summary = Text(f"{len(self._ended)} of {self._total} cases ended")
        for standing in wording.Standing:
            ended = [r for r in self._ended if wording.standing(r) is standing]
            if ended:
                summary.append(f", {len(ended)} {wording.shared_word(ended)}", STYLES[standing])
        return summary.append(f", {elapsed}")


def _image_row(name: str, progress: Progress) -> RenderableType:
    row = Table.grid(padding=(0, 2, 0, 0))
    label = Text(printable.line(f"image {name}: {progress.stage}"))
    if not progress.total:
        row.add_row(label, ProgressBar(pulse=True, width=24))
        return row
    bar = ProgressBar(total=progress.total, completed=progress.done, width=24)
    row.add_row(label, bar, f"{100 * progress.done // progress.total} %")
    return row
