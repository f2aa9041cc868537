"""Faults of QEMU and of the machine pciabi runs on: one clear line each, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from pciabi import resources
from pciabi.distribution import cache
from tests.real.command import (
    PCIABI,
    environment,
    guests,
    start,
    wait_for_guest,
    workspaces,
)
from tests.real.fault_table import FAULTS, provokes

ONE = ("--select", "machine=pc", "--select", "nic=virtio-net-pci")
RUN = ("run", "two-nics-pinned", *ONE)
PINNED = resources.scenario("two-nics-pinned")

# Brings loopback up in a network namespace of few ports, and takes every other one of them.
FEW_PORTS = """
import fcntl, socket, struct, subprocess, sys
from pathlib import Path
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as one:
    fcntl.ioctl(one, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40007")
taken = [socket.create_server(("127.0.0.1", port)) for port in range(40000, 40008, 2)]
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""


def nothing_is_left(folder: Path) -> None:
    assert not guests(folder)
    assert not workspaces(folder)


def in_namespace(
    folder: Path, flags: str, *command: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run a command in namespaces of its own, as their root."""
    return subprocess.run(
        ["unshare", flags, *command],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@provokes("QEMU killed")
def test_a_qemu_that_dies_in_the_middle(tmp_path: Path) -> None:
    running = start(*RUN, cwd=tmp_path)
    os.kill(wait_for_guest(tmp_path), signal.SIGKILL)
    output, _ = running.communicate(timeout=120)
    FAULTS["QEMU killed"].must_show(output, running.returncode)
    nothing_is_left(tmp_path)


@provokes("QEMU hangs")
def test_a_qemu_that_hangs(tmp_path: Path) -> None:
    text = PINNED.read_text().replace("summary:", "timeout: 3\nsummary:")
    (tmp_path / "own.pciabi.yaml").write_text(text)
    running = start("run", "own.pciabi.yaml", *ONE, cwd=tmp_path)
    os.kill(wait_for_guest(tmp_path), signal.SIGSTOP)
    output, _ = running.communicate(timeout=120)
    FAULTS["QEMU hangs"].must_show(output, running.returncode)
    nothing_is_left(tmp_path)


@provokes("disk full while reporting")
def test_a_disk_that_is_full_when_the_report_is_written(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    script = 'mount -t tmpfs -o size=16k none reports && "$@" && exit; c=$?; ls reports; exit $c'
    done = in_namespace(tmp_path, "-rm", "sh", "-c", script, "sh", PCIABI, *RUN)
    FAULTS["disk full while reporting"].must_be_in(done)
    # The verdict is out, and no half a report lies there.
    assert "Compatible: the only case held." in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Scope: ")
    nothing_is_left(tmp_path)


@provokes("disk full while booting")
def test_a_disk_that_is_full_when_the_guest_is_to_boot(tmp_path: Path) -> None:
    environment(tmp_path)
    script = 'mount -t tmpfs -o size=4m none tmp && "$@" && exit; c=$?; ls tmp; exit $c'
    done = in_namespace(tmp_path, "-rm", "sh", "-c", script, "sh", PCIABI, *RUN)
    FAULTS["disk full while booting"].must_be_in(done)
    (run,) = (tmp_path / "reports").iterdir()
    assert '"verdict": "error"' in (run / "report.json").read_text()
    assert "pciabi-" not in done.stdout.splitlines()[-1]


@provokes("port taken")
def test_taken_ports_are_no_fault(tmp_path: Path) -> None:
    done = in_namespace(tmp_path, "-rn", sys.executable, "-c", FEW_PORTS, PCIABI, *RUN)
    FAULTS["port taken"].must_be_in(done)
    nothing_is_left(tmp_path)


@provokes("two runs in one folder at once")
def test_two_runs_in_one_folder_at_once(tmp_path: Path) -> None:
    both = [start(*RUN, cwd=tmp_path) for _ in range(2)]
    for running in both:
        output, _ = running.communicate(timeout=240)
        FAULTS["two runs in one folder at once"].must_show(output, running.returncode)
    pages = list((tmp_path / "reports").glob("*/report.html"))
    assert len(pages) == 2
    nothing_is_left(tmp_path)


@provokes("image build killed half-way", "image in the cache damaged")
def test_a_cache_with_half_an_image_and_with_a_damaged_one(tmp_path: Path) -> None:
    place = tmp_path / "cache" / "pciabi"
    place.mkdir(parents=True)
    (place / "packages").symlink_to(cache.packages())
    own = {**environment(tmp_path), "XDG_CACHE_HOME": str(place.parent)}

    def command(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [PCIABI, *words],
            cwd=tmp_path,
            env=own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    killed = command("image", "build", "debian")
    assert killed.stdout is not None
    for line in killed.stdout:
        if "unpacking" in line:
            killed.kill()
    killed.wait()
    assert list(place.glob("images/*/building-*"))

    again = command("image", "build", "debian")
    output, _ = again.communicate(timeout=300)
    FAULTS["image build killed half-way"].must_show(output, again.returncode)
    assert not list(place.glob("images/*/building-*"))

    (initrd,) = place.glob("images/debian-*/current/initrd")
    with initrd.open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)
        file.seek(1_000_000)
        file.write(bytes([byte[0] ^ 1]))
    run = command(*RUN)
    output, _ = run.communicate(timeout=300)
    FAULTS["image in the cache damaged"].must_show(output, run.returncode)
    nothing_is_left(tmp_path)
