"""`pciabi image`: guest images, built ahead of a run or listed."""

from __future__ import annotations

import click

from pciabi import resources
from pciabi.guest import image as images
from pciabi.report.terminal.following import following

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
    with following(f"image {recipe.stem}") as report:
        built = images.build(recipe, report)
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
