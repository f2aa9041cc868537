"""Waiting for a guest: its own word that it is ready, or the first sign that it never will be."""

from __future__ import annotations

import selectors
import socket

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import CannotTest, GuestError, QemuError
from pciabi.guest.console import Console, after_screen_control
from pciabi.qemu.process import Process

READY = "pciabi-ready"
FAULT = "pciabi-fault"


def wait_until_ready(
    process: Process,
    console: Console,
    events: socket.socket,
    deadline: Deadline,
    cancellation: Cancellation,
) -> None:
    """Return when the guest's init has written its ready line to the event port.

    Raises GuestError for a fault the guest reports, one the console shows, or no word in time;
    QemuError when QEMU ends; Interrupted.
    """
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.pidfd, selectors.EVENT_READ)
        selector.register(console, selectors.EVENT_READ)
        selector.register(events, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select(deadline.remaining):
                if key.fileobj is console and not console.read():
                    selector.unregister(console)
                if key.fileobj is events:
                    arrived = events.recv(65536)
                    if not arrived:
                        selector.unregister(events)
                    said += arrived
            cancellation.check()
            if _verdict(said.decode(errors="replace"), console):
                return
            if process.exit_status is not None:
                raise died(process)
            if deadline.passed:
                raise GuestError(
                    f"the guest was not ready after {deadline.granted:g} s",
                    advice="a longer `timeout:` in the scenario if this machine is slow",
                )


def _verdict(said: str, console: Console) -> bool:
    # A line counts once it is whole.
    for line in said.split("\n")[:-1]:
        word, _, rest = after_screen_control(line).partition(" ")
        if word == READY:
            return True
        if word == FAULT:
            raise GuestError(f"the guest reports: {rest}")
    if console.fault is not None:
        raise GuestError(console.fault)
    return False


def died(process: Process) -> CannotTest:
    """The error for a QEMU that has ended by itself, in its own words."""
    status = process.popen.wait()
    words = process.complaints().splitlines()
    if status == 0 and not words:
        # QEMU is told not to reboot: a guest's reset ends it as its power-off does.
        return GuestError("the guest rebooted or switched itself off before it was read")
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    return QemuError(f"QEMU ended {how}: {words[-1] if words else 'no message'}")
