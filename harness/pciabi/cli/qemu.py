"""`pciabi qemu`: released QEMUs to compare with, fetched from the Debian archive."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import click

from pciabi import __version__
from pciabi.errors import InputError, PackageError
from pciabi.qemu import acquire, binary, release, spec
from pciabi.qemu.binary import Binary
from pciabi.qemu.release import Release
from pciabi.report.terminal.following import following

_DIGITS = 12
_SCHEMA = "pciabi-qemus/1"


@dataclass(frozen=True)
class Listed:
    """One QEMU: what `--qemu` takes for it, where it comes from, and its exact version.

    `origin` is `path`, `cache` or `named`; `fault` is why it cannot be used.
    """

    name: str
    origin: str
    version: str
    package: str
    banner: str
    place: str
    digest: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    fault: str = ""

    def line(self) -> str:
        """For people."""
        others = [f"{name} {version}" for name, version in list(self.packages.items())[1:]]
        words = [self.name, f"QEMU {self.version}", self.package, ", ".join(others)]
        words += [self.digest[:_DIGITS], self.place, self.fault]
        return "  ".join(word for word in words if word)


@click.group()
def qemu() -> None:
    """Fetch, list and run released QEMUs."""


@qemu.command()
@click.argument("wanted", nargs=-1, required=True, metavar="VERSION or debian:SUITE...")
@click.option(
    "--mirror",
    metavar="URI",
    help="The archive to fetch from, instead of the one the host's apt uses; a snapshot of the "
    "past may be named too. Its signatures are checked, its age is not.",
)
@click.option("--update", is_flag=True, help="Ask the archive again though the cache has one.")
def get(
    wanted: tuple[str, ...],
    mirror: str | None,
    update: bool,  # noqa: FBT001 - click hands flags over by name
) -> None:
    """Fetch a released QEMU into the cache, with its own firmware and libraries.

    Needs neither root nor a container. What is in the cache already is not fetched again.
    """
    for each in [spec.released(text) for text in wanted]:
        with following(f"qemu {each}") as report:
            if mirror is not None or update:
                found = acquire.fetch(each, mirror, report)
            else:
                found = acquire.ensure(each, report)
        click.echo(_of_release(found).line())


@qemu.command(name="list")
@click.argument("named", nargs=-1, metavar="[QEMU]...")
@click.option("--json", "as_json", is_flag=True, help="A JSON document instead of lines.")
def list_qemus(
    named: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - click hands flags over by name
) -> None:
    """List the QEMUs on PATH, in the cache and at the paths you name, with exact versions."""
    found = list(_listed(named))
    if as_json:
        click.echo(json.dumps(_document(found), indent=1))
        return
    for each in found:
        click.echo(each.line())


@qemu.command()
@click.argument("wanted", nargs=-1, required=True, metavar="VERSION or debian:SUITE...")
def remove(wanted: tuple[str, ...]) -> None:
    """Remove released QEMUs from the cache: all that fit."""
    for each in [spec.released(text) for text in wanted]:
        fitting = [known for known in release.known() if known.is_meant(each)]
        if not fitting:
            raise InputError(f"no QEMU {each} is in the cache", advice="pciabi qemu list")
        with following(f"qemu {each}") as report:
            for known in fitting:
                release.remove(known, acquire.waiting(report))
                click.echo(f"removed {_of_release(known).line()}")


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
    for known in release.known():
        yield _of_release(known)
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


def _of_release(known: Release) -> Listed:
    fault = ""
    try:
        release.verify(known)
    except PackageError as error:
        fault = str(error)
    return Listed(
        name=known.name,
        origin="cache",
        version=".".join(str(number) for number in known.manifest.version),
        package=known.package_version,
        banner=known.manifest.banner,
        place=str(known.folder),
        digest=known.digest,
        packages=dict(known.told),
        fault=fault,
    )


def _document(found: list[Listed]) -> dict[str, Any]:
    parts = [vars(each) for each in found]
    return {"schema": _SCHEMA, "tool": "pciabi", "version": __version__, "qemus": parts}
