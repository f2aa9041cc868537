"""`pciabi lint`: what is wrong with configurations, without running anything."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from pciabi.errors import CannotTest, worst
from pciabi.lint import baseline, configuration, files
from pciabi.lint.configuration import Configuration
from pciabi.lint.engine import FileResult, Guest, Profile, Settings
from pciabi.lint.finding import Severity
from pciabi.lint.rule import matching
from pciabi.lint.run import run, without_vm
from pciabi.report import whole_file
from pciabi.report.formats import formats, writer
from pciabi.report.lint import writers

DEFAULT_SELECT = ("address",)


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option("--type", "type_", metavar="FORMAT", help="The files' format, instead of looking.")
@click.option("--select", multiple=True, metavar="RULE", help="Apply these rules, too.")
@click.option("--ignore", multiple=True, metavar="RULE", help="Do not apply these rules.")
@click.option(
    "--profile",
    type=click.Choice([profile.value for profile in Profile]),
    help="How the files are used; with define-once libvirt keeps the addresses it chose.",
)
@click.option(
    "--guest",
    type=click.Choice([guest.value for guest in Guest]),
    help="What runs in the VMs, where a file does not tell: machine-type-ends asks.",
)
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    help="The least severity that makes the exit code 1; warning unless told otherwise.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(formats(writers)),
    default="text",
    show_default=True,
    help="How findings are printed.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="Print them there.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The project's settings, instead of the nearest .pciabi.toml or pyproject.toml.",
)
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Leave these out, as .gitignore does."
)
@click.option(
    "--baseline",
    "baseline_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Leave out the findings in this file.",
)
@click.option(
    "--write-baseline",
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="Write all findings to this file and succeed.",
)
@click.option("--explain", metavar="RULE", help="Print a rule's manual page.")
def lint(
    paths: tuple[str, ...],
    type_: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    profile: str | None,
    guest: str | None,
    fail_on: str | None,
    format_: str,
    output: Path | None,
    config: Path | None,
    exclude: tuple[str, ...],
    baseline_file: Path | None,
    write_baseline: Path | None,
    explain: str | None,
) -> int:
    """Find devices without a pinned PCI address, and related hazards.

    PATH is a file, a folder, or - for standard input. Nothing is run and nothing is written
    but what -o and --write-baseline name.
    """
    if explain is not None:
        return explained(explain)
    if not paths:
        raise click.UsageError("name a file, a folder, or - for standard input")
    own = configuration.load(config) if config else configuration.find(Path.cwd())
    settings = replace(
        settings_of(own, select, ignore, Profile(profile) if profile else None, type_),
        guest=Guest(guest) if guest else own.guest,
    )
    known = baseline.load(baseline_file) if baseline_file else Counter[baseline.Key]()
    standard_input = _standard_input() if files.STDIN in paths else b""
    found = tuple(files.find(paths, (*own.exclude, *exclude)))
    results = run(found, settings, standard_input)
    results = (*results, *without_vm(paths, results))
    if write_baseline is not None:
        whole_file.emit(baseline.render(results), write_baseline)
        for result in results:
            if result.error is not None:
                click.echo(f"pciabi: {result.error}", err=True)
        return exit_code(results, None)
    results = baseline.without(results, known)
    emit = whole_file.emit if format_ == "text" else whole_file.emit_document
    emit(writer(writers, format_).render(results), output)
    return exit_code(results, Severity(fail_on) if fail_on else own.fail_on or Severity.WARNING)


def _standard_input() -> bytes:
    # None where whoever started us has closed it.
    if sys.stdin is None:
        raise CannotTest("standard input is closed", advice="- reads a configuration from it")
    return sys.stdin.buffer.read(files.MAX_BYTES + 1)


def settings_of(
    own: Configuration,
    select: Sequence[str],
    ignore: Sequence[str],
    profile: Profile | None,
    type_: str | None,
) -> Settings:
    """The project's settings with the command line's on top. Raises InputError."""
    for word in (*select, *ignore):
        matching(word)
    return Settings(
        select=(*(own.select or DEFAULT_SELECT), *select),
        ignore=(*own.ignore, *ignore),
        severities=own.severities,
        path_ignores=own.path_ignores,
        profile=profile or own.profile or Profile.REDEFINED,
        type=type_,
    )


def exit_code(results: Sequence[FileResult], fail_on: Severity | None) -> int:
    """2 where a file could not be read or a path holds no VM, 1 for findings that count, else 0."""
    unread = any(result.error is not None for result in results)
    counted = fail_on is not None and any(
        finding.severity.weight >= fail_on.weight
        for result in results
        for finding in result.findings
    )
    return worst([0, *([2] if unread else []), *([1] if counted else [])])


def explained(word: str) -> int:
    """Print the manual pages of the rules a word means."""
    from pciabi.report.lint.manual import page

    click.echo("\n".join(page(loaded) for loaded in matching(word)), nl=False)
    return 0
