"""The reports of a comparison: what they say, in forms others rely on, whatever a guest says."""

from __future__ import annotations

import io
import json as jsonlib
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from pciabi.abi.families import kinds
from pciabi.abi.snapshot import MACHINE_TYPE, Snapshot, Substitution
from pciabi.errors import SourcePosition
from pciabi.report import snapshot_text
from pciabi.report.document.diff import DiffDocument
from pciabi.report.terminal.output import Output, PlainOutput, StyledOutput
from pciabi.report.terminal.printing import print_result
from pciabi.report.words import verdicts
from pciabi.report.words.change_rules import UNKNOWN, change_rules
from pciabi.report.words.gaps import gaps
from pciabi.report.writers import html, json, junit, sarif
from pciabi.result.policy import FailOn
from pciabi.result.result import Result
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict
from tests.unit import report_data as data
from tests.unit.report_data import diff
from tests.unit.strategies import GOLDEN, flipped, with_bars

SARIF = jsonlib.loads((GOLDEN.parent.parent / "schemas" / "sarif-2.1.0.json").read_text())
HOSTILE = "</pre><script>alert(1)</script>{{ 7 * 7 }}\x1b[31m\x00\u202e\ud800|\n"
CHANGE_KEYS = (
    "from to machine device id label case placement kind field offset mask before after "
    "address_before address_after path_before path_after severity reason "
    "exchanged_with file line consequences"
)


def side(snapshot: Snapshot, name: str = "vm.yaml") -> Side:
    places = {"net1": SourcePosition(name, 7, 3)}
    return Side(name, snapshot, SourcePosition(name, 1), places)


def booted(name: str) -> Snapshot:
    return data.record(name).snapshot


def moved() -> Result:
    return diff(
        side(booted(data.TWO_NICS), "a.yaml"),
        side(booted(data.FIRST_REMOVED), "b.yaml"),
    )


def same(*fail_on: FailOn) -> Result:
    return diff(side(booted(data.MANY)), side(booted(data.MANY)), fail_on)


def altered(offset: int, mask: int, *fail_on: FailOn, probe: str = "cold") -> Result:
    """The second NIC with other bits in one register."""
    guest = booted(data.TWO_NICS)
    guest = replace(guest, provenance=replace(guest.provenance, probe=probe))
    nic = guest.by_id("net1")
    assert nic is not None
    config = flipped(nic.function.config, offset, mask)
    other = replace(nic, function=replace(nic.function, config=config))
    functions = tuple(other if f is nic else f for f in guest.functions)
    after = replace(guest, functions=functions)
    return diff(side(guest, "a.yaml"), side(after, "b.yaml"), fail_on)


def one_sided() -> Result:
    guest = booted(data.TWO_NICS)
    *others, nic = guest.functions
    unread = with_bars(nic.function, (), sized=False)
    after = replace(guest, functions=(*others, replace(nic, function=unread)))
    return diff(side(guest), side(after))


def hostile() -> Result:
    """Every word a guest or a file has a say in is hostile."""
    guest = booted(data.TWO_NICS)
    functions = tuple(
        replace(
            f,
            qdev_id=HOSTILE if f.qdev_id == "net1" else f.qdev_id,
            device=HOSTILE if f.qdev_id == "net1" else f.device,
            function=replace(f.function, text=f"{f.address} {HOSTILE}\n\t{HOSTILE}"),
        )
        for f in guest.functions
    )
    told = dict.fromkeys(("qemu_package", "machine", "firmware", "guest"), HOSTILE)
    provenance = replace(guest.provenance, **told, command_line=(HOSTILE,))
    before = replace(guest, functions=functions, provenance=provenance)
    after = replace(before, functions=functions[:-1])
    return diff(side(before, HOSTILE), side(after, HOSTILE))


