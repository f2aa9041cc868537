"""Every VM read on one side, to be recorded as its baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pciabi.errors import PciabiError
from pciabi.events import Planned
from pciabi.gate.configurations import Unusable
from pciabi.gate.pending import begin
from pciabi.gate.workers import Workers
from pciabi.jobs.shared_readings import SharedReadings
from pciabi.probe.host import Host
from pciabi.result.entry import Subject
from pciabi.result.side import Side
from pciabi.source.request import Request
from pciabi.source.vms import Vm


@dataclass(frozen=True)
class Read:
    """A VM, and what was read of it, or why it could not be."""

    subject: Subject
    side: Side | PciabiError


def read_all(
    vms: Sequence[Vm | Unusable], request: Request, host: Host, workers: Workers
) -> tuple[Read, ...]:
    """What each VM shows on the QEMU and machine type of a request.

    Raises InputError or CannotTest where the QEMU is not to be had at all, Interrupted.
    """
    host.qemu(request.qemu)
    host.tell(Planned(len(vms)))
    readings = SharedReadings(workers.executor, workers.carry_out)
    begun = [
        vm if isinstance(vm, Unusable) else (vm.subject, begin(vm, request, host, readings))
        for vm in vms
    ]
    return tuple(
        Read(one.subject, one.error)
        if isinstance(one, Unusable)
        else Read(one[0], one[1].outcome().side)
        for one in begun
    )
