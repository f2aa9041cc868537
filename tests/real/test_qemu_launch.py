"""How an unpacked QEMU is started, by root and by an ordinary user: really in a namespace.

A script stands in for QEMU's loader and tells what it was started with.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pciabi.qemu import launch

NOBODY = 65534
# What it prints: its process id, what it sees in the host's folder of modules, what it reads
# from a descriptor it inherited.
LOADER = """#!/bin/bash
echo $$
echo {hosts}/*
cat <&"$DESCRIPTOR"
exec sleep 1000
"""
# Starts the words it is given as pciabi starts QEMU, and waits to be killed.
PARENT = """
import subprocess, sys
user = int(sys.argv[1])
subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *sys.argv[2:]], user=user)
sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an ordinary user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="pciabi-test-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(params=["as it is", "ordinary user"])
def user(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Who starts QEMU: whoever runs the test, and nobody where that is root."""
    if request.param == "ordinary user" and os.geteuid() == 0:
        monkeypatch.setattr("os.geteuid", lambda: NOBODY)
    return os.geteuid()


@pytest.fixture
def command(folder: Path, user: int, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """What starts a release where the host has modules that the release has not."""
    host, root = folder / "host", folder / "release"
    for place, module in ((host, "strange.so"), (root, "own.so")):
        (place / launch.MODULES).mkdir(parents=True)
        (place / launch.MODULES / module).touch()
    loader = root / launch.LOADER
    loader.write_text(LOADER.format(hosts=host / launch.MODULES))
    loader.chmod(0o755)
    monkeypatch.setattr(launch, "HOST", host)
    found = launch.command(launch.released(root))
    assert found[0] == "unshare"
    return found


def test_it_keeps_process_and_descriptors_and_sees_its_own_modules_only(
    command: tuple[str, ...], user: int, folder: Path
) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"inherited\n")
    os.close(writing)
    with subprocess.Popen(
        command,
        user=user,
        pass_fds=(reading,),
        env={**os.environ, "DESCRIPTOR": str(reading)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(reading)
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(3)]
        process.kill()
    hosts = folder / "host" / launch.MODULES
    assert said == [str(process.pid), str(hosts / "own.so"), "inherited"]
    assert [path.name for path in hosts.iterdir()] == ["strange.so"], "the host's is untouched"


def test_it_dies_with_whoever_started_it(command: tuple[str, ...], user: int) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(user), *command],
        env={**os.environ, "DESCRIPTOR": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = os.pidfd_open(int(parent.stdout.readline()))
    try:
        assert select.select([child], [], [], 0) == ([], [], [])
        parent.kill()
        parent.communicate()
        assert select.select([child], [], [], 30) == ([child], [], [])
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(child, signal.SIGKILL)
        os.close(child)


def test_the_tools_it_takes_are_there() -> None:
    assert [name for name in ("unshare", "mount", "env", "sh") if shutil.which(name) is None] == []
