"""How a QEMU has ended, or what keeps it from going on, in its own words."""

from __future__ import annotations

from signal import Signals

from pciabi.errors import CannotTest, GuestError, QemuError
from pciabi.probe.hypervisor import Process
from pciabi.programs import last_words

ENDED = "QEMU ended "


def suspended(by: Signals) -> QemuError:
    """The error for a QEMU that a signal suspended."""
    return QemuError(f"QEMU hangs: {by.name} suspended it, and nothing let it go on")


def died(process: Process) -> CannotTest:
    """The error for a QEMU that has ended by itself, or was ended for what it said too much of,
    in its own words."""
    status = process.exit_status
    if process.excess is not None:
        return QemuError(process.excess)
    words = last_words(process.complaints())
    if status == 0 and not words:
        # QEMU is told not to reboot: a guest's reset ends it as its power-off does.
        return GuestError("the guest rebooted or switched itself off before it was read")
    how = f"by signal {-status}" if status is not None and status < 0 else f"with status {status}"
    return QemuError(f"{ENDED}{how}: {words or 'no message'}")
