"""Another family of facts is one file and one reader: a made-up one goes the whole way, from a
real QEMU into a snapshot file and every report, without a line changed elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.real.command import pciabi

MADE_UP = Path(__file__).resolve().parent.parent / "made_up"
# What a developer who adds two files gets, without touching the checkout.
WITH_MADE_UP = f"""
import pciabi.abi.facts, pciabi.probe.readers
pciabi.abi.facts.__path__.append({str(MADE_UP / "facts")!r})
pciabi.probe.readers.__path__.append({str(MADE_UP / "readers")!r})
from pciabi.__main__ import main
main()
"""
ONE = "qemu-system-x86_64 -nodefaults -machine q35 -uuid {uuid} -device e1000,id=nic{more}\n"
UUIDS = ("00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b")


def with_made_up(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITH_MADE_UP, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two VMs, `a` and `b`, and a snapshot of each with the made-up facts; `old`
    is one that was taken without them."""
    folder = tmp_path_factory.mktemp("sides")
    for name, uuid, more in (("a", UUIDS[0], ""), ("b", UUIDS[1], ",rombar=0")):
        (folder / f"{name}.args").write_text(ONE.format(uuid=uuid, more=more))
        done = with_made_up("snapshot", f"{name}.args", "-o", f"{name}.json", cwd=folder)
        assert done.returncode == 0, done.stderr
    done = pciabi("snapshot", "a.args", "-o", "old.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def diff(folder: Path, one: str, two: str, form: str) -> tuple[int, str]:
    done = with_made_up("diff", f"{one}.json", f"{two}.json", "--format", form, cwd=folder)
    assert done.stdout, done.stderr
    return done.returncode, done.stdout


def test_the_facts_stand_in_the_snapshot_file(sides: Path) -> None:
    document = json.loads((sides / "a.json").read_text())
    assert document["facts"]["system-uuid"] == UUIDS[0]
    (nic,) = [one for one in document["functions"] if one["id"] == "nic"]
    assert nic["facts"]["rom-bar"] == {"shown": "1"}


def test_every_report_tells_the_changes(sides: Path) -> None:
    code, text = diff(sides, "a", "b", "text")
    # Where the output cannot take an arrow.
    text = text.replace("->", "→")
    assert code == 1
    assert "the VM" in text
    assert f"system UUID {UUIDS[0]} → {UUIDS[1]}" in text
    assert "rombar 1 → 0" in text
    document = json.loads(diff(sides, "a", "b", "json")[1])
    told = {c["kind"]: c for c in document["changes"] if c["kind"] in ("system-uuid", "rom-bar")}
    assert told["system-uuid"]["severity"] == "breaking"
    assert (told["system-uuid"]["label"], told["system-uuid"]["address_before"]) == ("the VM", None)
    assert (told["system-uuid"]["before"], told["system-uuid"]["after"]) == UUIDS
    assert (told["rom-bar"]["severity"], told["rom-bar"]["id"]) == ("notable", "nic")
    assert {"system UUID", "ROM BARs"} <= set(document["scope"])
    assert f"system UUID {UUIDS[0]} → {UUIDS[1]}" in diff(sides, "a", "b", "html")[1]


def test_the_log_has_rules_with_help_for_the_kinds(sides: Path) -> None:
    (run,) = json.loads(diff(sides, "a", "b", "sarif")[1])["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert "Guests know the machine by its UUID." in rules["system-uuid"]["help"]["text"]
    (result,) = [one for one in run["results"] if one["ruleId"] == "system-uuid"]
    assert result["message"]["text"].startswith("the VM: system UUID")


def test_the_machine_has_a_test_case_of_its_own(sides: Path) -> None:
    suite = ET.fromstring(diff(sides, "a", "b", "junit")[1])
    failed = [
        case.attrib["name"] for case in suite.iter("testcase") if case.find("failure") is not None
    ]
    assert "the VM" in failed


def open_fields(folder: Path, one: str, two: str) -> dict[str, Any]:
    code, text = diff(folder, one, two, "json")
    document = json.loads(text)
    assert document["exit_code"] == code
    return {unknown["field"]: unknown for unknown in document["unknowns"]}


def test_a_side_that_did_not_read_them_is_unknown_and_never_equal(sides: Path) -> None:
    found = open_fields(sides, "old", "a")
    assert found["system UUID"]["label"] == "the VM"
    for field in ("system UUID", "rombar"):
        assert found[field]["excused"] is False
        assert found[field]["why_before"] == "it was not read"
    for same in ("old", "a"):
        assert not {"system UUID", "rombar"} & open_fields(sides, same, same).keys()


def test_a_file_without_them_is_compared_where_they_are_left_out(sides: Path) -> None:
    code, text = diff(sides, "old", "a", "text")
    assert code == 3
    (line,) = [
        line for line in text.split("\n") if line.startswith("before: ") and "--facts" in line
    ]
    assert line.startswith("before: old.json was read without system UUID, ROM BARs: take it again")
    option = line.rpartition("--facts ")[2]
    done = with_made_up("diff", "old.json", "a.json", "--facts", option, cwd=sides)
    assert done.returncode == 0, done.stdout
    assert re.search(r"Not looked at: .*system UUID, ROM BARs", done.stdout)
    # The same of what is read anew.
    done = with_made_up("diff", "old.json", "a.args", "--facts", option, cwd=sides)
    assert done.returncode == 0, done.stdout


def test_what_is_not_chosen_is_not_read(sides: Path) -> None:
    done = with_made_up("snapshot", "a.args", "--facts", "system-uuid", cwd=sides)
    document = json.loads(done.stdout)
    assert document["facts"]["system-uuid"] == UUIDS[0]
    names = {name for function in document["functions"] for name in function["facts"]}
    assert names == {"bars", "rom"}
    done = with_made_up("snapshot", "a.args", "--facts", "uuid", cwd=sides)
    assert done.returncode == 2
    assert "there are no facts called 'uuid', only: topology, " in done.stderr


def test_who_does_not_know_the_family_refuses_its_file(sides: Path) -> None:
    done = pciabi("diff", "a.json", "a.json", cwd=sides)
    assert done.returncode == 2
    assert "there are no facts called 'rom-bar' here" in done.stderr
    assert "a newer pciabi" in done.stderr
    assert "a.json:" in done.stderr


def test_the_published_schema_has_its_form(sides: Path) -> None:
    schema = json.loads(with_made_up("schema", "snapshot", cwd=sides).stdout)
    assert schema["properties"]["facts"]["properties"]["system-uuid"]["type"] == "string"
    assert schema["$defs"]["RomBar"]["additionalProperties"] is False