ALL = {
    "moved": moved,
    "same": same,
    "one-sided": one_sided,
    "notable": lambda: altered(0x0D, 0x40),
    "hostile": hostile,
}
every = pytest.mark.parametrize("made", ALL.values(), ids=ALL)


@pytest.mark.parametrize(
    ("found", "verdict", "code", "sentence"),
    [
        (moved(), Verdict.BREAK, 1, "Break: net0 (virtio-net-pci): vanished (and 1 more)."),
        (same(), Verdict.COMPATIBLE, 0, "Compatible, 1 unknown: no breaking or notable change in"),
        (same(FailOn.UNKNOWN), Verdict.BREAK, 1, "Break: 1 unknown, and it was to fail on that."),
        (one_sided(), Verdict.ERROR, 3, "Error: not both sides were read, so nothing is proved"),
        (
            altered(0x0D, 0x40),
            Verdict.COMPATIBLE,
            0,
            "Compatible, 1 unknown: no breaking change in all 7 functions, 1 notable change.",
        ),
        (
            altered(0x0D, 0x40, FailOn.NOTABLE),
            Verdict.BREAK,
            1,
            "Break: net1 (virtio-net-pci): Latency Timer 0x00 → 0x40.",
        ),
        (altered(0x00, 0x01), Verdict.BREAK, 1, "Break: net1 (virtio-net-pci): Vendor ID"),
    ],
)
def test_the_verdict_in_one_sentence(
    found: Result, verdict: Verdict, code: int, sentence: str
) -> None:
    assert (found.verdict, found.exit_code) == (verdict, code)
    assert verdicts.verdict(found).startswith(sentence)
    assert jsonlib.loads(json.render(found))["exit_code"] == code


def printed(found: Result, *, terminal: bool) -> str:
    out = io.StringIO()
    screen = Console(file=out, force_terminal=True, width=140, highlight=False)
    output: Output = StyledOutput(screen) if terminal else PlainOutput(out)
    print_result(found, Path("reports/x/report.html"), output)
    return out.getvalue()


def test_plain_lines_say_what_where_and_why() -> None:
    lines = printed(moved(), terminal=False).splitlines()
    assert lines[0] == (
        "before: a.yaml: QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3), "
        "pc-i440fx-7.2, read by its guest"
    )
    move = next(line for line in lines if ": moved: " in line)
    assert move.startswith(
        "breaking: net1 (virtio-net-pci) at 0000:00:04.0 -> 0000:00:03.0: moved: path"
    )
    assert "    Linux: the interface is renamed from enp0s4 to enp0s3" in lines
    assert "    Windows: Windows finds a device with the same ids where another" in "\n".join(lines)
    assert any(line.startswith("matched: ") and "by same qdev id" in line for line in lines)
    assert lines[-1] == "report: reports/x/report.html"
    assert all(line.isascii() for line in lines)


@every
@pytest.mark.parametrize("terminal", [True, False])
def test_the_terminal_prints_any_result(made: Any, terminal: bool) -> None:
    found = made()
    text = printed(found, terminal=terminal)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", plain)
    for word in ("unknown", "matched", "functions compared"):
        assert word in plain


def test_gaps_of_many_devices_are_one_line() -> None:
    (gap, *_) = gaps(same().two_sides.unknowns)
    assert gap.reason == "its size was not read"
    two = gaps(one_sided().two_sides.unknowns)
    assert two[0].reason == "after: the guest could not read it"


@every
def test_the_document_obeys_its_schema(made: Any) -> None:
    document = jsonlib.loads(json.render(made()))
    jsonschema.Draft202012Validator.check_schema(DiffDocument.json_schema())
    jsonschema.validate(document, DiffDocument.json_schema(), cls=jsonschema.Draft202012Validator)
    assert list(document)[:5] == ["schema", "tool", "version", "verdict", "exit_code"]
    assert document["schema"] == "pciabi-diff/2"
    for change in document["changes"]:
        assert list(change) == CHANGE_KEYS.split()
    total = len(document["unknowns"]) + sum(
        c["outcome"] == "unknown" for change in document["changes"] for c in change["consequences"]
    )
    assert document["counts"]["unknown"] == total


