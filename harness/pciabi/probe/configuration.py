"""A user's own QEMU command line, probed cold: made inert, started paused, read."""

from __future__ import annotations

from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import InputError
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert.hardware import InertHardware


def probe(
    made: InertHardware, binary: Binary, cancellation: Cancellation, deadline: Deadline
) -> Snapshot:
    """What a guest of a command line that was made inert finds.

    Raises InputError at the place of the option that QEMU refuses, CannotTest where it cannot
    be read, Interrupted.
    """
    hardware = Hardware(made.arguments, made.expected, made.substitutions)
    try:
        return cold_probe(hardware, binary, cancellation, deadline)
    except InputError as error:
        if error.place is not None:
            raise
        placed = InputError(error.message, advice=error.advice, place=made.origin(error.message))
        placed.evidence = error.evidence
        raise placed from error
