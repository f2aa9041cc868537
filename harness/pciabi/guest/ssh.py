"""Commands in the guest, over SSH on loopback, with the host key pinned."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import paramiko

from pciabi.deadline import Deadline
from pciabi.errors import GuestError

LOOPBACK = "127.0.0.1"
# What the library looks a host key up by; the connection is made already.
_NAME = "guest"
MAX_OUTPUT = 16_000_000
# A guest that has said it is ready answers at once, slow as it may be.
BANNER_SECONDS = 30.0
# The library logs what it also raises.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Credentials:
    """Who logs in with which private key, and the host key that must be shown.

    `name` says in an error which key it was.
    """

    name: str
    user: str
    key: paramiko.PKey = field(repr=False)
    host_key: paramiko.PKey = field(repr=False)


class Session:
    """An authenticated connection to one guest."""

    def __init__(self, client: paramiko.SSHClient, deadline: Deadline) -> None:
        self._client = client
        self._deadline = deadline

    def run(self, command: str) -> str:
        """What a command prints. Raises GuestError unless it ends with status 0 in time."""
        return self._run(command, command, b"")

    def run_script(self, script: str) -> str:
        """As `run`, for a POSIX shell script, whatever the user's own shell is."""
        # In braces, so that the shell has read all of it before any of it runs.
        given = f"{{\n{script}\n}} </dev/null\n"
        return self._run(title(script), "exec /bin/sh", given.encode())

    def _run(self, name: str, command: str, given: bytes) -> str:
        try:
            output, errors, status = self._execute(command, given)
        except (paramiko.SSHException, OSError) as error:
            reason = (
                "timed out" if isinstance(error, TimeoutError) else str(error) or "connection lost"
            )
            raise GuestError(f"`{name}` could not be run in the guest: {reason}") from error
        if status != 0:
            raise failed(name, status, errors)
        return output

    def _execute(self, command: str, given: bytes = b"") -> tuple[str, str, int]:
        stdin, stdout, stderr = self._client.exec_command(command, timeout=self._deadline.remaining)
        stdin.write(given)
        stdin.channel.shutdown_write()
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


def title(script: str) -> str:
    """What an error calls a script: its first line."""
    return script.strip().partition("\n")[0].removeprefix("# ")


def failed(name: str, status: int, errors: str) -> GuestError:
    """The error for a command that ended with another status than 0 (negative: by force)."""
    last = errors.strip().splitlines()[-1:] or [""]
    what = "was cut off" if status < 0 else f"ended with status {status}"
    return GuestError(f"`{name}` {what} in the guest: {last[0] or 'no message'}")


@contextmanager
def session(port: int, credentials: Credentials, deadline: Deadline) -> Iterator[Session]:
    """A session with the guest behind a loopback port.

    Raises GuestError when the port refuses, the host key is another, or the login fails.
    """
    try:
        connection = socket.create_connection((LOOPBACK, port), deadline.remaining)
    except OSError as error:
        raise _unreachable(error) from error
    with session_over(connection, credentials, deadline) as opened:
        yield opened


@contextmanager
def session_over(
    connection: socket.socket, credentials: Credentials, deadline: Deadline
) -> Iterator[Session]:
    """As `session`, over a connection that was made already; it is closed at the end."""
    host_key = credentials.host_key
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.get_host_keys().add(_NAME, host_key.get_name(), host_key)
    try:
        try:
            # QEMU's end acknowledges late, and Nagle's algorithm would wait for that: 40 ms each
            # time two small packets follow each other.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.connect(
                _NAME,
                username=credentials.user,
                pkey=credentials.key,
                sock=connection,
                look_for_keys=False,
                allow_agent=False,
                timeout=deadline.remaining,
                banner_timeout=min(deadline.remaining, BANNER_SECONDS),
                auth_timeout=deadline.remaining,
            )
        except paramiko.BadHostKeyException as error:
            raise GuestError("the guest shows another SSH host key than the pinned one") from error
        except paramiko.AuthenticationException as error:
            raise GuestError(f"the guest refused {credentials.name}") from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise _unreachable(error) from error
        yield Session(client, deadline)
    finally:
        client.close()
        connection.close()


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
