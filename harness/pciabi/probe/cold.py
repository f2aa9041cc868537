"""The cold probe: a machine is started paused and read without a guest, as firmware would.

It sees what a boot sees, but for what only a running guest has (interface names, drivers), and
it sees it as it is out of reset: nothing has been written by anybody but this probe, which
reads each register before it touches it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from pciabi.abi.snapshot import (
    PlacedFunction,
    Provenance,
    Snapshot,
    Substitution,
    Unreachable,
)
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import (
    CannotTest,
    Disagreement,
    Evidence,
    InputError,
    PciabiError,
    QemuError,
)
from pciabi.pci.address import TopologyPath
from pciabi.pci.facts import Facts
from pciabi.probe import readers, refusal, stand_ins
from pciabi.probe.creation import creations, options_by_path
from pciabi.probe.enumeration import enumerate_functions
from pciabi.probe.equipment import Equipped
from pciabi.probe.fact_readers import Emulated, machine_facts, readers_in, with_facts
from pciabi.probe.reachability import settle
from pciabi.qemu import command_line, config_access, inventory, monitor, process
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert.stand_ins import Model
from pciabi.qemu.qtest import Qtest
from pciabi.vm.command_line.device_options import device_options
from pciabi.vm.command_line.stated_macs import stated_macs

PROBE = "cold"
_NO_FIRMWARE = "none: read before any firmware ran"
_NO_GUEST = "none"
# Of a start of 255 processors on a busy machine QEMU's longest answer takes 5.
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Hardware:
    """A VM's hardware as QEMU's arguments state it, free of accelerator, display and monitor.

    `expected` are the qdev ids that must turn up on PCI; `substitutions` say which backends of
    the configuration were replaced, and go into the snapshot as they are, as `facts` do by qdev
    id. QEMU must have the `models`, though it is not told of them. `machine` is the machine
    type in the user's own words, None for QEMU's default.
    """

    arguments: tuple[str, ...]
    expected: tuple[str, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    facts: Mapping[str, Facts] = field(default_factory=dict)
    models: tuple[Model, ...] = ()
    machine: str | None = None


@dataclass(frozen=True)
class ColdReading:
    """What was read, and which `-device` made each function, as its place in the order of
    creation."""

    snapshot: Snapshot
    options: Mapping[TopologyPath, int]


def cold_probe(
    hardware: Hardware, binary: Binary, cancellation: Cancellation, deadline: Deadline
) -> Snapshot:
    """The snapshot of `cold_reading`, which says more."""
    return cold_reading(hardware, binary, cancellation, deadline).snapshot


def cold_reading(
    hardware: Hardware, binary: Binary, cancellation: Cancellation, deadline: Deadline
) -> ColdReading:
    """Start QEMU paused, read every function, end QEMU.

    Raises InputError where QEMU refuses the hardware, CannotTest where it cannot be read (both
    with the command line as evidence), Interrupted.
    """
    with ExitStack() as stack:
        ours_monitor, theirs_monitor = _socket_pair(stack)
        ours_qtest, theirs_qtest = _socket_pair(stack)
        descriptors = (theirs_monitor.fileno(), theirs_qtest.fileno())
        arguments = (
            *binary.command,
            *hardware.arguments,
            *command_line.paused(*descriptors),
        )
        with (
            _evidence(arguments, binary),
            process.running(arguments, descriptors, cancellation) as qemu,
        ):
            theirs_monitor.close()
            theirs_qtest.close()
            with (
                _end_told(qemu, cancellation),
                monitor.session(ours_monitor, deadline, PATIENCE_SECONDS) as qmp,
                _faults(qemu, cancellation),
            ):
                qtest = Qtest(ours_qtest, deadline, PATIENCE_SECONDS)
                return _read(hardware, binary, qmp, qtest, arguments)


def cold_probe_of(
    equipped: Equipped, binary: Binary, cancellation: Cancellation, deadline: Deadline
) -> Snapshot:
    """A VM whose devices have been completed, read as `cold_probe` does.

    Raises as that, a refusal at the line of the user's file it is about.
    """
    try:
        return cold_probe(inert(equipped), binary, cancellation, deadline)
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
) -> ColdReading:
    had = inventory.take(qmp)
    stand_ins.must_be_there(qmp, hardware.models, refusal.by(binary, hardware.machine))
    found = enumerate_functions(config_access.open_access(qtest), had.tree.roots)
    functions, unreachable = settle(found, had.tree.functions)
    _must_be_there(hardware.expected, functions, unreachable)
    tree = {one.path: one for one in had.tree.functions}
    machine = Emulated(qmp, tree, stated_macs(hardware.arguments), qtest)
    asked = readers_in(readers)
    options = device_options(hardware.arguments)
    snapshot = Snapshot(
        functions=stand_ins.identified(with_facts(functions, machine, asked), hardware.facts),
        provenance=Provenance(
            probe=PROBE,
            qemu_version=binary.version_text,
            qemu_package=binary.banner,
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
def _end_told(qemu: process.Process, cancellation: Cancellation) -> Iterator[None]:
    """A connection that is lost is explained by how QEMU ended, one that never spoke by what
    suspended it."""
    try:
        yield
    except monitor.Lost as error:
        raise _explained(error, qemu, cancellation) from error
    except monitor.Silent as error:
        cancellation.check()
        if qemu.stop_signal is not None:
            raise refusal.suspended(qemu.stop_signal) from error
        raise
    except CannotTest:
        cancellation.check()
        raise


@contextmanager
def _faults(qemu: process.Process, cancellation: Cancellation) -> Iterator[None]:
    """The death of QEMU, or what ended it, is the reason to name, whatever was noticed first;
    but not a death of being left alone, so this is settled while it is still spoken to."""
    try:
        yield
    except monitor.Lost:
        # Closing the connection may tell why.
        raise
    except QemuError as error:
        raise _explained(error, qemu, cancellation) from error


def _explained(error: QemuError, qemu: process.Process, cancellation: Cancellation) -> PciabiError:
    cancellation.check()
    if error.message.startswith(monitor.FOREIGN):
        # It may end of being left alone with what it says.
        return error
    if qemu.ended_within(1.0) is not None:
        return refusal.of_hardware(qemu)
    if qemu.stop_signal is not None:
        return refusal.suspended(qemu.stop_signal)
    return error


@contextmanager
def _evidence(arguments: tuple[str, ...], binary: Binary) -> Iterator[None]:
    try:
        yield
    except PciabiError as error:
        if isinstance(error, QemuError) and not error.advice:
            error.advice = f"{binary.name}, QEMU {binary.version_text}"
        error.evidence = Evidence(arguments, "")
        raise


def _socket_pair(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    stack.callback(ours.close)
    stack.callback(theirs.close)
    return ours, theirs
