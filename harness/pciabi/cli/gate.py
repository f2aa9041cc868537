"""`pciabi gate`: whether VMs may go to another hypervisor or machine type."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from pciabi.cancellation import Cancellation
from pciabi.cli.baselines import accept_baselines, record_baselines
from pciabi.cli.ending import Ending, pass_ending, untested_option
from pciabi.cli.gate_host import host_for
from pciabi.cli.options import SPEC_EPILOG
from pciabi.cli.policy_options import PolicyAsked, policy_options
from pciabi.cli.result_options import conclude, result_options
from pciabi.cli.sides_options import SidesAsked, sides_options
from pciabi.errors import CannotTest
from pciabi.gate import baselines
from pciabi.gate.configurations import named_by
from pciabi.gate.question import Question
from pciabi.gate.run import run
from pciabi.gate.since import earlier, only_new
from pciabi.gate.waived import waived
from pciabi.gate.workers import threads
from pciabi.report import step_summary
from pciabi.report.terminal.errors import print_error
from pciabi.report.terminal.printing import print_causes
from pciabi.result.coverage import Skipped
from pciabi.result.policy import FailOn
from pciabi.result.result import Result
from pciabi.signals import stopping


@click.command(epilog=SPEC_EPILOG)
@click.argument("configurations", nargs=-1, metavar="CONFIG...")
@sides_options
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Leave these out, as .gitignore does."
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 256),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="one a CPU",
    help="How many machines are read at once.",
)
@result_options
@click.option(
    "--causes",
    is_flag=True,
    help="List the properties too that differ without any effect on a guest.",
)
@policy_options
@untested_option
@pass_ending
def gate(
    ending: Ending,
    configurations: tuple[str, ...],
    exclude: tuple[str, ...],
    fail_on: tuple[str, ...],
    jobs: int,
    form: str,
    report_dir: Path | None,
    causes: bool,  # noqa: FBT001 - click hands flags over by name
    sides: SidesAsked,
    asked: PolicyAsked,
) -> int:
    """Say whether VMs may go to another QEMU or machine type, and what guests notice.

    CONFIG is a scenario, a QEMU command line or a libvirt domain, a folder of such files, or a
    pattern.
    """
    if not configurations:
        raise click.UsageError("name the VMs' configurations: files, folders or patterns")
    asked = asked.beside(sides.old, sides.beside_the_old_qemu)
    if asked.against is not None:
        sides = sides.without_the_old_qemu
    if not sides.differ and asked.against is None and asked.record is None:
        raise click.UsageError("say what the VMs are to go to: --to SPEC or --to-machine TYPE")
    named = named_by(configurations, exclude, sides.select)
    terms, waivers = asked.terms(frozenset(map(FailOn, fail_on)))
    question = Question(
        vms=named.judged,
        before=sides.before,
        after=sides.after,
        terms=terms,
        backwards=sides.both_ways,
    )
    cancellation = Cancellation()
    with stopping(cancellation):
        with ExitStack() as stack:
            host = stack.enter_context(host_for(sides.probe, sides.accel, cancellation))
            workers = stack.enter_context(threads(host, jobs))
            if asked.record is not None:
                code = record_baselines(asked.record, named.judged, question.before, host, workers)
                return ending.code([code])
            question, skipped = _held(question, named.skipped, asked)
            result = run(question, skipped, host, workers)
        # A QEMU that was ended for it is no fault of the VM's.
        cancellation.check()
        if asked.new_since is not None:
            result = only_new(result, asked.new_since)
        if waivers is not None:
            result = waived(result, waivers)
        _append_step_summary(result)
        codes = conclude(result, form, report_dir)
        if causes and form == "text":
            print_causes(result)
        if not asked.accept or question.baselines is None:
            return ending.code(codes)
        return ending.code(accept_baselines(question.baselines, result, aloud=form == "text"))


def _held(
    question: Question, skipped: tuple[Skipped, ...], asked: PolicyAsked
) -> tuple[Question, tuple[Skipped, ...]]:
    """The question with what its VMs are held against beside the two sides: their baselines, and
    what they were at a revision. Raises InputError, CannotTest."""
    vms = question.vms
    if asked.against is not None:
        skipped = tuple(baselines.skipped(asked.against, vms, skipped))
        held, vms = baselines.against(asked.against, vms, question.families)
        question = replace(question, baselines=held)
    if asked.new_since is not None:
        vms = (*vms, *earlier(asked.new_since, vms, question.before.select))
    return replace(question, vms=vms), skipped


def _append_step_summary(result: Result) -> None:
    try:
        step_summary.append(result)
    except CannotTest as error:
        # A verdict is no other one because a page of the CI server's has no room for it.
        print_error(error)
