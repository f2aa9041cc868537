"""The QEMU of a running process: real ones, started, deleted and looked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from pciabi.qemu import binary
from tests.real import unpacked_root
from tests.real.command import PCIABI, environment, pciabi
from tests.real.fault_table import FAULTS, provokes

VM = "-nodefaults -machine pc-q35-7.2 -device e1000,id=n0 -device cirrus-vga"
PAUSED = ("-S", "-nodefaults", "-display", "none", "-accel", "tcg", "-qmp", "stdio")
USER = ("setpriv", "--reuid=1001", "--regid=1001", "--clear-groups", "--")


@contextmanager
def running(command: Sequence[str | Path], *more: str) -> Iterator[int]:
    """The number of a QEMU's process, for the time of the block; its monitor has greeted."""
    started = subprocess.Popen(
        [*command, *PAUSED, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert started.stdout is not None
        assert b'"QMP"' in started.stdout.readline()
        yield started.pid
        assert started.poll() is None, "the process was touched"
    finally:
        started.kill()
        started.communicate()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a VM in it, which other users may enter. It is not below pytest's own: each
    pytest that starts closes that to all others."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        (folder / "vm.sh").write_text(f"qemu-system-x86_64 {VM}\n")
        yield folder


@pytest.fixture
def copy(folder: Path) -> Path:
    """A QEMU of this host's in a place of its own, which finds the host's data beside it."""
    program = folder / "prefix/bin/qemu-system-x86_64"
    program.parent.mkdir(parents=True)
    shutil.copy(unpacked_root.hosts().program, program)
    for name in ("share", "lib"):
        (folder / "prefix" / name).symlink_to(f"/usr/{name}")
    return program


def hardware(document: str) -> dict[str, Any]:
    """A snapshot without the words on where it was read."""
    read = dict(json.loads(document))
    del read["provenance"]
    assert len(read["functions"]) == 6
    return read


def test_a_deleted_qemu_shows_what_it_showed(folder: Path, copy: Path) -> None:
    plain = pciabi("snapshot", "vm.sh", cwd=folder)
    with running([copy]) as pid:
        copy.unlink()
        # What has taken its name is no QEMU, and must not be started.
        copy.write_text("#!/bin/sh\ntouch started\n")
        copy.chmod(0o755)
        read = pciabi("snapshot", "vm.sh", "--qemu", f"proc:{pid}", cwd=folder)
        told = pciabi("diff", "vm.sh", "vm.sh", "--from", f"proc:{pid}", cwd=folder)
        listed = pciabi("qemu", "exec", f"proc:{pid}", "--version", cwd=folder)
    assert read.returncode == 0, read.stderr
    assert hardware(read.stdout) == hardware(plain.stdout)
    origin = json.loads(read.stdout)["provenance"]["qemu_package"]
    host = json.loads(plain.stdout)["provenance"]["qemu_package"]
    where = f"QEMU of process {pid}, whose file was deleted or replaced since"
    assert origin == f"{host}; {where}"
    assert told.returncode == 0, told.stdout + told.stderr
    assert host in listed.stdout
    assert not (folder / "started").exists()


def test_it_is_held_when_its_process_ends(copy: Path) -> None:
    with running([copy]) as pid:
        found = binary.find(f"proc:{pid}")
    copy.unlink()
    said = subprocess.run([*found.command, "--version"], capture_output=True, check=True)
    assert found.banner in said.stdout.decode()


def test_the_firmware_it_was_told_of_is_looked_into_first(folder: Path, copy: Path) -> None:
    own = folder / "own"
    own.mkdir()
    with running([copy], "-L", "own", "-machine", "none") as pid:
        pass
    with running([copy], "-L", str(own), "-machine", "none") as pid:
        assert binary.find(f"proc:{pid}").command[1:] == ("-L", str(own))


def test_option_roms_that_were_replaced_since_are_not_taken_for_the_old_ones(
    folder: Path, copy: Path
) -> None:
    own = folder / "own"
    own.mkdir()
    rom = Path(shutil.copy("/usr/lib/ipxe/qemu/efi-e1000.rom", own))
    with running([copy], "-L", str(own), "-machine", "none") as pid:
        spec = f"proc:{pid}"
        as_started = pciabi("snapshot", "vm.sh", "--qemu", spec, cwd=folder)
        rom.write_bytes(rom.read_bytes())
        replaced = pciabi("snapshot", "vm.sh", "--qemu", spec, cwd=folder)
        told = pciabi("gate", "vm.sh", "--from", spec, "--to", str(copy), cwd=folder)
    assert "option ROMs" not in as_started.stdout
    found = json.loads(replaced.stdout)["substitutions"]
    whose = f"the option ROMs that process {pid} has shown"
    assert {one["option"] for one in found} == {whose}
    assert {one["id"] or one["device"] for one in found} == {"n0", "cirrus-vga"}
    # Nobody knows what the guest has now: that is no pass.
    assert told.returncode != 0
    assert "expansion ROM size" in told.stdout
    assert whose in told.stdout


@provokes("a process whose file is gone from its own root")
def test_one_in_a_root_of_its_own_runs_on_the_files_it_sees(folder: Path) -> None:
    """As a container has it: a mount namespace, and nothing of it has a name outside."""
    root = folder / "root"
    program = unpacked_root.like_centos(unpacked_root.released("10.0"), root)
    inside = f"/{program.relative_to(root)}"
    script = (
        'cd "$0" && mount --bind . . && cd "$0" && mkdir old && pivot_root . old && '
        'LD_LIBRARY_PATH=/usr/lib64:/usr/lib64/private exec "$@"'
    )
    into = ("unshare", "--mount", "sh", "-c", script, str(root), inside)
    plain = pciabi("snapshot", "vm.sh", "--qemu", "10.0", cwd=folder)
    with running(into, "-machine", "none") as pid:
        found = binary.find(f"proc:{pid}")
        read = pciabi("snapshot", "vm.sh", "--qemu", f"proc:{pid}", cwd=folder)
        assert found.version[0] == 10
        program.unlink()
        lost = pciabi("snapshot", "vm.sh", "--qemu", f"proc:{pid}", cwd=folder)
    FAULTS["a process whose file is gone from its own root"].must_be_in(lost)
    assert read.returncode == 0, read.stderr
    assert hardware(read.stdout) == hardware(plain.stdout)


def user(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pciabi as an ordinary user without a home, whose cache is in the folder."""
    os.chown(folder, 1001, 1001)
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    temporary = environment(folder) | {"XDG_CACHE_HOME": str(cache), "HOME": "/nonexistent"}
    for place in (cache, Path(temporary["TMPDIR"])):
        os.chown(place, 1001, 1001)
    return subprocess.run(
        [*USER, PCIABI, *arguments],
        cwd=folder,
        env=temporary,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_user_who_runs_it_may_use_it(folder: Path, copy: Path) -> None:
    with running([*USER, copy]) as pid:
        copy.unlink()
        read = user(folder, "snapshot", "vm.sh", "--qemu", f"proc:{pid}")
    plain = user(folder, "snapshot", "vm.sh")
    assert read.returncode == 0, read.stderr
    assert hardware(read.stdout) == hardware(plain.stdout)


@provokes("another user's process")
def test_another_users_process_is_not_to_be_had(folder: Path, copy: Path) -> None:
    with running([copy]) as pid:
        read = user(folder, "snapshot", "vm.sh", "--qemu", f"proc:{pid}")
    FAULTS["another user's process"].must_be_in(read)
    assert read.stderr.count("\n") == 1


@provokes(
    "a process that is gone",
    "a process of another program",
    "a process that has ended and still has its number",
)
def test_what_is_no_running_qemu_is_one_line(folder: Path) -> None:
    def told(pid: int) -> subprocess.CompletedProcess[str]:
        done = pciabi("snapshot", "vm.sh", "--qemu", f"proc:{pid}", cwd=folder)
        assert done.stderr.count("\n") == 1
        return done

    sleeping = subprocess.Popen(["sleep", "600"])
    FAULTS["a process of another program"].must_be_in(told(sleeping.pid))
    sleeping.kill()
    os.waitid(os.P_PID, sleeping.pid, os.WEXITED | os.WNOWAIT)
    FAULTS["a process that has ended and still has its number"].must_be_in(told(sleeping.pid))
    sleeping.wait()
    FAULTS["a process that is gone"].must_be_in(told(sleeping.pid))
