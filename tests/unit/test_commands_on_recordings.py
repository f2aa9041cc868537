"""The commands on recordings: texts of lspci and snapshot files, read as a user has them read, on
any machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pciabi.cli import main

TESTS = Path(__file__).resolve().parent.parent
TEXT = TESTS / "golden" / "lspci" / "qemu-7.2_q35-many.txt"
CASES = TESTS / "cases" / "lspci"
HEX = re.compile(r"^[0-9a-f]{2,3}: .*\n", re.MULTILINE)
DETAILS = re.compile(r"^\t.*\n", re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    """A command that has ended, as `subprocess.CompletedProcess` shows one."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Ended]


@pytest.fixture
def pciabi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`pciabi` with its arguments, in the test's own folder and within this process."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str | Path) -> Ended:
        # As from a shell, each word is a text of its own.
        words = [os.fsdecode(os.fsencode(argument)) for argument in arguments]
        monkeypatch.setattr("sys.argv", ["pciabi", *words])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert isinstance(ended.value.code, int)
        said = capsys.readouterr()
        return Ended(ended.value.code, said.out, said.err)

    return command


def document(pciabi: Command, *arguments: str | Path) -> dict[str, Any]:
    done = pciabi("diff", *arguments, "--format", "json")
    assert done.stdout, done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    assert loaded["exit_code"] == done.returncode
    return loaded


