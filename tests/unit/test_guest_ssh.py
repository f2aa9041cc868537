"""Commands over SSH: bounded as a whole, whatever the server at the far end does. It is a real
one, paramiko's, that misbehaves."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import paramiko
import pytest
from paramiko.common import AUTH_SUCCESSFUL, OPEN_SUCCEEDED

from pciabi.deadline import Deadline
from pciabi.errors import GuestError
from pciabi.guest import ssh
from pciabi.guest.keys import RunKeys

Behaviour = Callable[[paramiko.Channel, threading.Event], None]


class Server(paramiko.ServerInterface):
    """A server that lets everybody in, and answers a command as it is told to."""

    def __init__(self, behaviour: Behaviour | None, over: threading.Event) -> None:
        self.behaviour = behaviour
        self.over = over

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self.behaviour is None:
            self.over.wait()
            return False
        threading.Thread(target=self._answer, args=(channel,), daemon=True).start()
        return True

    def _answer(self, channel: paramiko.Channel) -> None:
        assert self.behaviour is not None
        with suppress(OSError, EOFError):
            self.behaviour(channel, self.over)


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection on loopback, ours and the guest's."""
    with socket.create_server((ssh.LOOPBACK, 0)) as server:
        ours = socket.create_connection(server.getsockname())
        return ours, server.accept()[0]


@contextmanager
def guest(behaviour: Behaviour | None, deadline: Deadline) -> Iterator[ssh.SshSession]:
    ours, theirs = pair()
    keys = RunKeys()
    over = threading.Event()
    transport = paramiko.Transport(theirs)
    transport.add_server_key(keys.credentials().host_key)
    transport.start_server(event=threading.Event(), server=Server(behaviour, over))
    try:
        with ssh.session_over(ours, keys.credentials(), deadline) as session:
            yield session
    finally:
        over.set()
        transport.close()


def drips(channel: paramiko.Channel, over: threading.Event) -> None:
    while not over.wait(0.02):
        channel.sendall(b"00:00.0 Host bridge\n")


def drips_complaints(channel: paramiko.Channel, over: threading.Event) -> None:
    while not over.wait(0.02):
        channel.sendall_stderr(b"pcilib: slow\n")


def says_nothing(channel: paramiko.Channel, over: threading.Event) -> None:
    over.wait()


def ends_without_a_status(channel: paramiko.Channel, over: threading.Event) -> None:
    channel.sendall(b"text\n")
    channel.shutdown_write()
    over.wait()


def never_ends(channel: paramiko.Channel, over: threading.Event) -> None:
    while not over.is_set():
        channel.sendall(bytes(30_000))


def complains_for_ever(channel: paramiko.Channel, over: threading.Event) -> None:
    while not over.is_set():
        channel.sendall_stderr(bytes(30_000))


def answers(channel: paramiko.Channel, over: threading.Event) -> None:
    # More than one window of the protocol on each of the two.
    channel.sendall_stderr(b"e" * 3_000_000)
    channel.sendall(b"o" * 3_000_000 + b"\n")
    channel.send_exit_status(0)
    channel.close()


@pytest.mark.parametrize(
    "behaviour", [drips, drips_complaints, says_nothing, ends_without_a_status, None]
)
def test_a_time_limit_bounds_the_whole_of_a_command(behaviour: Behaviour | None) -> None:
    deadline = Deadline.after(1.5)
    with guest(behaviour, deadline) as session:
        with pytest.raises(GuestError, match=r"`lspci` could not be run in the guest: timed out"):
            session.run("lspci")
        assert deadline.passed


@pytest.mark.parametrize("behaviour", [never_ends, complains_for_ever])
def test_what_a_command_prints_is_bounded(
    behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh, "MAX_OUTPUT", 200_000)
    with (
        guest(behaviour, Deadline.after(60)) as session,
        pytest.raises(GuestError, match="prints more than 200,000 bytes"),
    ):
        session.run("lspci")


def test_a_long_answer_on_both_outputs_arrives_whole() -> None:
    with guest(answers, Deadline.after(60)) as session:
        assert session.run("lspci") == "o" * 3_000_000 + "\n"


def test_a_server_that_greets_without_an_end_is_given_up_at_the_deadline() -> None:
    ours, theirs = pair()
    over = threading.Event()

    def greet() -> None:
        with suppress(OSError):
            while not over.wait(0.05):
                theirs.sendall(b"hello\r\n")

    greeting = threading.Thread(target=greet)
    greeting.start()
    deadline = Deadline.after(0.5)
    keys = RunKeys()
    try:
        with (
            pytest.raises(GuestError, match=r"no SSH connection to the guest within 0\.5 s"),
            ssh.session_over(ours, keys.credentials(), deadline),
        ):
            pass
    finally:
        over.set()
        greeting.join()
        theirs.close()
