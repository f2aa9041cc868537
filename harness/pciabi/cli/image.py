"""`pciabi image`: guest images, built ahead of a run or listed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from pciabi import resources
from pciabi.cancellation import Cancellation
from pciabi.distribution.progress import Progress, Report
from pciabi.guest import image as images
from pciabi.report.terminal import is_plain
from pciabi.signals import stopping

_DIGITS = 12


@click.group()
def image() -> None:
    """Build and list the guest images that scenarios boot."""


@image.command()
@click.argument("name", default="debian")
def build(name: str) -> None:
    """Build an image anew, from the packages the distribution has now.

    NAME is a recipe that ships with pciabi, or the path of one. `pciabi run` builds a missing
    image by itself.
    """
    recipe = resources.image_recipe(name)
    cancellation = Cancellation()
    with stopping(cancellation), _reporting(recipe.stem) as show:

        def report(progress: Progress) -> None:
            cancellation.check()
            show(progress)

        try:
            built = images.build(recipe, report)
        except Exception:
            # A tool that a signal ended is no fault of the image's.
            cancellation.check()
            raise
    click.echo(_line(built))


@image.command(name="list")
def list_images() -> None:
    """List the images in the cache: name, content, kernel, size and place."""
    for found in images.cached():
        click.echo(_line(found))


def _line(found: images.Image) -> str:
    files = (found.kernel, found.efi_kernel, found.initrd)
    size = sum(path.stat().st_size for path in files) / 1e6
    words = (found.name, found.digest[:_DIGITS], f"Linux {found.kernel_version}")
    return "  ".join((*words, f"{size:.0f} MB", str(found.kernel.parent)))


@contextmanager
def _reporting(name: str) -> Iterator[Report]:
    """Whom to tell of progress: a bar on a terminal, one line for each stage elsewhere."""
    console = Console(stderr=True, highlight=False)
    if is_plain(console):
        stages: list[str] = []

        def line(progress: Progress) -> None:
            if progress.stage not in stages:
                stages.append(progress.stage)
                click.echo(f"image {name}: {progress.stage}", err=True)

        yield line
        return
    text = TextColumn("image {task.fields[name]}: {task.description}")
    columns = (text, BarColumn(), TextColumn("{task.fields[amount]}"), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, name=name, amount="")

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
