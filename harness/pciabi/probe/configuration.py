"""A user's own QEMU command line, probed cold: made inert, started paused, read."""

from __future__ import annotations

from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import InputError
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert.hardware import inert
from pciabi.vm.command_line.option import QemuCommandLine


def probe_command_line(
    line: QemuCommandLine, binary: Binary, cancellation: Cancellation, deadline: Deadline
) -> Snapshot:
    """What a guest of this command line finds. Nothing the command line names is touched.

    Raises InputError at the place of the option that may not start or that QEMU refuses,
    CannotTest where QEMU cannot be read, Interrupted.
    """
    made = inert(line)
    hardware = Hardware(made.arguments, made.expected, made.substitutions)
    try:
        return cold_probe(hardware, binary, cancellation, deadline)
    except InputError as error:
        if error.place is not None:
            raise
        placed = InputError(error.message, advice=error.advice, place=made.origin(error.message))
        placed.evidence = error.evidence
        raise placed from error
