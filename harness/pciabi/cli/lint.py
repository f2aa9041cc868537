"""`pciabi lint`: what is wrong with configurations, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from pciabi.errors import InputError, SourcePosition, worst
from pciabi.lint.engine import FileResult, Profile, Settings
from pciabi.lint.engine import lint as lint_source
from pciabi.lint.finding import Severity
from pciabi.report import findings
from pciabi.vm.formats import Source

MAX_BYTES = 16_000_000


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--type", "type_", metavar="FORMAT", help="The format, instead of looking.")
@click.option("--select", multiple=True, metavar="RULE", help="Also apply these rules.")
@click.option("--ignore", multiple=True, metavar="RULE", help="Do not apply these rules.")
@click.option(
    "--profile",
    type=click.Choice([profile.value for profile in Profile]),
    default=Profile.REDEFINED.value,
    show_default=True,
    help="How the files are used; with define-once libvirt keeps what it chose.",
)
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.WARNING.value,
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
def lint(
    paths: tuple[Path, ...],
    type_: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    profile: str,
    fail_on: str,
) -> int:
    """Find devices without a pinned PCI address, and related hazards."""
    settings = Settings(("address", *select), ignore, profile=Profile(profile), type=type_)
    results = tuple(_result(path, settings) for path in paths)
    for line in findings.lines(results):
        click.echo(line)
    return exit_code(results, Severity(fail_on))


def exit_code(results: Sequence[FileResult], fail_on: Severity) -> int:
    """2 where a file could not be read, else 1 for findings that count, else 0."""
    unread = any(result.error is not None for result in results)
    counted = any(
        finding.severity.weight >= fail_on.weight
        for result in results
        for finding in result.findings
    )
    return worst([0, *([2] if unread else []), *([1] if counted else [])])


def _result(path: Path, settings: Settings) -> FileResult:
    try:
        return lint_source(_source(path), settings)
    except InputError as error:
        return FileResult(str(path), None, 0, (), error)


def _source(path: Path) -> Source:
    place = SourcePosition(str(path), 1)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=place) from error
    if len(raw) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES} bytes", place=place)
    try:
        return Source(str(path), raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", place=place) from error
