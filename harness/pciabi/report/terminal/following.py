"""Long work on packages, followed on the terminal and stopped by a signal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pciabi.cancellation import Cancellation
from pciabi.distribution.progress import Progress, Report
from pciabi.report.terminal.output import PlainOutput, standard_error
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
    output = standard_error()
    if not isinstance(output, PlainOutput):
        with _bar(label) as show:
            yield show
        return
    stages: list[str] = []

    def line(progress: Progress) -> None:
        if progress.stage not in stages:
            stages.append(progress.stage)
            output.say(f"{label}: {progress.stage}")

    yield line


@contextmanager
def _bar(label: str) -> Iterator[Report]:
    # Not above: a log has no use for it.
    from rich import progress as bars
    from rich.console import Console

    text = bars.TextColumn("{task.fields[label]}: {task.description}")
    amount = bars.TextColumn("{task.fields[amount]}")
    columns = (text, bars.BarColumn(), amount, bars.TimeElapsedColumn())
    console = Console(stderr=True, highlight=False)
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, label=label, amount="")

        def show(progress: Progress) -> None:
            share = f"{100 * progress.done // progress.total} %" if progress.total else ""
            bar.update(
                task,
                description=progress.stage,
                completed=progress.done,
                total=progress.total or None,
                amount=share,
            )

        yield show
