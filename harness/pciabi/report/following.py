"""Long work on packages, followed on the terminal and stopped by a signal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from pciabi.cancellation import Cancellation
from pciabi.distribution.progress import Progress, Report
from pciabi.report.terminal import is_plain, say
from pciabi.signals import stopping


@contextmanager
def following(label: str) -> Iterator[Report]:
    """Whom to tell of progress. SIGINT and SIGTERM raise Interrupted at its next report."""
    cancellation = Cancellation()
    with stopping(cancellation), _showing(label) as show:

        def report(progress: Progress) -> None:
            cancellation.check()
            show(progress)

        try:
            yield report
        except Exception:
            # A tool that a signal ended is no fault of the work's.
            cancellation.check()
            raise


@contextmanager
def _showing(label: str) -> Iterator[Report]:
    """A bar on a terminal, one line for each stage elsewhere."""
    console = Console(stderr=True, highlight=False)
    if is_plain(console):
        stages: list[str] = []

        def line(progress: Progress) -> None:
            if progress.stage not in stages:
                stages.append(progress.stage)
                say(console, f"{label}: {progress.stage}")

        yield line
        return
    text = TextColumn("{task.fields[label]}: {task.description}")
    columns = (text, BarColumn(), TextColumn("{task.fields[amount]}"), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, label=label, amount="")

        def show(progress: Progress) -> None:
            bar.update(
                task,
                description=progress.stage,
                completed=progress.done,
                total=progress.total or None,
                amount=_amount(progress),
            )

        yield show


def _amount(progress: Progress) -> str:
    if not progress.total:
        return ""
    return f"{100 * progress.done // progress.total} %"
