"""`pciabi diff`: two snapshots, VMs or saved texts of lspci held against each other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from pciabi.cancellation import Cancellation
from pciabi.cli.ending import Ending, pass_ending, untested_option
from pciabi.cli.options import (
    SPEC_EPILOG,
    Given,
    families,
    libvirt_option,
    libvirt_version,
    machine_option,
    probe_options,
    qemu_option,
    selection,
)
from pciabi.cli.result_options import conclude, result_options
from pciabi.cli.watching import watching
from pciabi.errors import CannotTest, InputError, PciabiError
from pciabi.qemu.wish import Wish
from pciabi.report.terminal.errors import print_error
from pciabi.result.judged import judge
from pciabi.result.policy import FailOn, Policy
from pciabi.result.result import of_two_sides
from pciabi.result.side import Side
from pciabi.signals import stopping
from pciabi.source.request import Probe, Request
from pciabi.source.take import take


@click.command(epilog=SPEC_EPILOG)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@qemu_option("qemu", "--qemu", text="The QEMU for both sides.")
@qemu_option("qemu_a", "--from", "--qemu-a", text="The QEMU for A.")
@qemu_option("qemu_b", "--to", "--qemu-b", text="The QEMU for B.")
@machine_option("machine", "--machine", text="The machine type for both sides.")
@machine_option("machine_a", "--from-machine", "--machine-a", text="The machine type for A.")
@machine_option("machine_b", "--to-machine", "--machine-b", text="The machine type for B.")
@libvirt_option("libvirt", "--libvirt", text="For both sides.")
@libvirt_option("libvirt_a", "--from-libvirt", text="For A.")
@libvirt_option("libvirt_b", "--to-libvirt", text="For B.")
@result_options
@untested_option
@probe_options
@pass_ending
def diff(
    ending: Ending,
    before: str,
    after: str,
    qemu: Given | None,
    qemu_a: Given | None,
    qemu_b: Given | None,
    machine: Given | None,
    machine_a: Given | None,
    machine_b: Given | None,
    libvirt: Given | None,
    libvirt_a: Given | None,
    libvirt_b: Given | None,
    fail_on: tuple[str, ...],
    form: str,
    report_dir: Path | None,
    boot: bool,  # noqa: FBT001 - click hands flags over by name
    facts: tuple[str, ...],
    selected: tuple[str, ...],
    accel: str,
) -> int:
    """Say what a guest would notice between A and B.

    Each is a snapshot, a saved text of lspci from any guest, a scenario, of which the first
    boot counts, a QEMU command line or a libvirt domain: its content tells. Configurations are
    started, on a QEMU and a machine type of each side's own where you say so.
    """
    probe = Probe.BOOT if boot else Probe.COLD
    select, read = selection(selected), families(facts)

    def request(name: str, side: str, *own: Given | None) -> Request:
        own_qemu, own_machine, own_libvirt = own
        options = tuple(given.option for given in own if given is not None)
        asked = (_value(own_qemu or qemu), _value(own_machine or machine), options)
        written = libvirt_version(own_libvirt or libvirt)
        return Request(name, *asked, probe, Wish(accel), select, read, side, libvirt=written)

    requests = (
        request(before, "A (before)", qemu_a, machine_a, libvirt_a),
        request(after, "B (after)", qemu_b, machine_b, libvirt_b),
    )
    started = datetime.now(UTC)
    cancellation = Cancellation()
    with stopping(cancellation):
        sides = [_taken(each, cancellation) for each in requests]
        errors = [side for side in sides if isinstance(side, PciabiError)]
        if errors:
            for error in errors:
                print_error(error)
            return ending.code([error.exit_code for error in errors])
        one, two = (side for side in sides if isinstance(side, Side))
        comparison = judge(one, two, Policy(frozenset(map(FailOn, fail_on))), read)
        seconds = (datetime.now(UTC) - started).total_seconds()
        result = of_two_sides(comparison, started, seconds)
        return ending.code(conclude(result, form, report_dir))


def _value(given: Given | None) -> str | None:
    return None if given is None else given.value


def _taken(request: Request, cancellation: Cancellation) -> Side | PciabiError:
    """The side, or why there is none: the other one may be wrong too."""
    try:
        return take(request, cancellation, watching)
    except (InputError, CannotTest) as error:
        cancellation.check()
        return error
