"""Commands in the guest, over SSH on loopback, with the host key pinned."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import paramiko

from pciabi.deadline import Deadline
from pciabi.errors import GuestError
from pciabi.guest.keys import RunKeys

LOOPBACK = "127.0.0.1"
MAX_OUTPUT = 16_000_000
# A guest that has said it is ready answers at once, slow as it may be.
BANNER_SECONDS = 30.0
# The library logs what it also raises.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class Session:
    """An authenticated connection to one guest."""

    def __init__(self, client: paramiko.SSHClient, deadline: Deadline) -> None:
        self._client = client
        self._deadline = deadline

    def run(self, command: str) -> str:
        """What a command prints. Raises GuestError unless it ends with status 0 in time."""
        try:
            output, errors, status = self._execute(command)
        except (paramiko.SSHException, OSError) as error:
            reason = (
                "timed out" if isinstance(error, TimeoutError) else str(error) or "connection lost"
            )
            raise GuestError(f"`{command}` could not be run in the guest: {reason}") from error
        if status != 0:
            last = errors.strip().splitlines()[-1:] or [""]
            what = "was cut off" if status < 0 else f"ended with status {status}"
            raise GuestError(f"`{command}` {what} in the guest: {last[0] or 'no message'}")
        return output

    def _execute(self, command: str) -> tuple[str, str, int]:
        _, stdout, stderr = self._client.exec_command(command, timeout=self._deadline.remaining)
        output = stdout.read(MAX_OUTPUT)
        errors = stderr.read(MAX_OUTPUT)
        channel = stdout.channel
        if not channel.status_event.wait(self._deadline.remaining):
            raise TimeoutError
        return (
            output.decode(errors="replace"),
            errors.decode(errors="replace"),
            channel.recv_exit_status(),
        )


@contextmanager
def session(port: int, keys: RunKeys, deadline: Deadline) -> Iterator[Session]:
    """A connection to the guest behind a loopback port, as root, by the run's own key.

    Raises GuestError when the port refuses, the host key is another, or the login fails.
    """
    host_key = keys.host_key()
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.get_host_keys().add(f"[{LOOPBACK}]:{port}", host_key.get_name(), host_key)
    try:
        try:
            connection = socket.create_connection((LOOPBACK, port), deadline.remaining)
            # QEMU's end acknowledges late, and Nagle's algorithm would wait for that: 40 ms each
            # time two small packets follow each other.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.connect(
                LOOPBACK,
                port=port,
                username="root",
                pkey=keys.client_key(),
                sock=connection,
                look_for_keys=False,
                allow_agent=False,
                timeout=deadline.remaining,
                banner_timeout=min(deadline.remaining, BANNER_SECONDS),
                auth_timeout=deadline.remaining,
            )
        except paramiko.BadHostKeyException as error:
            raise GuestError("the guest shows another SSH host key than it was given") from error
        except paramiko.AuthenticationException as error:
            raise GuestError("the guest refused the run's SSH key") from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise _unreachable(error) from error
        yield Session(client, deadline)
    finally:
        client.close()


def _unreachable(error: Exception) -> GuestError:
    # The library hides what happened to the connection behind what it was reading.
    hidden = error.__context__ if isinstance(error, paramiko.SSHException) else None
    if isinstance(hidden or error, TimeoutError):
        return GuestError(f"the guest's SSH server did not answer in {BANNER_SECONDS:g} s")
    if isinstance(hidden or error, OSError | EOFError):
        words = str(hidden or error) or "it was closed"
    else:
        words = str(error)
    return GuestError(f"no SSH connection to the guest: {words}")
