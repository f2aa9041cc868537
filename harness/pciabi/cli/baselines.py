"""Baselines as a gate's command line writes them: recorded, and accepted."""

from __future__ import annotations

from pathlib import Path

from pciabi.errors import InputError, PciabiError, worst
from pciabi.gate import baselines
from pciabi.gate.baselines import Baselines
from pciabi.gate.configurations import Unusable
from pciabi.gate.record import read_all
from pciabi.gate.workers import Workers
from pciabi.probe.host import Host
from pciabi.report import whole_files
from pciabi.report.terminal.errors import print_error
from pciabi.report.terminal.output import Output, standard_error, standard_output
from pciabi.report.words import accepted as words
from pciabi.result.result import Result
from pciabi.result.side import Side
from pciabi.source.request import Request
from pciabi.source.vms import Vm


def record_baselines(
    folder: Path, vms: tuple[Vm | Unusable, ...], request: Request, host: Host, workers: Workers
) -> int:
    """Record the VMs that have no baseline yet, all or none, and say with which code to exit.

    Raises InputError and CannotTest where a QEMU is not to be had or a file not to be written.
    """
    missing = [
        vm
        for vm in vms
        if isinstance(vm, Unusable) or not baselines.has_baseline(folder, vm.subject)
    ]
    found = read_all(missing, request, host, workers)
    errors = [one.side for one in found if isinstance(one.side, PciabiError)]
    for error in errors:
        print_error(error)
    if errors:
        standard_error().say("nothing was recorded: mend these, or leave them out")
        return worst([error.exit_code for error in errors])
    sides = [(one.subject, one.side) for one in found if isinstance(one.side, Side)]
    files = baselines.new_files(folder, sides)
    whole_files.write(files)
    out = standard_output()
    for path, _ in files:
        out.say(f"recorded: {path}")
    out.say(words.all_recorded(len(sides), len(vms) - len(missing), folder))
    return 0


def accept_baselines(held: Baselines, result: Result, *, aloud: bool) -> tuple[int, ...]:
    """Write the baselines that differ anew, and say with which codes to exit; what was accepted is
    told on standard output, or beside it where that holds a document.

    Raises CannotTest where they cannot be written.
    """
    blocked = baselines.blocking(result.entries)
    if blocked is not None:
        title = blocked.subject.title
        standard_error().say(f"nothing was accepted: {title} was not read on both sides")
        return result.exit_codes
    try:
        accepted = baselines.acceptable(held, result.entries)
    except InputError as error:
        print_error(error)
        return (error.exit_code,)
    whole_files.write([(one.path, one.text) for one in accepted])
    out: Output = standard_output() if aloud else standard_error()
    for one in accepted:
        for line in words.accepted(one.path, one.changes):
            out.say(line)
    out.say(words.all_accepted(len(accepted), len(result.entries) - len(accepted)))
    return (0,)
