"""How far long work is, as a bar on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from pciabi.distribution.progress import Progress, Report


@contextmanager
def showing(label: str) -> Iterator[Report]:
    """Whom to tell of progress, for the time of the block; then the bar goes away."""
    text = TextColumn("{task.fields[label]}: {task.description}")
    columns = (text, BarColumn(), TextColumn("{task.fields[amount]}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
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
