"""Devices that join a running guest: added by QEMU, found and driven by the guest's own kernel."""

from __future__ import annotations

from collections.abc import Sequence

from pciabi.errors import InputError
from pciabi.guest.ssh import SshSession
from pciabi.probe.readiness import PLUGGED, GuestWords
from pciabi.qemu.monitor import Monitor
from pciabi.vm.config import Device

WATCH = "/usr/lib/pciabi/watch-hotplug"


def plug(devices: Sequence[Device], qmp: Monitor, session: SshSession, words: GuestWords) -> None:
    """Add the devices one by one, each once the guest drives the one before.

    Raises InputError for a device QEMU refuses, at its line; GuestError where the guest does
    not take it in.
    """
    # Returns when the guest listens to its kernel, so that nothing happens unheard.
    session.run(WATCH)
    for device in devices:
        # The human monitor takes -device's syntax in every version; QMP's has other types.
        complaint = qmp.hmp(f"device_add {_quoted(device.argument)}").strip()
        if complaint:
            raise InputError(
                f"QEMU refuses to hot-plug {device.id}: {complaint.removeprefix('Error: ')}",
                place=device.position,
            )
        words.wait_for(PLUGGED, f"the guest had not taken in the hot-plugged {device.id}")


def _quoted(argument: str) -> str:
    """As the human monitor reads one argument, whatever it holds."""
    for plain, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        argument = argument.replace(plain, escape)
    return f'"{argument}"'
