"""`pciabi run`: boots scenarios and reports what the guests saw."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from pciabi.cancellation import Cancellation
from pciabi.cli.ending import Ending, pass_ending, untested_option
from pciabi.cli.options import SPEC, SPEC_EPILOG, selection
from pciabi.errors import CannotTest, Interrupted
from pciabi.probe.guest_host import guest_host
from pciabi.qemu.wish import Wish
from pciabi.report import folder
from pciabi.report.terminal.errors import print_error
from pciabi.report.terminal.printing import print_result
from pciabi.report.terminal.watching import watch
from pciabi.result.result import Result
from pciabi.scenario import load
from pciabi.scenario.case import Case
from pciabi.scenario.run import run as run_cases
from pciabi.scenario.selection import select
from pciabi.scenario_files import find
from pciabi.signals import held, stopping


def chosen(wanted: Sequence[str], options: Sequence[str]) -> tuple[Case, ...]:
    """The cases meant by the command line. Raises InputError."""
    cases = [case for path in find(wanted) for case in load.cases(path)]
    return select(cases, selection(options))


@click.command(epilog=SPEC_EPILOG)
@click.argument("scenarios", nargs=-1, metavar="[NAME, PATH or GLOB]...")
@click.option(
    "--select",
    "selected",
    multiple=True,
    metavar="AXIS=VALUE[,VALUE]",
    help="Only cases with this value of a matrix axis, such as machine=q35.",
)
@click.option("--list", "only_list", is_flag=True, help="List the cases and boot nothing.")
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="Where the run's own folder is made.",
)
@click.option(
    "--qemu",
    metavar=SPEC,
    help="The QEMU to use instead of the one on PATH.",
)
@click.option(
    "--accel",
    type=click.Choice([wish.value for wish in Wish]),
    default=Wish.AUTO.value,
    show_default=True,
    help="auto: KVM where it really runs guest code, otherwise TCG.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 64),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="one a CPU",
    help="How many guests at once.",
)
@untested_option
@pass_ending
def run(
    ending: Ending,
    scenarios: tuple[str, ...],
    selected: tuple[str, ...],
    only_list: bool,  # noqa: FBT001 - click hands flags over by name
    report_dir: Path,
    qemu: str | None,
    accel: str,
    jobs: int,
) -> int:
    """Boot scenarios and compare what the guest sees; all shipped ones unless some are named."""
    cases = chosen(scenarios, selected)
    if only_list:
        for case in cases:
            click.echo(case.title)
        return 0
    cancellation = Cancellation()
    with stopping(cancellation):
        with watch() as tell, guest_host(Wish(accel), cancellation, tell) as host:
            result = run_cases(cases, qemu, jobs, host, tell)
        code = ending.code(conclude(result, report_dir))
        cancellation.check()
        return code


def conclude(result: Result, report_dir: Path) -> tuple[int, ...]:
    """Report a run, and say with which codes to exit. What was found out is printed even where
    no report can be written, or nobody waits for it."""
    try:
        files = folder.rendered(result)
    except Interrupted:
        print_result(result, None)
        raise
    # A report whose writing has begun is finished.
    with held():
        try:
            written = folder.write_files(files, report_dir, result.started) / folder.PAGE
        except CannotTest as error:
            print_result(result, None)
            print_error(error)
            return (*result.exit_codes, error.exit_code)
        print_result(result, written)
        return result.exit_codes
