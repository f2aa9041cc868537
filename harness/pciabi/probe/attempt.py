"""A start without a guest, to learn whether QEMU takes a configuration at all."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import PciabiError
from pciabi.probe import first_cause, refusal
from pciabi.probe.equipment import Equipped
from pciabi.probe.hypervisor import STOPPED, Hypervisor, Machine, Running
from pciabi.qemu import command_line
from pciabi.qemu.binary import Binary


@dataclass(frozen=True)
class Attempt:
    """How a start ended. `blamed` is the id of the device QEMU complained about, and `words`
    what it said of it; both are None where it started."""

    blamed: str | None
    words: str | None
    command_line: tuple[str, ...]


def attempt(
    equipped: Equipped,
    binary: Binary,
    cancellation: Cancellation,
    deadline: Deadline,
    hypervisor: Hypervisor,
) -> Attempt:
    """Start the VM, its guest not running, and end it.

    Raises InputError for a machine type QEMU does not have; QemuError where it ends for any
    reason but a device, or does not answer; Interrupted.
    """
    hardware = command_line.hardware(equipped.config, equipped.accepted, "")
    with hypervisor.start(Machine(binary, hardware, STOPPED), cancellation) as running:
        try:
            with first_cause.session(
                running,
                cancellation,
                deadline,
                lambda: refusal.of_machine(running.process, equipped, binary),
            ) as qmp:
                # QMP greets before the devices are made, and answers after that.
                qmp.execute("query-status")
        except PciabiError:
            refused = _refused(running, equipped)
            if refused is None:
                raise
            return refused
        return Attempt(None, None, running.command_line)


def _refused(running: Running, equipped: Equipped) -> Attempt | None:
    """The attempt that QEMU has ended because of a device."""
    if running.process.exit_status != 1:
        return None
    blame = refusal.blamed(running.process, equipped)
    if blame is None:
        return None
    device, words = blame
    return Attempt(device.id, words, running.command_line)
