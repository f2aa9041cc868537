"""What the commands for released programs share: fetching them, listing and removing them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from pciabi import __version__
from pciabi.distribution import acquire, release
from pciabi.distribution.acquire import Recipe
from pciabi.distribution.release import Product, Release
from pciabi.distribution.suites import Suite, Version
from pciabi.errors import InputError, PackageError
from pciabi.report.terminal.following import following

_DIGITS = 12
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Listed:
    """One program: what a SPEC takes for it, where it comes from, and its exact version.

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

    def line(self, title: str) -> str:
        """For people; `title` is the program's name."""
        others = [f"{name} {version}" for name, version in list(self.packages.items())[1:]]
        words = [self.name, f"{title} {self.version}", self.package, ", ".join(others)]
        words += [self.digest[:_DIGITS], self.place, self.fault]
        return "  ".join(word for word in words if word)


def wanted_argument(command: F) -> F:
    """The releases that a user names."""
    metavar = "VERSION or debian:SUITE..."
    return click.argument("wanted", nargs=-1, required=True, metavar=metavar)(command)


def source_options(command: F) -> F:
    """Where a release is fetched from, and when."""
    command = click.option(
        "--update", is_flag=True, help="Ask the archive again though the cache has one."
    )(command)
    return click.option(
        "--mirror",
        metavar="URI",
        help="The archive to fetch from, instead of the one the host's apt uses; a snapshot of the "
        "past may be named too. Its signatures are checked, its age is not.",
    )(command)


def json_option(command: F) -> F:
    """Whether a listing is to be a document."""
    return click.option(
        "--json", "as_json", is_flag=True, help="A JSON document instead of lines."
    )(command)


def fetch(recipe: Recipe, wanted: Sequence[Suite | Version], mirror: str | None) -> None:
    """Fetch what an archive holds now, and say what it is."""
    for each in wanted:
        with following(f"{recipe.product.kind} {each}") as report:
            found = acquire.fetch(recipe, each, mirror, report)
        _echo(found)


def ensure(recipe: Recipe, wanted: Sequence[Suite | Version]) -> None:
    """Fetch what the cache has not, and say what it is."""
    for each in wanted:
        with following(f"{recipe.product.kind} {each}") as report:
            found = acquire.ensure(recipe, each, report)
        _echo(found)


def remove(product: Product, wanted: Sequence[Suite | Version]) -> Iterator[Release]:
    """Remove all that fit, say what they were, and hand each on. Raises InputError where none
    does."""
    for each in wanted:
        fitting = [known for known in release.known(product) if known.is_meant(each)]
        if not fitting:
            raise InputError(
                f"no {product.title} {each} is in the cache", advice=f"pciabi {product.kind} list"
            )
        with following(f"{product.kind} {each}") as report:
            for known in fitting:
                release.remove(known, acquire.waiting(report))
                click.echo(f"removed {_listed(known).line(product.title)}")
                yield known


def of_release(known: Release) -> Listed:
    """How a release in the cache is listed, once its files are looked at."""
    try:
        release.verify(known)
    except PackageError as error:
        return _listed(known, str(error))
    return _listed(known)


def _listed(known: Release, fault: str = "") -> Listed:
    return Listed(
        name=known.spec,
        origin="cache",
        version=".".join(str(number) for number in known.manifest.version),
        package=known.package_version,
        banner=known.manifest.banner,
        place=str(known.folder),
        digest=known.digest,
        packages=dict(known.told),
        fault=fault,
    )


def echo(product: Product, found: Sequence[Listed]) -> None:
    """The listing for people."""
    for each in found:
        click.echo(each.line(product.title))


def echo_document(product: Product, found: Sequence[Listed]) -> None:
    """The listing as a JSON document."""
    plural = f"{product.kind}s"
    document = {
        "schema": f"pciabi-{plural}/1",
        "tool": "pciabi",
        "version": __version__,
        plural: [vars(each) for each in found],
    }
    click.echo(json.dumps(document, indent=1))


def _echo(found: Release) -> None:
    echo(found.product, (of_release(found),))
