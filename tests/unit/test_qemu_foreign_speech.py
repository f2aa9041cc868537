"""QMP with a program at the other end that is no QEMU: each way of failing is called what it is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.qemu import monitor
from pciabi.qemu.qtest import Qtest

GREETING = (
    b'{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}, "capabilities": []}}\n'
)
AGREED = b'{"return": {}, "id": "__qmp#00000"}\n'


@contextmanager
def speaking(*answers: bytes, ends: bool) -> Iterator[socket.socket]:
    """A program that greets and answers so, whatever it is asked, and ends or stays silent."""
    ours, theirs = socket.socketpair()

    def speak() -> None:
        for number, answer in enumerate(answers):
            if number and not theirs.recv(65536):
                return
            theirs.sendall(answer)
        if ends:
            if len(answers) > 1:
                theirs.recv(65536)
            theirs.close()

    with ours, theirs:
        thread = threading.Thread(target=speak)
        thread.start()
        yield ours
        ours.close()
        thread.join()


@pytest.mark.parametrize(
    ("answers", "ends", "message"),
    [
        ((), True, "QEMU ended before it could be spoken to"),
        ((), False, "QEMU did not greet in 0.5 s"),
        ((b"hello world\n",), False, "what QEMU says on its monitor is no QMP: "),
        ((b'{"hello": 1}\n',), False, "what QEMU says on its monitor is no QMP: "),
        ((b"\xff\xfe\n",), False, "what QEMU says on its monitor is no QMP: "),
        ((GREETING, b"hello world\n"), False, "what QEMU says on its monitor is no QMP: "),
        ((GREETING, AGREED), False, "QEMU did not answer QMP query-status in time"),
        ((GREETING, AGREED), True, "QMP query-status was lost: QEMU ended the connection"),
        ((GREETING, AGREED, b"}\n"), False, "what QEMU says on its monitor is no QMP: "),
        ((GREETING, AGREED, b"[1]\n"), False, "what QEMU says on its monitor is no QMP: "),
    ],
)
def test_whatever_is_no_qmp_is_called_that(
    answers: tuple[bytes, ...], ends: bool, message: str
) -> None:
    def ask() -> None:
        with (
            speaking(*answers, ends=ends) as connection,
            monitor.session(connection, Deadline.after(600), patience=0.5) as qmp,
        ):
            qmp.execute("query-status")

    must_fail(ask, message)


def test_a_silent_qtest_is_not_waited_for() -> None:
    def ask() -> None:
        with speaking(ends=False) as connection:
            Qtest(connection, Deadline.after(600), patience=0.1).run(["outl 0xcf8 0x0"])

    must_fail(ask, "QEMU did not answer qtest in time")


def must_fail(ask: Callable[[], None], message: str) -> None:
    with pytest.raises(QemuError) as caught:
        ask()
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