def breaking(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [change for change in found["changes"] if change["severity"] == "breaking"]


def saved(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_texts_of_lspci_are_compared_as_far_as_they_go(pciabi: Command, tmp_path: Path) -> None:
    whole = TEXT.read_text()
    detailed = HEX.sub("", whole)
    short = DETAILS.sub("", detailed)
    for name, text in (("v.txt", detailed), ("nn.txt", short)):
        path = saved(tmp_path, name, text)
        same = document(pciabi, path, path)
        assert (same["verdict"], same["changes"]) == ("compatible", [])
        assert same["counts"]["unknown"] > 0
        assert document(pciabi, path, path, "--fail-on", "unknown")["exit_code"] == 1
        # Held against everything, it leaves most of it open.
        assert document(pciabi, path, TEXT)["exit_code"] == 3
    assert document(pciabi, TEXT, TEXT)["verdict"] == "compatible"

    broken = saved(tmp_path, "b.txt", short.replace("[1b36:0010] (rev 02)", "[1b36:0010] (rev 03)"))
    found = document(pciabi, tmp_path / "nn.txt", broken)
    assert [(c["field"], c["before"], c["after"]) for c in breaking(found)] == [
        ("Revision ID", "0x02", "0x03")
    ]
    # A proved break outranks what is not known.
    assert document(pciabi, TEXT, broken)["exit_code"] == 1


def test_another_class_at_the_same_place_is_another_device(pciabi: Command, tmp_path: Path) -> None:
    found = document(pciabi, CASES / "bridges-before.txt", CASES / "bridges-after.txt")
    assert found["exit_code"] == 1
    places = {"0000:00:1f.0"}
    at = [c for c in breaking(found) if places & {c["address_before"], c["address_after"]}]
    assert sorted(change["kind"] for change in at) == ["appeared", "vanished"]
    assert not [change for change in found["changes"] if change["kind"] == "class"]


BAD: dict[str, tuple[str, int, str]] = {
    "empty.txt": ("", 3, r"empty.txt:1: .*lists no PCI function"),
    "none.json": (
        '{\n "schema": "pciabi-snapshot/1", "tool": "pciabi", "version": "0",\n "provenance": '
        '{"probe": "", "qemu_version": "", "qemu_package": "", "machine": "", "accelerator": "",'
        ' "firmware": "", "guest": "", "command_line": []},\n "functions": [], "interfaces": [],'
        '\n "unreachable": [], "substitutions": [], "creations": []}',
        3,
        r"none.json:4: (?:[AB] .*: )?the snapshot holds no function",
    ),
    "cut.json": (
        '{\n "schema": "pciabi-snapshot/1",\n',
        2,
        r"cut.json:3: (?:[AB] .*: )?not valid JSON",
    ),
    "new.json": ('{\n "schema": "pciabi-snapshot/7"}', 2, r"new.json:2: .*another version"),
    "cut.txt": (
        "00:03.0 Ethernet [0200]: X [8086:100e]\n00: 86 80\n",
        2,
        r"cut.txt:2: .*holds 2 bytes",
    ),
    "names.txt": (
        "00:03.0 Ethernet controller: Intel\n",
        2,
        r"names.txt:1: (?:[AB] .*: )?no ids .*-nn",
    ),
    "domain.xml": ("<domain/>", 2, r"domain.xml:1: .*os <type> must be specified"),
    "other.xml": (
        "<network/>",
        2,
        r"other.xml:1: (?:[AB] .*: )?neither a snapshot, nor lspci's text",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("first", [True, False])
def test_nothing_passes_on_nothing(name: str, first: bool, pciabi: Command, tmp_path: Path) -> None:
    text, code, complaint = BAD[name]
    path = saved(tmp_path, name, text)
    sides = (path, TEXT) if first else (TEXT, path)
    done = pciabi("diff", *sides, "--report-dir", "out")

    assert (done.returncode, done.stdout) == (code, "")
    assert re.search(complaint, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
    shown = pciabi("snapshot", path)
    assert (shown.returncode, shown.stdout) == (code, "")


def test_both_bad_sides_are_named(pciabi: Command, tmp_path: Path) -> None:
    one, two = (saved(tmp_path, name, BAD[name][0]) for name in ("empty.txt", "cut.json"))
    done = pciabi("diff", one, two)
    assert done.returncode == 2
    assert "empty.txt:1" in done.stderr
    assert "cut.json:3" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((TEXT, TEXT, "--qemu-a", "7.2"), "--qemu-a needs a configuration to start"),
        ((TEXT, TEXT, "--machine-b", "pc"), "--machine-b needs a configuration to start"),
        ((TEXT, "/dev/null", "--to", "7.2"), "--to needs .*, and this file is empty"),
        ((TEXT, "nowhere.json"), "there is no|cannot be read|no shipped scenario"),
        (("two-nics-pinned", TEXT), "has .* cases, and one is wanted .*--select"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: tuple[str | Path, ...], complaint: str, pciabi: Command
) -> None:
    done = pciabi("diff", *arguments)
    assert done.returncode == 2
    assert re.search(complaint, done.stderr), done.stderr


def test_a_snapshot_is_shown_in_every_form(pciabi: Command, tmp_path: Path) -> None:
    text = pciabi("snapshot", TEXT, "--format", "text").stdout
    assert "capability at 0x60: Power Management" in text
    by_lspci = pciabi("snapshot", TEXT, "--format", "lspci").stdout
    assert "Capabilities: [60] Power Management version" in by_lspci
    dump = saved(tmp_path, "dump", pciabi("snapshot", TEXT, "--format", "hex").stdout)
    again = subprocess.run(
        ["lspci", "-F", dump, "-D", "-nn", "-vvv"], check=True, capture_output=True, text=True
    )
    assert again.stdout == by_lspci
    short = saved(tmp_path, "short.txt", HEX.sub("", TEXT.read_text()))
    refused = pciabi("snapshot", short, "--format", "lspci")
    assert refused.returncode == 2
    assert "not all bytes of 0000:00:00.0 were read" in refused.stderr


def test_the_queues_of_a_security_release(pciabi: Command) -> None:
    golden = TESTS / "golden" / "snapshot"
    old, new = (golden / f"qemu-{release}_pc-q35-9.2_virtio.json" for release in ("10.0", "11.1"))
    found = document(pciabi, old, new)
    assert found["exit_code"] == 1
    assert [(one["id"], one["field"], one["before"], one["after"]) for one in breaking(found)] == [
        ("net0", "queue 2 size", "1024", "64"),
        ("net0", "sizes of queues 0, 1", "1024", "256"),
        ("gpu0", "queue 0 size", "1024", "64"),
        ("gpu0", "queue 1 size", "1024", "16"),
        ("rng0", "queue 0 size", "1024", "8"),
    ]
