"""How many processors a machine has, where TCG cannot have as many as KVM.

Without KVM's interrupt controllers a QEMU before 10.0 starts no machine of more than 255, and
newer ones take seconds for each hundred. What their number decides on PCI is the number of queues
of virtio disks that name none, and with it their vectors: that is stated instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod

from pciabi.abi.snapshot import Substitution
from pciabi.qemu.inert.statement import (
    Processors,
    Stated,
    Statement,
    Surroundings,
    kept,
    written,
)

MOST = 255
_PRESENT = "cpus"
_MOST = "maxcpus"
_LEVELS = ("sockets", "drawers", "books", "dies", "clusters", "modules", "cores", "threads")
_IN_MACHINE = "smp."
# Source: QEMU, hw/virtio/virtio-pci.c, virtio_pci_optimal_num_queues: a queue for each
# processor, beside those a driver has anyway. Machine types before 5.2 have one queue.
_QUEUES = {"virtio-blk-device.num-queues": 0, "virtio-scsi-device.num_queues": 2}
_MOST_QUEUES = 1024
_OLD_TYPE = re.compile(r"pc-(?:q35|i440fx)-(\d+)\.(\d+)(?:\.\d+)?\Z")
_FIRST_WITH_QUEUES = (5, 2)


def wanted(statements: Sequence[Statement]) -> Processors:
    """What `-smp` and `-machine smp.…` ask for."""
    found: dict[str, int] = {}
    for statement in statements:
        prefix = {"smp": "", "machine": _IN_MACHINE}.get(statement.name)
        for item in statement.parameters.items if prefix is not None else ():
            name = item.name.removeprefix(prefix or "")
            known = item.name.startswith(prefix or "") and item.unresolved is None
            if known and name in {_PRESENT, _MOST, *_LEVELS} and item.value.isdecimal():
                found[name] = int(item.value[:10])
    product = prod(max(1, found.get(level, 1)) for level in _LEVELS)
    present = found.get(_PRESENT) or found.get(_MOST) or product
    return Processors(present, max(present, found.get(_MOST, 0)))


def smp(statement: Statement, around: Surroundings) -> Stated:
    """`-smp`: stays, unless it asks for more than TCG has."""
    if around.processors.most <= MOST:
        return kept(statement)
    value = str(min(around.processors.present, MOST))
    told = Substitution(statement.option.written, f"-smp {value}", None, ())
    return Stated(("-smp", value), (told,))


def in_machine(statement: Statement, around: Surroundings) -> tuple[Statement, Stated]:
    """`-machine smp.…`: the same; the statement as it is to be used, and what was replaced."""
    ours = [item.name for item in statement.parameters.items if item.name.startswith(_IN_MACHINE)]
    if not ours or around.processors.most <= MOST:
        return statement, Stated()
    value = min(around.processors.present, MOST)
    shown = f"-machine {','.join(f'{n}={statement.parameters.get(n)}' for n in ours)}"
    parameters = statement.parameters.without(*ours).having(f"{_IN_MACHINE}{_PRESENT}", value)
    told = Substitution(shown, f"-machine {_IN_MACHINE}{_PRESENT}={value}", None, ())
    return Statement(statement.option, parameters), Stated((), (told,))


def numa(statement: Statement, around: Surroundings) -> Stated:
    """`-numa`: which processor is where is no matter of PCI, and those that are not there have
    no place; the nodes stay."""
    if around.processors.most <= MOST:
        return kept(statement)
    if statement.get("type") == "cpu":
        return Stated()
    return Stated(("-numa", written(statement.parameters.without("cpus"))))


def queues(asked: Processors, machine: str | None) -> tuple[str, ...]:
    """The arguments that give virtio disks as many queues as the processors asked for would."""
    old = _OLD_TYPE.match(machine or "")
    if asked.present <= MOST or (old and (int(old[1]), int(old[2])) < _FIRST_WITH_QUEUES):
        return ()
    return tuple(
        argument
        for name, others in _QUEUES.items()
        for argument in ("-global", f"{name}={min(asked.present, _MOST_QUEUES - others)}")
    )
