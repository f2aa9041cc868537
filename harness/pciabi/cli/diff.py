"""`pciabi diff`: two snapshots, VMs or saved texts of lspci held against each other."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import click

from pciabi.abi.diff import Diff, Side
from pciabi.abi.diff import diff as held_against
from pciabi.abi.verdict import FailOn
from pciabi.cancellation import Cancellation
from pciabi.cli.options import (
    SPEC_EPILOG,
    Given,
    machine_option,
    probe_options,
    qemu_option,
    selection,
)
from pciabi.cli.watching import watching
from pciabi.errors import CannotTest, InputError, PciabiError, worst
from pciabi.qemu.wish import Wish
from pciabi.report import diff_text, folder, text, whole_file
from pciabi.signals import stopping
from pciabi.source.request import Probe, Request
from pciabi.source.take import take

RENDERERS = MappingProxyType(
    {
        "json": "pciabi.report.diff_json",
        "sarif": "pciabi.report.diff_sarif",
        "html": "pciabi.report.diff_html",
        "junit": "pciabi.report.diff_junit",
    }
)


@click.command(epilog=SPEC_EPILOG)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@qemu_option("qemu", "--qemu", text="The QEMU for both sides.")
@qemu_option("qemu_a", "--from", "--qemu-a", text="The QEMU for A.")
@qemu_option("qemu_b", "--to", "--qemu-b", text="The QEMU for B.")
@machine_option("machine", "--machine", text="The machine type for both sides.")
@machine_option("machine_a", "--from-machine", "--machine-a", text="The machine type for A.")
@machine_option("machine_b", "--to-machine", "--machine-b", text="The machine type for B.")
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice([fail_on.value for fail_on in FailOn]),
    help="What makes the exit code 1 besides a breaking change, which always does.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", *RENDERERS]),
    default="text",
    show_default=True,
    help="How the result is printed.",
)
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write all formats and both snapshots into a folder of their own there.",
)
@probe_options
def diff(
    before: str,
    after: str,
    qemu: Given | None,
    qemu_a: Given | None,
    qemu_b: Given | None,
    machine: Given | None,
    machine_a: Given | None,
    machine_b: Given | None,
    fail_on: tuple[str, ...],
    form: str,
    report_dir: Path | None,
    boot: bool,  # noqa: FBT001 - click hands flags over by name
    selected: tuple[str, ...],
    accel: str,
) -> int:
    """Say what a guest would notice between A and B.

    Each is a snapshot, a saved text of lspci from any guest, a scenario, of which the first
    boot counts, or a QEMU command line: its content tells. Configurations are started, on a
    QEMU and a machine type of each side's own where you say so.
    """
    probe = Probe.BOOT if boot else Probe.COLD
    select = selection(selected)

    def request(name: str, own_qemu: Given | None, own_machine: Given | None, side: str) -> Request:
        own = tuple(given.option for given in (own_qemu, own_machine) if given is not None)
        asked = (_value(own_qemu or qemu), _value(own_machine or machine), own)
        return Request(name, *asked, probe, Wish(accel), select, side)

    requests = (
        request(before, qemu_a, machine_a, "A (before)"),
        request(after, qemu_b, machine_b, "B (after)"),
    )
    started = datetime.now(UTC)
    cancellation = Cancellation()
    with stopping(cancellation):
        sides = [_taken(each, cancellation) for each in requests]
        errors = [side for side in sides if isinstance(side, PciabiError)]
        if errors:
            for error in errors:
                text.print_error(error)
            return worst([error.exit_code for error in errors])
        one, two = (side for side in sides if isinstance(side, Side))
        result = held_against(one, two, frozenset(map(FailOn, fail_on)))
        return _conclude(result, form, report_dir, started)


def _value(given: Given | None) -> str | None:
    return None if given is None else given.value


def _taken(request: Request, cancellation: Cancellation) -> Side | PciabiError:
    """The side, or why there is none: the other one may be wrong too."""
    try:
        return take(request, cancellation, watching)
    except (InputError, CannotTest) as error:
        cancellation.check()
        return error


def _conclude(result: Diff, form: str, report_dir: Path | None, started: datetime) -> int:
    """Report, and say with which code to exit. What was found out is printed even where no
    report can be written."""
    codes, written = [result.exit_code], None
    if report_dir is not None:
        try:
            written = folder.write_diff(result, report_dir, started)
        except CannotTest as error:
            text.print_error(error)
            codes.append(error.exit_code)
    if form == "text":
        diff_text.print_diff(result, written)
    else:
        whole_file.emit_document(importlib.import_module(RENDERERS[form]).render(result))
    return worst(codes)