def test_a_move_in_the_document() -> None:
    document = jsonlib.loads(json.render(moved()))
    (move,) = [c for c in document["changes"] if c["kind"] == "moved"]
    assert (move["from"], move["to"], move["machine"]) == ("7.2", "7.2", "pc-i440fx-7.2")
    assert (move["id"], move["device"], move["placement"]) == ("net1", "virtio-net-pci", "root")
    assert (move["file"], move["line"], move["case"]) == ("b.yaml", 7, "a.yaml → b.yaml")
    assert {m["basis"] for m in document["matches"]} == {
        "same qdev id",
        "same ids at the same path",
    }


def test_what_a_source_does_not_tell_is_null() -> None:
    guest = booted(data.TWO_NICS)
    silent = replace(guest, provenance=replace(guest.provenance, qemu_version="", machine=""))
    found = diff(side(silent), side(replace(silent, functions=silent.functions[1:])))
    (change,) = jsonlib.loads(json.render(found))["changes"]
    assert (change["from"], change["to"], change["machine"]) == (None, None, None)


@every
def test_the_log_is_sarif(made: Any) -> None:
    jsonschema.validate(jsonlib.loads(sarif.render(made())), SARIF, cls=jsonschema.Draft4Validator)


def test_results_of_the_log() -> None:
    (run,) = jsonlib.loads(sarif.render(moved()))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert {rule["id"] for rule in rules} == {*kinds(), UNKNOWN}
    (move,) = [r for r in run["results"] if r["ruleId"] == "moved"]
    assert rules[move["ruleIndex"]]["id"] == "moved"
    assert (move["kind"], move["level"]) == ("fail", "error")
    place = move["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "b.yaml"
    assert place["region"] == {"startLine": 7, "startColumn": 3}
    assert move["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a.yaml"
    assert run["invocations"][0]["exitCode"] == 1
    prints = [r["partialFingerprints"]["pciabiDifference/v1"] for r in run["results"]]
    assert len(set(prints)) == len(prints)


def test_severities_and_gaps_in_the_log() -> None:
    def sorts(found: Result) -> set[tuple[str, str]]:
        (run,) = jsonlib.loads(sarif.render(found))["runs"]
        return {(result["kind"], result["level"]) for result in run["results"]}

    assert sorts(same()) == {("open", "none")}
    assert sorts(altered(0x0D, 0x40)) == {("fail", "warning"), ("open", "none")}
    assert ("informational", "none") in sorts(altered(0x3C, 0x01))


def test_a_fingerprint_outlives_a_version() -> None:
    def prints(found: Result) -> list[str]:
        (run,) = jsonlib.loads(sarif.render(found))["runs"]
        return [r["partialFingerprints"]["pciabiDifference/v1"] for r in run["results"]]

    newer = moved().two_sides
    provenance = replace(newer.after.snapshot.provenance, qemu_version="99.0.0")
    after = replace(newer.after, snapshot=replace(newer.after.snapshot, provenance=provenance))
    assert prints(diff(newer.before, after)) == prints(moved())


def test_every_kind_of_change_has_its_rule_with_help() -> None:
    assert set(change_rules()) == {*kinds(), UNKNOWN}
    for rule in change_rules().values():
        assert len(rule.meaning) > 20
        assert len(rule.remedy) > 20


@every
def test_junit_has_a_case_for_each_function(made: Any) -> None:
    found = made()
    root = ET.fromstring(junit.render(found).encode())
    cases = root.findall("testsuite/testcase")
    matching = found.two_sides.matching
    assert len(cases) == len(matching.pairs) + len(matching.vanished) + len(matching.appeared)
    failures, errors = root.findall(".//failure"), root.findall(".//error")
    assert bool(failures) is (found.verdict is Verdict.BREAK)
    assert bool(errors) is (found.verdict is Verdict.ERROR)
    assert root.get("failures") == str(len(failures))


class Page(HTMLParser):
    """Elements and text of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@every
def test_the_page_stands_alone_and_holds_no_script(made: Any) -> None:
    source = html.render(made())
    page = Page(source)
    assert source.startswith("<!doctype html>")
    assert "script" not in page.elements
    assert not re.search(r"(src|href)=", source)
    assert "49" not in page.text or "{{ 7 * 7 }}" in page.text
    assert verdicts.verdict(made()).split(":")[0] in page.text


def test_what_the_page_shows() -> None:
    page = Page(html.render(moved()))
    for words in (
        "moved",
        "net1",
        "0000:00:04.0",
        "Not known",
        "same qdev id",
        "Linux",
    ):
        assert words in page.text, words
    # Nobody said what to expect.
    assert "NOT expected" not in page.text


def test_a_snapshot_as_text() -> None:
    text = snapshot_text.render(side(booted(data.MANY)))
    assert "QEMU: QEMU emulator version 7.2.22" in text
    assert "  capability at 0x60: Power Management" in text
    assert "  BAR 0: 64-bit memory, 16K" in text
    assert re.search(r"interface \w+, MAC 52:54", text)
    assert "\x1b" not in snapshot_text.render(hostile().two_sides.before)


CPU = Substitution("-cpu host", "-cpu max", None, ())
OFF_PCI = Substitution("-device tpm-tis", "left out", "tpm", ())


def proxmox(revision: int) -> Substitution:
    return Substitution(f"-machine pc+pve{revision}", "-machine pc", None, (MACHINE_TYPE,))


def replaced(*substitutions: Substitution) -> Side:
    return side(replace(booted(data.TWO_NICS), substitutions=substitutions))


def test_what_was_replaced_of_the_whole_machine_is_in_every_report() -> None:
    # What is of a PCI device stands beside that, where it leaves anything open.
    nic = Substitution("-netdev tap", "-netdev user", "net1", ())
    found = diff(replaced(CPU, CPU, OFF_PCI, nic), replaced(OFF_PCI))
    words = "-cpu max for -cpu host; left out for -device tpm-tis"
    for text in (printed(found, terminal=False), html.render(found)):
        assert f"substituted before: {words}" in " ".join(text.split())
        assert "substituted after: left out for -device tpm-tis" in " ".join(text.split())
    document = jsonlib.loads(json.render(found))
    jsonschema.validate(document, DiffDocument.json_schema())
    cpu = {"configured": "-cpu host", "used": "-cpu max"}
    tpm = {"configured": "-device tpm-tis", "used": "left out"}
    assert document["before"]["substituted"] == [cpu, tpm]
    assert document["after"]["substituted"] == [tpm]
    assert "-netdev" not in printed(found, terminal=False)

    alike = diff(replaced(CPU), replaced(CPU))
    assert "substituted: -cpu max for -cpu host" in printed(alike, terminal=False)
    assert MACHINE_TYPE not in {one.field for one in alike.two_sides.unknowns}
    assert "substituted" not in printed(same(), terminal=False)


def test_another_machine_type_than_the_configured_one_is_unknown() -> None:
    alike = diff(replaced(proxmox(0)), replaced(proxmox(0)))
    told = [one.excused for one in alike.two_sides.unknowns if one.field == MACHINE_TYPE]
    assert (alike.exit_code, told) == (0, [True])
    for other in (replaced(proxmox(1)), replaced()):
        found = diff(replaced(proxmox(0)), other)
        assert found.exit_code == 3
        assert "machine type of the VM: before: -machine pc stood in for -machine pc+pve0" in (
            verdicts.verdict(found)
        )
    (case,) = (c for c in ET.fromstring(junit.render(found)).iter("error"))
    assert "pve0" in str(case.text)
