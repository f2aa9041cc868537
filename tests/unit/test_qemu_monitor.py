"""QMP: whatever a QEMU answers ends in a value or one clear error. The fake is at the wire."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.qemu import bounded_client, monitor, qmp_session

GREETING = {"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}}, "capabilities": []}}
Behaviour = Callable[[socket.socket], None]


def line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\r\n"


def reply(connection: socket.socket, value: object) -> None:
    asked = json.loads(connection.recv(65536))
    # The negotiation has none.
    number = {"id": asked["id"]} if "id" in asked else {}
    connection.sendall(line({"return": value, **number}))


def answered(text: str) -> Behaviour:
    return lambda connection: reply(connection, text)


def says(data: bytes) -> Behaviour:
    return lambda connection: connection.sendall(data)


def says_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * 65536)


@contextmanager
def qemu(*behaviours: Behaviour) -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()

    def behave() -> None:
        with suppress(OSError, ValueError):
            for behaviour in behaviours:
                behaviour(theirs)

    thread = threading.Thread(target=behave)
    thread.start()
    try:
        yield ours
    finally:
        ours.close()
        theirs.shutdown(socket.SHUT_RDWR)
        thread.join()
        theirs.close()


def capable(connection: socket.socket) -> None:
    connection.sendall(line(GREETING))
    reply(connection, {})


def executed(connection: socket.socket, seconds: float = 60) -> str:
    with monitor.session(connection, Deadline.after(seconds)) as qmp:
        return str(qmp.execute("query-status"))


def test_the_answer_of_a_large_machine_arrives() -> None:
    with qemu(capable, answered("x" * 20_000_000)) as connection:
        assert executed(connection) == "x" * 20_000_000


@pytest.mark.parametrize("behaviour", [answered("x" * 1_000_000), says_for_ever])
def test_an_answer_that_is_too_long_is_one_clear_error(
    behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_client, "LONGEST_ANSWER", 100_000)
    with (
        qemu(capable, behaviour) as connection,
        pytest.raises(QemuError, match=r"^QEMU answers QMP with more than 100,000 bytes$"),
    ):
        executed(connection)


@pytest.mark.parametrize(
    "garbage", [b"nonsense\n", b"[]\n", b"\xff\xfe\n", b"{}\n", b"x" * 9 + b"\n"]
)
def test_what_is_no_qmp_is_called_that(garbage: bytes) -> None:
    with (
        qemu(says(garbage), lambda connection: None) as connection,
        pytest.raises(QemuError, match=r"QMP") as caught,
    ):
        executed(connection, 5)
    assert "\n" not in str(caught.value)
    with (
        qemu(capable, says(garbage)) as connection,
        pytest.raises(QemuError, match=r"QMP"),
    ):
        executed(connection, 5)


def test_a_qemu_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qmp_session, "_GREETING_SECONDS", 0.2)
    with qemu() as connection, pytest.raises(monitor.Silent, match=r"did not greet in 0\.2 s"):
        executed(connection)
    with qemu(capable) as connection, pytest.raises(QemuError, match="did not answer QMP"):
        executed(connection, 0.5)


def test_a_qemu_that_goes_away() -> None:
    with (
        qemu(lambda connection: connection.shutdown(socket.SHUT_RDWR)) as connection,
        pytest.raises(monitor.Lost, match="ended before it could be spoken to"),
    ):
        executed(connection)
    with (
        qemu(capable, lambda connection: connection.shutdown(socket.SHUT_RDWR)) as connection,
        # It may go before or after the library has taken its word for it.
        pytest.raises(monitor.Lost, match="QEMU ended"),
    ):
        executed(connection)
