"""Faults of a VM that is read without a guest: QEMU refuses it, or does not answer."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.command import PCIABI, pciabi
from tests.real.fault_table import FAULTS, provokes

CASES = Path(__file__).parents[1] / "cases"
RELAY = Path(__file__).with_name("qtest_relay.py")
VM = "qemu-system-x86_64 -M pc-q35-7.2 -nodefaults \\\n -device e1000,addr=3\n"
# In place of QEMU: its own `--version`, and then what the test is about.
WRAPPER = """#!/bin/sh
case "$*" in *--version*) exec qemu-system-x86_64 --version;; esac
fd=$(echo "$*" | sed 's/.*monitor,fd=\\([0-9]*\\).*/\\1/')
"""


def vm(folder: Path, options: str) -> Path:
    path = folder / "vm.sh"
    path.write_text(VM.replace("-device e1000,addr=3", options))
    return path


@provokes("an option QEMU refuses", "more memory than there can be")
@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("an option QEMU refuses", "-smp 999999"),
        ("more memory than there can be", "-m 99999999G"),
    ],
)
def test_an_option_that_qemu_quotes_nowhere(fault: str, options: str, tmp_path: Path) -> None:
    FAULTS[fault].must_be_in(pciabi("snapshot", vm(tmp_path, options), cwd=tmp_path))


@provokes("slot taken from a device of the host's")
def test_a_stand_in_is_never_named(tmp_path: Path) -> None:
    shutil.copy(CASES / "refused/stand-in.sh", tmp_path / "vm.sh")
    done = pciabi("snapshot", "vm.sh", cwd=tmp_path)
    FAULTS["slot taken from a device of the host's"].must_be_in(done)
    assert "virtio-rng" not in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-cpu nosuch", "QEMU refuses -cpu nosuch: unable to find CPU model 'nosuch'"),
        ("-boot order=z", "QEMU refuses -boot z: Invalid boot device 'z'"),
        ("-object iothread", "QEMU refuses -object iothread: Parameter 'id' is missing"),
        ("-vga nosuch", "QEMU refuses -vga nosuch: unknown vga type: nosuch"),
        ("-smp 2,maxcpus=1", "QEMU refuses -smp 2,maxcpus=1: "),
        (
            "-machine q35,accel=kvm,smp.cpus=4,smp.maxcpus=512",
            "QEMU refuses -machine q35,smp.cpus=4,smp.maxcpus=512: ",
        ),
        ("-global e1000.foo=1 -device e1000", "property 'foo' may name something of the host"),
        ("-drive index=0,file=/a -drive index=0,file=/b", "QEMU refuses -drive index=0: drive"),
        ("-device e1000,bus=nosuch", "QEMU refuses device e1000, line 2: Bus 'nosuch' not found"),
        ("-device nvme,id=a", "QEMU refuses device a (nvme): serial property not set"),
    ],
)
def test_whatever_qemu_refuses_is_wrong_input_with_its_line(
    options: str, said: str, tmp_path: Path
) -> None:
    done = pciabi("snapshot", vm(tmp_path, options), cwd=tmp_path)
    assert done.returncode == 2
    assert re.search(rf"vm.sh:2: .*{re.escape(said)}", done.stderr), done.stderr
    assert done.stderr.count("\n") == 1


@provokes("machine type one side's QEMU lacks")
def test_the_side_and_its_option_are_named(tmp_path: Path) -> None:
    vm(tmp_path, "-device e1000")
    done = pciabi("diff", "vm.sh", "vm.sh", "--to-machine", "pc-q35-99", cwd=tmp_path)
    FAULTS["machine type one side's QEMU lacks"].must_be_in(done)
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("releases")
def test_of_two_qemus_the_one_that_refuses_is_named(tmp_path: Path) -> None:
    vm(tmp_path, "-device e1000,bus=nosuch")
    done = pciabi("diff", "vm.sh", "vm.sh", "--qemu-a", "10.0", cwd=tmp_path)
    before, after = done.stderr.splitlines()
    assert re.match(r"pciabi: vm.sh:2: A \(before\): QEMU refuses device .*\(QEMU 10\.0\.", before)
    assert re.match(r"pciabi: vm.sh:2: B \(after\): QEMU refuses device .*\(QEMU 7\.2\.", after)

    (tmp_path / "vm.sh").write_text("qemu-system-x86_64 -M pc-q35-5.1 -device e1000\n")
    done = pciabi("diff", "vm.sh", "vm.sh", "--qemu-b", "11.1", cwd=tmp_path)
    assert done.returncode == 2
    told = r"pciabi: vm.sh:1: B \(after\): unknown machine type 'pc-q35-5.1' .* of QEMU 11\.1\."
    assert re.fullmatch(rf"{told}\d+\)\n", done.stderr), done.stderr


@provokes("file missing", "format that only lint reads", "lspci -t")
def test_a_file_is_told_for_what_it_is(tmp_path: Path) -> None:
    FAULTS["file missing"].must_be_in(pciabi("snapshot", "vm.json", cwd=tmp_path))
    shutil.copy(CASES / "kinds/proxmox.conf", tmp_path / "vm.conf")
    done = pciabi("snapshot", "vm.conf", cwd=tmp_path)
    FAULTS["format that only lint reads"].must_be_in(done)
    shutil.copy(CASES / "kinds/lspci-tree.txt", tmp_path / "tree.txt")
    FAULTS["lspci -t"].must_be_in(pciabi("snapshot", "tree.txt", cwd=tmp_path))


# Begins its greeting, goes on with it, and ends as soon as nobody listens.
DRIPS = """printf '{"QMP": ' >&$fd
while sleep 1; do printf ' ' >&$fd || exit 1; done"""


@provokes("QEMU hangs while it is read", "QEMU is silent", "QEMU babbles")
@pytest.mark.parametrize(
    ("fault", "does"),
    [
        ("QEMU hangs while it is read", 'kill -STOP $$; exec qemu-system-x86_64 "$@"'),
        ("QEMU is silent", "exec sleep 600"),
        ("QEMU is silent", f'eval "exec 9>&$fd"; fd=9\n{DRIPS}'),
        ("QEMU babbles", 'eval "echo hello >&$fd"; exec sleep 600'),
        ("QEMU babbles", 'eval "exec yes >&$fd"'),
    ],
)
def test_a_qemu_that_does_not_answer_is_called_that(fault: str, does: str, tmp_path: Path) -> None:
    vm(tmp_path, "-device e1000")
    qemu = tmp_path / "qemu"
    qemu.write_text(WRAPPER + does + "\n")
    qemu.chmod(0o755)
    done = pciabi("snapshot", "vm.sh", "--qemu", "./qemu", cwd=tmp_path)
    FAULTS[fault].must_be_in(done)


FLOOD = """
import os, sys
fd = int(sys.argv[1])
greeting = b'{"QMP": {"version": {"qemu": {}}, "capabilities": []}}'
os.write(fd, greeting + b'\\n{"return": {}}\\n')
while True:
    os.write(fd, b'{"event": "E", "data": "' + b"x" * 10_000_000 + b'"}\\n')
