"""Commands in the guest, over SSH on loopback, with the host key pinned."""

from __future__ import annotations

import logging
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import paramiko

from pciabi.deadline import Deadline
from pciabi.errors import GuestError

LOOPBACK = "127.0.0.1"
# What the library looks a host key up by; the connection is made already.
_NAME = "guest"
# lspci prints up to 20 KB a function, and a guest has hundreds at the most.
MAX_OUTPUT = 16_000_000
_CHUNK = 1 << 16
_LONGEST_QUOTE = 300
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


class SshSession:
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
        except (paramiko.SSHException, OSError, EOFError) as error:
            # At the deadline the connection is cut, whatever is being waited for.
            timed_out = isinstance(error, TimeoutError) or self._deadline.passed
            reason = "timed out" if timed_out else str(error) or "connection lost"
            raise GuestError(f"`{name}` could not be run in the guest: {reason}") from error
        if status != 0:
            raise failed(name, status, errors)
        return output

    def _execute(self, command: str, given: bytes = b"") -> tuple[str, str, int]:
        stdin, stdout, _ = self._client.exec_command(command, timeout=self._deadline.remaining)
        stdin.write(given)
        stdin.channel.shutdown_write()
        channel = stdout.channel
        output, errors = _heard(channel, self._deadline)
        told = channel.status_event.wait(self._deadline.remaining)
        # The end of a connection that was cut counts as a status too.
        if not told or (channel.exit_status < 0 and self._deadline.passed):
            raise TimeoutError
        return (
            output.decode(errors="replace"),
            errors.decode(errors="replace"),
            channel.recv_exit_status(),
        )


def _heard(channel: paramiko.Channel, deadline: Deadline) -> tuple[bytes, bytes]:
    """What a command writes to its two outputs, until it has closed them.

    Raises TimeoutError at the deadline, however much has come by then; GuestError for too much.
    """
    output, errors = bytearray(), bytearray()
    over = False
    while not over:
        ready, _, _ = select.select([channel], [], [], deadline.remaining)
        if not ready or deadline.passed:
            raise TimeoutError
        # What came before the end is there once the end is.
        over = bool(channel.eof_received or channel.closed)
        while channel.recv_ready() and len(output) <= MAX_OUTPUT:
            output += channel.recv(_CHUNK)
        while channel.recv_stderr_ready() and len(errors) <= MAX_OUTPUT:
            errors += channel.recv_stderr(_CHUNK)
        if max(len(output), len(errors)) > MAX_OUTPUT:
            raise GuestError(f"a command in the guest prints more than {MAX_OUTPUT:,} bytes")
    return bytes(output), bytes(errors)


def title(script: str) -> str:
    """What an error calls a script: its first line."""
    return script.strip().partition("\n")[0].removeprefix("# ")


def failed(name: str, status: int, errors: str) -> GuestError:
    """The error for a command that ended with another status than 0 (negative: by force)."""
    last = errors.strip().splitlines()[-1:] or [""]
    what = "was cut off" if status < 0 else f"ended with status {status}"
    return GuestError(f"`{name}` {what} in the guest: {last[0][:_LONGEST_QUOTE] or 'no message'}")


@contextmanager
def session(port: int, credentials: Credentials, deadline: Deadline) -> Iterator[SshSession]:
    """A session with the guest behind a loopback port.

    Raises GuestError when the port refuses, the host key is another, or the login fails.
    """
    try:
        connection = socket.create_connection((LOOPBACK, port), deadline.remaining)
    except OSError as error:
        raise _unreachable(error, deadline) from error
    with session_over(connection, credentials, deadline) as opened:
        yield opened


@contextmanager
def session_over(
    connection: socket.socket, credentials: Credentials, deadline: Deadline
) -> Iterator[SshSession]:
    """As `session`, over a connection that was made already; it is closed at the end."""
    host_key = credentials.host_key
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.get_host_keys().add(_NAME, host_key.get_name(), host_key)
    # Each wait of the library's has a time limit of its own, and a guest that answers a little
    # in each of them outlives the sum: with the connection they all end.
    cut = threading.Timer(deadline.remaining, _cut, (connection,))
    cut.daemon = True
    try:
        cut.start()
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
            raise _unreachable(error, deadline) from error
        yield SshSession(client, deadline)
    finally:
        cut.cancel()
        client.close()
        connection.close()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _unreachable(error: Exception, deadline: Deadline) -> GuestError:
    if deadline.passed:
        return GuestError(f"no SSH connection to the guest within {deadline.granted:g} s")
    # The library hides what happened to the connection behind what it was reading.
    hidden = error.__context__ if isinstance(error, paramiko.SSHException) else None
    if isinstance(hidden or error, TimeoutError):
        return GuestError(f"the guest's SSH server did not answer in {BANNER_SECONDS:g} s")
    if isinstance(hidden or error, OSError | EOFError):
        words = str(hidden or error) or "it was closed"
    else:
        words = str(error)
    return GuestError(f"no SSH connection to the guest: {words}")
