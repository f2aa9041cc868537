"""The cold probe: a machine is started paused and read without a guest, as firmware would.

It sees what a boot sees, but for what only a running guest has (interface names, drivers), and
it sees it as it is out of reset: nothing has been written by anybody but this probe, which
reads each register before it touches it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pciabi.abi.choice import chosen_by_default
from pciabi.abi.snapshot import (
    PlacedFunction,
    Provenance,
    Snapshot,
    Substitution,
    Unreachable,
)
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import Disagreement, InputError, QemuError
from pciabi.pci.address import TopologyPath
from pciabi.pci.facts import Facts
from pciabi.probe import first_cause, readers, refusal, stand_ins, virtio_stand_ins
from pciabi.probe.creation import creations, options_by_path
from pciabi.probe.enumeration import enumerate_functions
from pciabi.probe.equipment import Equipped
from pciabi.probe.fact_readers import Emulated, Paused, chosen_readers, machine_facts, with_facts
from pciabi.probe.hypervisor import PAUSED, Hypervisor, Machine
from pciabi.probe.other_roms import unknown_roms
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.probe.reachability import settle
from pciabi.probe.type_answers import TypeAnswers
from pciabi.qemu import command_line, config_access, inventory, monitor
from pciabi.qemu.binary import Binary
from pciabi.qemu.fw_cfg import FwCfg
from pciabi.qemu.inert.stand_ins import Model
from pciabi.qemu.qtest import Qtest
from pciabi.vm.command_line.device_options import device_options
from pciabi.vm.command_line.stated_macs import stated_macs

PROBE = "cold"
_NO_FIRMWARE = "none: read before any firmware ran"
_NO_GUEST = "none"


@dataclass(frozen=True)
class Hardware:
    """A VM's hardware as QEMU's arguments state it, free of accelerator, display and monitor.

    `expected` are the qdev ids that must turn up on PCI; `substitutions` say which backends of
    the configuration were replaced, and go into the snapshot as they are, as `facts` do by qdev
    id. QEMU must have the `models`, though it is not told of them. `machine` is the machine
    type in the user's own words, None for QEMU's default. `families` are those whose facts are to
    be read, by name; `environment` are QEMU's variables, None for those of this process.
    """

    arguments: tuple[str, ...]
    expected: tuple[str, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    facts: Mapping[str, Facts] = field(default_factory=dict)
    models: tuple[Model, ...] = ()
    machine: str | None = None
    families: frozenset[str] = field(default_factory=chosen_by_default)
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ColdReading:
    """What was read, and which `-device` made each function, as its place in the order of
    creation."""

    snapshot: Snapshot
    options: Mapping[TopologyPath, int]


def cold_probe(
    hardware: Hardware,
    binary: Binary,
    cancellation: Cancellation,
    deadline: Deadline,
    hypervisor: Hypervisor = OWN_QEMU,
) -> Snapshot:
    """The snapshot of `cold_reading`, which says more."""
    return cold_reading(hardware, binary, cancellation, deadline, hypervisor).snapshot


def cold_reading(
    hardware: Hardware,
    binary: Binary,
    cancellation: Cancellation,
    deadline: Deadline,
    hypervisor: Hypervisor = OWN_QEMU,
    answers: TypeAnswers | None = None,
) -> ColdReading:
    """Have the machine started paused, read every function, have it ended; `answers` are what this
    QEMU has told before, if that is kept.

    Raises InputError where QEMU refuses the hardware, CannotTest where it cannot be read (both
    with the command line as evidence), Interrupted.
    """
    machine = Machine(binary, hardware.arguments, PAUSED, environment=hardware.environment)
    with (
        _told_with_its_qemu(binary),
        hypervisor.start(machine, cancellation) as running,
        first_cause.session(
            running, cancellation, deadline, lambda: refusal.of_hardware(running.process)
        ) as qmp,
    ):
        qtest = running.qtest(deadline, first_cause.PATIENCE_SECONDS)
        had = TypeAnswers() if answers is None else answers
        return _read(hardware, binary, qmp, qtest, running.command_line, had)


def cold_probe_of(
    equipped: Equipped,
    hardware: Hardware,
    binary: Binary,
    cancellation: Cancellation,
    deadline: Deadline,
    hypervisor: Hypervisor = OWN_QEMU,
) -> Snapshot:
    """A VM whose devices have been completed, read as `cold_probe` reads its hardware, which
    `inert` makes of it.

    Raises as that, a refusal at the line of the user's file it is about.
    """
    try:
        return cold_probe(hardware, binary, cancellation, deadline, hypervisor)
    except (InputError, QemuError) as error:
        raise refusal.located(error, equipped, binary) from error


def inert(equipped: Equipped) -> Hardware:
    """The hardware a VM starts with, its devices completed with inert backends."""
    # No NIC carries SSH, so no port is forwarded.
    arguments = command_line.hardware(equipped.config, equipped.accepted, "")
    plugged_later = {device.id for device in equipped.plugged}
    expected = tuple(name for name in equipped.pci_ids() if name not in plugged_later)
    return Hardware(arguments, expected, equipped.substitutions)


def _read(
    hardware: Hardware,
    binary: Binary,
    qmp: monitor.Monitor,
    qtest: Qtest,
    arguments: tuple[str, ...],
    answers: TypeAnswers,
) -> ColdReading:
    had = inventory.take(qmp)
    stand_ins.must_be_there(qmp, hardware.models, refusal.by(binary, hardware.machine), answers)
    access = config_access.open_access(qtest)
    found = enumerate_functions(access, had.tree.roots)
    functions, unreachable = settle(found, had.tree.functions)
    _must_be_there(hardware.expected, functions, unreachable)
    tree = {one.path: one for one in had.tree.functions}
    paused = Paused(qtest, access, FwCfg(qtest))
    machine = Emulated(qmp, tree, stated_macs(hardware.arguments), paused)
    asked = chosen_readers(readers, hardware.families)
    options = device_options(hardware.arguments)
    snapshot = Snapshot(
        functions=stand_ins.identified(with_facts(functions, machine, asked), hardware.facts),
        provenance=Provenance(
            probe=PROBE,
            qemu_version=binary.version_text,
            qemu_package=binary.version_line,
            machine=had.machine,
            accelerator="tcg",
            firmware=_NO_FIRMWARE,
            guest=_NO_GUEST,
            command_line=arguments,
        ),
        unreachable=unreachable,
        substitutions=hardware.substitutions,
        creations=creations(had.tree.functions, had.nameless, options, functions),
        facts=machine_facts(machine, asked),
    )
    roms = unknown_roms(binary.other_roms, snapshot.functions, snapshot.creations)
    snapshot = replace(snapshot, substitutions=(*snapshot.substitutions, *roms))
    snapshot = virtio_stand_ins.narrowed(snapshot, tree)
    return ColdReading(snapshot, options_by_path(had.tree.functions, had.nameless, options))


def _must_be_there(
    expected: tuple[str, ...],
    functions: tuple[PlacedFunction, ...],
    unreachable: tuple[Unreachable, ...],
) -> None:
    known = {function.qdev_id for function in functions}
    known |= {function.qdev_id for function in unreachable}
    missing = [device_id for device_id in expected if device_id not in known]
    if missing:
        raise Disagreement(f"QEMU has no PCI function for {', '.join(missing)}")


@contextmanager
def _told_with_its_qemu(binary: Binary) -> Iterator[None]:
    try:
        yield
    except QemuError as error:
        if not error.advice:
            error.advice = f"{binary.name}, QEMU {binary.version_text}"
        raise
