"""The guest's SSH server behind a port that QEMU forwards."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack

from pciabi.deadline import Deadline
from pciabi.errors import GuestError, QemuError
from pciabi.guest.ssh import LOOPBACK
from pciabi.probe.readiness import GuestWords
from pciabi.qemu.command_line import GUEST_IP
from pciabi.qemu.monitor import Monitor

_FORWARD = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d{1,5})\s")
# QEMU's network stack waits ever longer between two attempts of one connection: a new one is
# quicker.
_PATIENCE_SECONDS = 4.0
_PAUSE_SECONDS = 0.5


def forwarded_port(qmp: Monitor) -> int:
    """The loopback port behind which the guest's SSH server is. Raises QemuError."""
    match = _FORWARD.search(qmp.hmp("info usernet"))
    if match is None or int(match[1]) > 0xFFFF:
        raise QemuError("QEMU forwards no port to the guest")
    return int(match[1])


def await_server(port: int, words: GuestWords, deadline: Deadline) -> socket.socket:
    """A connection on which the server has begun to speak; the caller closes it.

    Nothing tells when a foreign guest's server begins to listen, and QEMU accepts connections
    before that, only to drop them: this is the one place where trying again is right. What
    the guest or QEMU say meanwhile is heeded. Raises GuestError, QemuError, Interrupted.
    """
    while not deadline.passed:
        try:
            connection = socket.create_connection(
                (LOOPBACK, port), min(_PATIENCE_SECONDS, max(deadline.remaining, 0.01))
            )
        except OSError as error:
            words.must_go_on()
            raise QemuError(f"QEMU's forwarded port refuses: {error.strerror}") from error
        with ExitStack() as unused:
            unused.enter_context(connection)
            if words.listen(_PATIENCE_SECONDS, connection) and _speaks(connection):
                unused.pop_all()
                return connection
        words.listen(_PAUSE_SECONDS, None)
    raise GuestError(
        f"no SSH server answered at the guest's {GUEST_IP} within {deadline.granted:g} s",
        advice="the guest needs DHCP on its NICs and an SSH server; or a longer `timeout:`",
    )


def _speaks(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except OSError:
        return False
