"""A QEMU that does not end by itself is ended and reaped, also after all it was spoken to through
is closed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.qemu import monitor, process
from pciabi.qemu.binary import Binary
from tests.unit.descriptors import descriptors

# Greets, refuses all it is told, and then minds neither signals nor a closed monitor.
STUBBORN = """
import json, os, re, signal, socket, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)
open(sys.argv[1], "w").write(str(os.getpid()))
descriptor = re.search(r"id=pciabi-monitor,fd=(\\d+)", " ".join(sys.argv))[1]
qmp = socket.socket(fileno=int(descriptor))
def say(**message):
    qmp.sendall(json.dumps(message).encode() + b"\\n")
version = {"qemu": {"major": 7, "minor": 2, "micro": 0}, "package": ""}
say(QMP={"version": version, "capabilities": []})
decoder, unread = json.JSONDecoder(), ""
# Messages follow each other without an end of their own.
while arrived := qmp.recv(65536):
    unread += arrived.decode()
    while unread:
        asked, end = decoder.raw_decode(unread)
        unread = unread[end:].lstrip()
        number = {"id": asked["id"]} if "id" in asked else {}
        if asked["execute"] == "qmp_capabilities":
            say(**{"return": {}}, **number)
        else:
            say(error={"class": "GenericError", "desc": "I will not"}, **number)
while True:
    time.sleep(60)
"""


def stubborn(folder: Path) -> Binary:
    command = (sys.executable, "-c", STUBBORN, str(folder / "pid"))
    return Binary("./qemu", command, Path("/"), (7, 2, 0), "QEMU emulator version 7.2.0")


def must_be_reaped(folder: Path) -> None:
    # One that has ended and was not waited for is there still.
    assert not Path("/proc", (folder / "pid").read_text()).exists()


def test_a_cold_probe_ends_a_qemu_that_minds_nothing(tmp_path: Path) -> None:
    before = descriptors()
    with pytest.raises(QemuError, match="I will not"):
        cold_probe(Hardware(()), stubborn(tmp_path), Cancellation(), Deadline.after(60))
    must_be_reaped(tmp_path)
    assert descriptors() == before


def test_a_qemu_is_there_until_its_monitor_is_closed_and_then_no_more(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    argv = (*stubborn(tmp_path).command, f"socket,id=pciabi-monitor,fd={theirs.fileno()}")
    with ours, theirs, process.running(argv, (theirs.fileno(),), Cancellation()) as qemu:
        with monitor.session(ours, Deadline.after(60)):
            theirs.close()
        # It was told nothing but that nobody listens any more.
        assert qemu.exit_status is None
    assert qemu.exit_status == -9
    must_be_reaped(tmp_path)


def test_to_kill_what_has_ended_harms_nobody() -> None:
    with process.running(["sh", "-c", "exit 0"], (), Cancellation()) as qemu:
        assert qemu.ended_within(60) == 0
    # Its descriptor's number is now somebody else's.
    with subprocess.Popen(["sleep", "60"]) as other:
        descriptor = os.pidfd_open(other.pid)
        os.dup2(descriptor, qemu.pidfd)
        try:
            qemu.kill()
            assert other.poll() is None
        finally:
            os.close(qemu.pidfd)
            if descriptor != qemu.pidfd:
                os.close(descriptor)
            other.kill()
