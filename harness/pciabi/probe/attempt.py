"""A start without a guest, to learn whether QEMU takes a configuration at all."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import Evidence, PciabiError, QemuError
from pciabi.probe import ending, refusal
from pciabi.probe.cold import PATIENCE_SECONDS
from pciabi.probe.equipment import Equipped
from pciabi.qemu import command_line, monitor, process
from pciabi.qemu.binary import Binary

LIMIT_SECONDS = 60.0


@dataclass(frozen=True)
class Attempt:
    """How a start ended. `blamed` is the id of the device QEMU complained about, and `words`
    what it said of it; both are None where it started."""

    blamed: str | None
    words: str | None
    command_line: tuple[str, ...]


def attempt(equipped: Equipped, binary: Binary, cancellation: Cancellation) -> Attempt:
    """Start the VM, its guest not running, and end it.

    Raises InputError for a machine type QEMU does not have; QemuError where it ends for any
    reason but a device, or does not answer; Interrupted.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        arguments = (
            *binary.command,
            *command_line.hardware(equipped.config, equipped.accepted, ""),
            *command_line.stopped(theirs.fileno()),
        )
        try:
            with process.running(arguments, [theirs.fileno()], cancellation) as qemu:
                theirs.close()
                return _outcome(qemu, ours, equipped, binary, arguments, cancellation)
        except PciabiError as error:
            error.evidence = Evidence(arguments, "")
            raise


def _outcome(
    qemu: process.Process,
    connection: socket.socket,
    equipped: Equipped,
    binary: Binary,
    arguments: tuple[str, ...],
    cancellation: Cancellation,
) -> Attempt:
    deadline = Deadline.after(LIMIT_SECONDS)
    try:
        with monitor.session(connection, deadline, PATIENCE_SECONDS) as qmp:
            # QMP greets before the devices are made, and answers after that.
            qmp.execute("query-status")
            return Attempt(None, None, arguments)
    except QemuError as error:
        cancellation.check()
        if qemu.ended_within(PATIENCE_SECONDS) is None:
            if qemu.stop_signal is not None:
                raise ending.suspended(qemu.stop_signal) from error
            raise
    if qemu.exit_status == 1 and (blame := refusal.blamed(qemu, equipped)) is not None:
        device, words = blame
        return Attempt(device.id, words, arguments)
    raise refusal.of_machine(qemu, equipped, binary)
