"""`git bisect run` with `--untested-exit`: a history of a command line in which one commit moves a
NIC and another one cannot be read. The commands are those of docs/bisect.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/bisect.md"
PCIABI = Path(sys.executable).with_name("pciabi")
DISK = "-drive if=none,id=root,file=root.img -device virtio-blk-pci,drive=root"
NIC = "-netdev user,id=lan -device e1000,netdev=lan,id=net0"
RNG = "-device virtio-rng-pci,id=rng0"
MOVES = "Sort the devices"
UNREADABLE = "Quote the name"
HISTORY = (
    ("Start the web server as it has always been", ("-name web", DISK, NIC, RNG)),
    ("Name it web1", ("-name web1", DISK, NIC, RNG)),
    (UNREADABLE, ("-name 'web1", DISK, NIC, RNG)),
    ("Close the quotes", ("-name 'web1'", DISK, NIC, RNG)),
    (MOVES, ("-name 'web1'", DISK, RNG, NIC)),
    ("Keep the process id", ("-name 'web1'", DISK, RNG, NIC, "-pidfile web1.pid")),
)


def git(repository: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *words],
        cwd=repository,
        env=dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1"),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The history, its first commit tagged `good`."""
    made = tmp_path / "vms"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    for subject, options in HISTORY:
        words = ("qemu-system-x86_64 -nodefaults -machine pc-i440fx-7.2", *options)
        (made / "vm.sh").write_text(" \\\n  ".join(words) + "\n")
        git(made, "add", "vm.sh")
        git(made, "commit", "-q", "-m", subject)
    git(made, "tag", "good", f"main~{len(HISTORY) - 1}")
    return made


def bisected(repository: Path, commands: str) -> str:
    """What the commands print in the repository, to either stream."""
    path = f"{PCIABI.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", commands],
        cwd=repository,
        env=dict(os.environ, PATH=path, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def documented() -> str:
    return "\n".join(re.findall(r"^\$ (.*)$", PAGE.read_text(), re.MULTILINE))


def first_bad(repository: Path) -> str:
    return git(repository, "log", "-1", "--format=%s", "refs/bisect/bad").strip()


def test_bisecting_finds_the_commit_that_moved_the_nic(repository: Path) -> None:
    said = bisected(repository, documented())
    assert first_bad(repository) == MOVES
    skipped = git(repository, "for-each-ref", "--format=%(subject)", "refs/bisect/skip-*")
    assert skipped.strip() == UNREADABLE
    _commands, *printed, _qemus_own = PAGE.read_text().split("```")[1::2]
    for line in filter(None, "".join(printed).splitlines()):
        assert line.strip().rstrip(" …") in said, said


def test_without_the_option_the_wrong_commit_is_blamed(repository: Path) -> None:
    bisected(repository, documented().replace("--untested-exit 125 ", ""))
    assert first_bad(repository) == UNREADABLE