"""


@provokes("QEMU floods its monitor")
def test_a_qemu_whose_events_never_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    vm(tmp_path, "-device e1000")
    (tmp_path / "flood.py").write_text(FLOOD)
    qemu = tmp_path / "qemu"
    qemu.write_text(f"{WRAPPER}exec {sys.executable} flood.py $fd\n")
    qemu.chmod(0o755)
    done = pciabi("snapshot", "vm.sh", "--qemu", "./qemu", cwd=tmp_path)
    FAULTS["QEMU floods its monitor"].must_be_in(done)


@provokes("QEMU stops answering")
def test_a_qemu_that_falls_silent_is_called_that(tmp_path: Path) -> None:
    vm(tmp_path, "-device e1000")
    qemu = tmp_path / "qemu"
    relay = f'exec {sys.executable} {RELAY} stall qemu-system-x86_64 "$@"'
    qemu.write_text(WRAPPER + relay + "\n")
    qemu.chmod(0o755)
    done = pciabi("snapshot", "vm.sh", "--qemu", "./qemu", cwd=tmp_path)
    FAULTS["QEMU stops answering"].must_be_in(done)


@provokes("QEMU ends without a word")
def test_a_qemu_that_ends_without_a_word_is_no_guest(tmp_path: Path) -> None:
    vm(tmp_path, "-device e1000")
    qemu = tmp_path / "qemu"
    qemu.write_text(WRAPPER + "exit 0\n")
    qemu.chmod(0o755)
    done = pciabi("diff", "vm.sh", "vm.sh", "--to", "./qemu", cwd=tmp_path)
    FAULTS["QEMU ends without a word"].must_be_in(done)
    assert "guest" not in done.stderr


@provokes("input that is empty")
def test_a_stream_that_was_read_already(tmp_path: Path) -> None:
    vm(tmp_path, "-device e1000")
    assert pciabi("snapshot", "vm.sh", "-o", "vm.json", cwd=tmp_path).returncode == 0
    # A pipe gives what is in it to the first reader.
    done = subprocess.run(
        ["sh", "-c", f"cat vm.json | {PCIABI} diff /dev/stdin /dev/stdin"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    FAULTS["input that is empty"].must_be_in(done)
