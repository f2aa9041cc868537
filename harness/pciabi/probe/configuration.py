"""A user's own QEMU command line, probed cold: made inert, started paused, read."""

from __future__ import annotations

from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import InputError, QemuError
from pciabi.probe import refusal
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.qemu import processor_limit
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert import processors
from pciabi.qemu.inert.hardware import InertHardware


def probe(
    made: InertHardware, binary: Binary, cancellation: Cancellation, deadline: Deadline
) -> Snapshot:
    """What a guest of a command line that was made inert finds.

    Raises InputError at the place of the option that QEMU refuses, CannotTest where it cannot
    be read, Interrupted.
    """
    _must_take_the_processors(made, binary)
    hardware = Hardware(made.arguments, made.expected, made.substitutions)
    try:
        return cold_probe(hardware, binary, cancellation, deadline)
    except (InputError, QemuError) as error:
        if error.place is not None:
            raise
        raise refusal.of_command_line(error, made, binary) from error


def _must_take_the_processors(made: InertHardware, binary: Binary) -> None:
    """QEMU is started with fewer where there are many, so it does not say itself that they are
    too many."""
    if made.processors.most <= processors.MOST:
        return
    most = processor_limit.most_processors(binary, made.machine)
    if most is not None and made.processors.most > most:
        raise refusal.of_processors(made, binary, most)
