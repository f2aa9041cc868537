"""The qtest client against a peer at the other end of a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.qemu.qtest import Qtest, data, number

Peer = Callable[[socket.socket], None]


def answered(commands: list[str], peer: Peer, seconds: float = 20) -> list[str]:
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=peer, args=(theirs,))
    with ours, theirs:
        thread.start()
        try:
            return Qtest(ours, Deadline.after(seconds)).run(commands)
        finally:
            ours.close()
            thread.join()


def echoing(connection: socket.socket) -> None:
    """As QEMU does: a command is answered, in full, before the next one is read."""
    with connection.makefile("rb") as lines:
        for line in lines:
            try:
                connection.sendall(b"OK " + line)
            except OSError:
                return


def saying(words: bytes) -> Peer:
    def peer(connection: socket.socket) -> None:
        connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)

    return peer


def silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def test_far_more_is_asked_and_answered_than_sockets_hold() -> None:
    commands = [f"{index} {'x' * 8000}" for index in range(300)]
    assert answered(commands, echoing) == commands


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (b"", "ended the connection"),
        (b"OK 0x12", "ended the connection"),
        (b"OK 0x1", "ended the connection"),
        (b"FAIL unknown command\n" * 2, "answers qtest inl with 'FAIL unknown command'"),
        (b"IRQ raise 5\n" * 2, "IRQ raise 5"),
        (b"OK 1\nOK 2\nOK 3\n", "more than it was asked for"),
        (b"x" * 600_000, "without an end"),
    ],
)
def test_what_is_no_answer_is_an_error_in_one_line(words: bytes, problem: str) -> None:
    with pytest.raises(QemuError, match=problem) as caught:
        answered(["inl 0xcfc", "inl 0xcfc"], saying(words))
    assert "\n" not in str(caught.value)


def test_a_peer_that_says_nothing_is_given_up() -> None:
    with pytest.raises(QemuError, match="in time"):
        answered(["inl 0xcfc"], silent, seconds=0.05)


@given(st.binary(max_size=200))
def test_any_answer_ends_in_a_value_or_an_error(words: bytes) -> None:
    try:
        (answer,) = answered(["read 0x0 0x4"], saying(words))
        assert number(answer) >= 0
        assert len(data(answer, 4)) == 4
    except QemuError:
        pass


@given(st.binary(min_size=1, max_size=64), st.integers(1, 64))
def test_data_of_another_length_is_refused(content: bytes, length: int) -> None:
    answer = f"0x{content.hex()}"
    if len(content) == length:
        assert data(answer, length) == content
    else:
        with pytest.raises(QemuError, match=f"{len(content)} bytes, not {length}"):
            data(answer, length)
