"""`pciabi qemu`: released QEMUs to compare with, fetched from the Debian archive."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import click

from pciabi.cli import releases
from pciabi.cli.releases import Listed
from pciabi.distribution import release
from pciabi.qemu import acquire, binary, spec
from pciabi.qemu.binary import Binary
from pciabi.qemu.product import QEMU


@click.group()
def qemu() -> None:
    """Fetch, list and run released QEMUs."""


@qemu.command()
@releases.wanted_argument
@releases.source_options
def get(
    wanted: tuple[str, ...],
    mirror: str | None,
    update: bool,  # noqa: FBT001 - click hands flags over by name
) -> None:
    """Fetch a released QEMU into the cache, with its own firmware and libraries.

    Needs neither root nor a container. What is in the cache already is not fetched again.
    """
    named = [spec.released(text) for text in wanted]
    if mirror is not None or update:
        releases.fetch(acquire.RECIPE, named, mirror)
    else:
        releases.ensure(acquire.RECIPE, named)


@qemu.command(name="list")
@click.argument("named", nargs=-1, metavar="[QEMU]...")
@releases.json_option
def list_qemus(
    named: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - click hands flags over by name
) -> None:
    """List the QEMUs on PATH, in the cache and at the paths you name, with exact versions."""
    found = list(_listed(named))
    if as_json:
        releases.echo_document(QEMU, found)
    else:
        releases.echo(QEMU, found)


@qemu.command()
@releases.wanted_argument
def remove(wanted: tuple[str, ...]) -> None:
    """Remove released QEMUs from the cache: all that fit."""
    for _ in releases.remove(QEMU, [spec.released(text) for text in wanted]):
        pass


@qemu.command(name="exec", context_settings={"allow_interspersed_args": False})
@click.argument("wanted", metavar="QEMU")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def execute(wanted: str, arguments: tuple[str, ...]) -> None:
    """Run a QEMU as pciabi does, with arguments of your own."""
    command = [*binary.find(wanted).command, *arguments]
    os.execvp(command[0], command)  # noqa: S606 - a list of words, no shell


def _listed(named: tuple[str, ...]) -> Iterator[Listed]:
    if shutil.which(binary.PROGRAM):
        yield _of_binary(binary.find(None), "path")
    for known in release.known(QEMU):
        yield releases.of_release(known)
    for name in named:
        yield _of_binary(binary.find(name), "named")


def _of_binary(found: Binary, origin: str) -> Listed:
    return Listed(
        name=found.name,
        origin=origin,
        version=found.version_text,
        package=found.package,
        banner=found.banner,
        place="",
    )
