"""The reports of a gate: the sentence that matters, and the same in every format, whatever a file,
a guest or a QEMU says."""

from __future__ import annotations

import io
import json as jsonlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zlib import crc32

import jsonschema
import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from pciabi import pciutils
from pciabi.abi.judgement import Severity
from pciabi.errors import CannotTest
from pciabi.pci.function import PciFunction
from pciabi.report import folder, sarif_of_vms, step_summary, writers
from pciabi.report.document.gate import GateDocument
from pciabi.report.formats import formats, writer
from pciabi.report.markdown import MOST_BYTES, size
from pciabi.report.page import gate as page_gate
from pciabi.report.terminal.output import Output, PlainOutput, StyledOutput
from pciabi.report.terminal.printing import print_causes, print_result
from pciabi.report.words import gate as words
from pciabi.report.words import rows as row_words
from pciabi.report.words import vms
from pciabi.report.words.matrix import Mark, matrix
from pciabi.report.words.open_questions import open_questions
from pciabi.report.words.remedies import remedies
from pciabi.report.writers import html, json, junit, markdown, sarif
from pciabi.result.cause import Cause, Origin
from pciabi.result.judged import judge
from pciabi.result.policy import FailOn, Policy
from pciabi.result.result import Result
from pciabi.result.rows import Row, rows, weighty
from pciabi.result.will_not_start import Missing
from tests.unit import gate_data as data
from tests.unit.test_report_diff import SARIF
from tests.unit.test_report_html import Page
from tests.unit.test_report_junit import ATTRIBUTES

CHANGE_KEYS = (
    "from to machine device id label case placement kind field offset mask before after "
    "address_before address_after path_before path_after severity reason exchanged_with entry "
    "file line fails row consequences"
)
DOCUMENT_KEYS = (
    "schema tool version verdict exit_code sentence started seconds before after scope "
    "not_looked_at accelerators counts changes will_not_start causes drifts remedies waived policy "
    "coverage entries"
)


def nothing() -> Result:
    return data.gate()


def compatible() -> Result:
    return data.gate(data.compared(data.CXL, "a.sh"), data.compared(data.CXL, "b.sh"))


ALL: dict[str, Callable[[], Result]] = {
    "mixed": data.mixed,
    "broken": data.broken,
    "compatible": compatible,
    "expired": data.expired,
    "nothing": nothing,
    "hostile": data.hostile,
}
every = pytest.mark.parametrize("made", ALL.values(), ids=ALL)


def waived_only() -> Result:
    return data.gate(data.waived(data.compared(data.ATI_VGA, "kiosk.sh")))


def benign_only() -> Result:
    entry = data.waived(data.compared(data.ATI_VGA, "kiosk.sh"))
    (comparison,) = entry.comparisons
    benign = tuple(
        one for one in comparison.judged_changes if one.change.severity is Severity.BENIGN
    )
    assert benign
    return data.gate(replace(entry, comparisons=(replace(comparison, judged_changes=benign),)))


def failing_on(*fail_on: FailOn) -> Result:
    before, after = (data.side(name, "mail.sh") for name in data.VIRTIO)
    side = replace(before, snapshot=after.snapshot)
    return data.gate(data.entry("mail.sh", judge(side, after, Policy(frozenset(fail_on)))))


@pytest.mark.parametrize(
    ("found", "code", "sentence"),
    [
        (
            data.broken(),
            1,
            "Break: 3 of 4 VMs: nvme gains a Power Management capability (web, db)",
        ),
        (data.broken(), 1, "BAR 0 of ati-vga changes from 32-bit memory, prefetchable, 16M to"),
        (data.broken(), 1, "(kiosk); and 1 more change."),
        (compatible(), 0, "Compatible: nothing a guest sees changes in 2 VMs."),
        (
            benign_only(),
            0,
            "Compatible: nothing changes that a guest expects to stay the same in 1 VM.",
        ),
        (
            data.gate(data.wrong("a.sh"), data.wrong("b.sh")),
            2,
            "Error: neither VM could be judged, so nothing is proved of them (a, b):",
        ),
        (
            data.gate(*(data.wrong(f"{name}.sh") for name in "abc")),
            2,
            "Error: none of the 3 VMs could be judged, so nothing is proved of them (a, b, c):",
        ),
        (waived_only(), 0, "Compatible: no change fails in 1 VM, 1 change waived."),
        (failing_on(), 0, "Compatible: nothing a guest sees changes in 1 VM, 1 unknown."),
        (failing_on(FailOn.UNKNOWN), 1, "Break: the only VM (mail): 1 unknown, and it was to fail"),
        (data.expired(), 1, "Break: the policy itself: the waiver expired on 2029-12-31."),
        (nothing(), 3, "Error: no VM was judged, so nothing is proved."),
        (
            data.gate(data.wrong()),
            2,
            "Error: the only VM could not be judged, so nothing is",
        ),
        (
            data.gate(data.refused()),
            1,
            "Will not start: the only VM (old): QEMU 11.1.3 has no machine type pc-i440fx-4.2.",
        ),
        (
            data.mixed(),
            3,
            "Error: 1 of 7 VMs could not be judged, so nothing is proved of it",
        ),
        (data.mixed(), 3, "Will not start: 1 of 7 VMs (old): QEMU 11.1.3 has no"),
        (data.mixed(), 3, "Break: 3 of 7 VMs: nvme gains a Power"),
    ],
)
def test_the_sentence_that_matters(found: Result, code: int, sentence: str) -> None:
    assert sentence in words.verdict(found)
    assert found.exit_code == code
    document = jsonlib.loads(json.render(found))
    assert (document["exit_code"], document["sentence"]) == (code, words.verdict(found))
    assert sentence in " ".join(Page(html.render(found)).words().split())
    printed_first = printed(found, terminal=False).splitlines()[0]
    assert sentence in printed_first


def test_what_is_worse_comes_first_and_nothing_is_hidden_behind_it() -> None:
    starts = [sentence.partition(":")[0] for sentence in words.sentences(data.mixed())]
    assert starts == ["Error", "Will not start", "Break"]


def test_what_windows_makes_of_it_is_in_the_sentence() -> None:
    entry = data.compared(data.NVME, "web.sh")
    (comparison,) = entry.comparisons
    failing = next(one for one in comparison.judged_changes if one.fails)
    (kept,) = failing.change.consequences
    lost = replace(kept, outcome=type(kept.outcome).CHANGED, message="Windows sees a new device")
    judged = (replace(failing, change=replace(failing.change, consequences=(lost,))),)
    changed = replace(entry, comparisons=(replace(comparison, judged_changes=judged),))
    assert words.verdict(data.gate(changed)).endswith(" Windows sees a new device.")


def test_both_ways_of_a_vm_are_one_vm() -> None:
    there = data.compared(data.NVME, "web.sh")
    back = data.compared(data.CXL, "web.sh")
    entries = [
        replace(entry, subject=replace(entry.subject, direction=way))
        for entry, way in ((there, "there"), (back, "back"))
    ]
    found = data.gate(*entries)
    assert vms.names(entries) == ("web (there)", "web (back)")
    assert words.tally(found).startswith("1 VM: 0 compatible, 1 break,")
    assert words.verdict(found).startswith("Break: the only VM: nvme gains")
    prints = [r["partialFingerprints"] for r in sarif_of_vms.results(data.gate(there, *entries))]
    assert len({str(one) for one in prints}) == len(prints)


def excused() -> Result:
    entry = data.refused()
    assert entry.will_not_start is not None
    excuse = "policy.yaml:6: nobody boots it (until 2031-01-01)"
    return data.gate(replace(entry, will_not_start=replace(entry.will_not_start, excuse=excuse)))


def test_a_vm_that_will_not_start_and_need_not_is_told_in_every_report() -> None:
    found = excused()
    assert found.exit_code == 0
    assert words.verdict(found) == (
        "Compatible: no change fails in 1 VM, 1 of which will not start, which is waived."
    )
    assert words.tally(found).startswith("1 VM: 1 compatible (1 will not start, waived), 0 break,")
    (refusal,) = jsonlib.loads(json.render(found))["will_not_start"]
    (result,) = jsonlib.loads(sarif.render(found))["runs"][0]["results"]
    texts = (
        printed(found, terminal=False),
        Page(html.render(found)).words(),
        markdown.render(found),
        junit.render(found),
        refusal["excuse"],
        result["suppressions"][0]["justification"],
    )
    for text in texts:
        assert "policy.yaml:6: nobody boots it (until 2031-01-01)" in text
    assert result["level"] == "note"
    assert "<failure" not in junit.render(found)
    assert "will not start, waived" in Page(html.render(found)).words()


def test_what_a_value_is_refused_for_only_the_words_tell() -> None:
    entry = data.refused()
    assert entry.will_not_start is not None
    (gone,) = entry.will_not_start.gone
    value = (replace(gone, what=Missing.VALUE, name="-cpu old"),)
    refusal = replace(entry.will_not_start, gone=value, words="unable to find CPU model 'old'")
    found = data.gate(replace(entry, will_not_start=refusal))
    assert words.verdict(found).endswith("QEMU 11.1.3 says: unable to find CPU model 'old'.")


def test_several_sizes_change() -> None:
    (row, *_) = rows(data.broken().entries)
    (sighting, *_) = row.sightings
    change = replace(sighting.judged.change, field="sizes of queues 0, 1", before="1", after="2")
    judged = replace(sighting.judged, change=change)
    row = replace(row, sightings=(replace(sighting, judged=judged),))
    assert row_words.clause(row) == "sizes of queues 0, 1 of nvme change from 1 to 2"


@pytest.mark.parametrize("name", formats(writers))
def test_a_gate_that_tells_nothing_of_its_sides_is_written_too(name: str) -> None:
    found = data.gate(data.compared(data.CXL, "a.sh"), coverage=None)
    assert "nothing a guest sees changes in 1 VM" in writer(writers, name).render(found)


def test_a_vm_is_called_as_short_as_can_be() -> None:
    files = ("vms/web.sh", "old/web.sh", "vms/db.sh", "vms/db.sh")
    entries = [data.compared(data.CXL, file) for file in files]
    assert vms.names(entries) == ("vms/web.sh", "old/web.sh", "db", "db (2)")
    scenario = replace(entries[2], subject=replace(entries[2].subject, name="pc-e1000"))
    assert vms.names([scenario]) == ("db[pc-e1000]",)
    assert vms.of_all(entries[:2], entries[:2]) == "both VMs"
    assert vms.of_all(entries[:3], entries[:3]) == "all 3 VMs"


def test_the_tally_and_what_was_checked() -> None:
    assert words.tally(data.mixed()) == (
        "7 VMs: 2 compatible, 3 break, 1 will not start, 1 not judged; "
        "12 changes to look at (7 fail, 1 waived), 1 unknown"
    )
    assert words.checked(data.mixed()) == (
        "checked: 7 VMs, 31 functions compared; 12 machines started, "
        "3 readings shared by several VMs"
    )


@pytest.mark.parametrize(
    ("count", "some", "said"),
    [
        (5, "A", "A"),
        (5, "AB", "A, B"),
        (5, "ABCE", "A-C, E"),
        (30, ("Y", "Z", "AA", "AB"), "Y-AB"),
    ],
)
def test_letters_that_follow_each_other_are_one_range(
    count: int, some: tuple[str, ...], said: str
) -> None:
    assert row_words.ranges(tuple(some), count) == said
    assert row_words.letters(703)[-1] == "AAA"


def test_the_matrix_marks_what_each_vm_has() -> None:
    found = matrix(data.mixed().entries)
    lines = {line.name: "".join(line.marks) for line in found.lines}
    assert lines == {
        "web": "XX......oooo",
        "db": "XX......oooo",
        "kiosk": ".......w....",
        "mail": "..XXXXX.....",
        "cxl": "." * 12,
        "old": "." * 12,
        "hang": "." * 12,
    }
    assert {mark for line in found.lines for mark in line.marks} == set(Mark)
    assert found.patterns[0][1] == ("web", "db")


def the_failing(entry_causes: tuple[Cause, ...], *, built_in: bool = False) -> Row:
    entry = data.compared(data.ATI_VGA, "kiosk.sh")
    (comparison,) = entry.comparisons
    failing = next(one for one in comparison.judged_changes if one.fails)
    if built_in:
        failing = replace(failing, change=replace(failing.change, id=None))
    explained = tuple(replace(cause, explains=(failing.change,)) for cause in entry_causes)
    compared = replace(comparison, judged_changes=(failing,))
    (row,) = rows([replace(entry, comparisons=(compared,), causes=explained)])
    return row


def aperture(**facts: str) -> Cause:
    made = Cause(Origin.PROPERTY, "ati-vga.x-size", "vga0 (ati-vga)", "16", "64")
    return replace(made, **facts)  # type: ignore[arg-type]


def test_a_property_that_both_sides_have_is_the_remedy_with_its_old_value() -> None:
    assert remedies(the_failing((aperture(),))) == (
        "State the old value: `-device ati-vga,...,x-size=16`.",
    )
    assert remedies(the_failing((aperture(),), built_in=True)) == (
        "State the old value: `-global ati-vga.x-size=16`.",
    )
    assert remedies(the_failing((aperture(name="pci-device.x-size"),))) == (
        "State the old value: `-global pci-device.x-size=16`.",
    )
    twice = aperture(), aperture(origin=Origin.COMPAT_PROPERTY)
    assert remedies(the_failing(twice)) == (
        "State the old value: `-device ati-vga,...,x-size=16`.",
    )
    both = aperture(), aperture(name="ati-vga.x-width", before="1")
    assert remedies(the_failing(both)) == (
        "State the old value: `-device ati-vga,...,x-size=16,x-width=1`.",
    )


def test_a_cause_that_the_change_itself_tells_is_not_told_twice() -> None:
    cause = aperture(name="ati-vga.x-size")
    assert row_words.causes(the_failing((cause,))) == ("device property ati-vga.x-size 16 → 64",)
    row = the_failing((cause,))
    (sighting,) = row.sightings
    reason = "its size is fixed; the property x-size (16 → 64) decides it"
    change = replace(sighting.judged.change, reason=reason)
    judged = replace(sighting.judged, change=change)
    assert not row_words.causes(replace(row, sightings=(replace(sighting, judged=judged),)))


@pytest.mark.parametrize(
    "cause",
    [
        aperture(after=""),  # the later QEMU may not have it, and would refuse it
        aperture(before=""),
        aperture(name="no property"),
        aperture(before="16,addr=5"),
        aperture(before="$(reboot)"),
        replace(aperture(), origin=Origin.ALLOCATION),
    ],
)
def test_nothing_is_proposed_that_may_not_hold(cause: Cause) -> None:
    row = the_failing((cause,))
    assert remedies(row) == (row.change.kind.advice.remedy,)


def printed(found: Result, *, terminal: bool) -> str:
    out = io.StringIO()
    screen = Console(file=out, force_terminal=True, width=200, highlight=False)
    output: Output = StyledOutput(screen) if terminal else PlainOutput(out)
    print_result(found, Path("reports/x/report.html"), output)
    print_causes(found, output)
    return out.getvalue()


@every
@pytest.mark.parametrize("terminal", [True, False])
def test_the_terminal_prints_any_gate(made: Callable[[], Result], terminal: bool) -> None:
    text = re.sub(r"\x1b\[[0-9;]*m", "", printed(made(), terminal=terminal))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", text)
    for word in ("before: ", "checked: ", "Scope: ", "report: reports/x/report.html"):
        assert word in text
    assert terminal or text.isascii()


def test_plain_lines_say_everything() -> None:
    lines = printed(data.mixed(), terminal=False).splitlines()
    for line in (
        "after: QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1~bpo13+1)",
        "will not start: vms/old.sh:3: old: QEMU 11.1.3 has no machine type pc-i440fx-4.2",
        "    gone: machine type pc-i440fx-4.2 (vms/old.sh:3)",
        "not judged: vms/hang.sh:1: hang: QEMU did not answer in 30 s",
        "A breaking: nvme: Power Management capability absent -> at 0x60",
        "    in: 2 VMs: web, db; machine type pc-i440fx-5.2; device nvme0 (nvme)",
        "    cause: device property nvme.old-ways on -> off",
        "    waived: waived until 2031-01-01: known (policy.yaml:9)",
        "    X X . . . . . . o o o o BREAK: web, db",
        "to mend A: State the old value: `-device nvme,...,old-ways=on`.",
        "benign: 23 differences that no guest expects to stay the same",
        "causes: 1 property differs without visible effect (--causes lists them)",
        "without visible effect: compat property pci-device.x-quiet off -> on (pc-q35-9.2) in web",
        "unknown: interface name of virtio-net-pci: only a boot shows it (1 VM: mail)",
        "skipped: vms/pod.yaml: a KubeVirt file has no command line yet",
    ):
        assert line in lines, line
    (instead, lasting) = [line for line in lines if line.startswith("    instead: ")]
    assert "pc-i440fx-5.2 (the nearest one it has; deprecated, ends with 11.2): a guest" in instead
    assert "see: nvme gains a Power Management capability" in instead
    assert "pc-i440fx-8.2 (the oldest one that is not deprecated): a guest would see" in lasting
    (hurt,) = [line for line in lines if line.startswith("not hurt")]
    assert hurt.startswith("not hurt (A-L): Windows keeps the device node")


def test_what_fails_nothing_takes_one_line() -> None:
    lines = printed(data.mixed(), terminal=False).splitlines()
    (place,) = [n for n, line in enumerate(lines) if line.startswith("I notable: nvme: property")]
    assert lines[place].endswith(" 4294967295 -> 4096 (2 VMs: web, db)")
    assert lines[place + 1].startswith("J notable: PIIX3: _DSM absent -> present (2 VMs:")
    page = html.render(data.mixed())
    assert "4 notable changes that fail nothing" in page
    assert page.index('id="change-H"') < page.index("4 notable changes") < page.index("change-I")


def test_unknowns_of_many_vms_are_one_line() -> None:
    entries = [data.compared(data.VIRTIO, f"vm{n}.sh") for n in range(6)]
    (question,) = open_questions(entries)
    assert question.line(vms.names(entries)) == (
        "interface name of virtio-net-pci: only a boot shows it "
        "(6 VMs: vm0, vm1, vm2, vm3 and 2 more)"
    )


@every
def test_the_document_obeys_its_schema(made: Callable[[], Result]) -> None:
    found = made()
    document = jsonlib.loads(json.render(found))
    jsonschema.Draft202012Validator.check_schema(GateDocument.json_schema())
    jsonschema.validate(document, GateDocument.json_schema(), cls=jsonschema.Draft202012Validator)
    assert list(document) == DOCUMENT_KEYS.split()
    assert document["schema"] == "pciabi-gate/1"
    assert all(list(change) == CHANGE_KEYS.split() for change in document["changes"])
    assert document["verdict"] == found.verdict
    assert len(document["entries"]) == len(found.entries)
    assert json.render(found).isascii()
    count = document["counts"]
    assert count["failing"] == sum(change["fails"] for change in document["changes"])
    assert count["waived"] == len(document["waived"])


def test_a_gate_in_the_document() -> None:
    document = jsonlib.loads(json.render(data.mixed()))
    changes = document["changes"]
    gains = [c for c in changes if c["field"] == "Power Management capability"]
    assert [(c["case"], c["entry"], c["file"], c["line"], c["fails"]) for c in gains] == [
        ("vms/web.sh", 0, "vms/web.sh", 7, True),
        ("vms/db.sh", 1, "vms/db.sh", 7, True),
    ]
    assert len({c["row"] for c in gains}) == 1
    assert {c["row"] for c in changes} == set(range(len(rows(data.mixed().entries))))
    assert (gains[0]["from"], gains[0]["to"], gains[0]["machine"]) == (
        "5.2",
        "7.2",
        "pc-i440fx-5.2",
    )
    explaining, silent = document["causes"]
    assert [changes[index] for index in explaining["explains"]] == [gains[0]]
    assert (silent["explains"], silent["machines"]) == ([], ["pc-q35-9.2"])
    assert document["remedies"][0] == {
        "rows": [gains[0]["row"]],
        "text": "State the old value: `-device nvme,...,old-ways=on`.",
    }
    (waived,) = document["waived"]
    assert changes[waived["change"]]["device"] == "ati-vga"
    (refusal,) = document["will_not_start"]
    assert (refusal["case"], refusal["file"], refusal["line"]) == ("vms/old.sh", "vms/old.sh", 3)
    assert refusal["gone"][0]["name"] == "pc-i440fx-4.2"
    choices = [(r["choice"], r["deprecated"], r["ends"]) for r in refusal["replacements"]]
    assert choices == [("nearest", True, "11.2"), ("oldest-to-stay", False, None)]
    assert refusal["replacements"][0]["changes"][0]["severity"] == "breaking"
    assert document["coverage"]["skipped"] == [
        {"file": "vms/pod.yaml", "why": "a KubeVirt file has no command line yet"}
    ]
    assert (document["coverage"]["read"], document["coverage"]["shared"]) == (12, 3)
    by_verdict = {entry["case"]: entry["verdict"] for entry in document["entries"]}
    assert by_verdict["vms/old.sh"] == "will-not-start"
    assert by_verdict["vms/hang.sh"] == "error"
    assert document["entries"][-1]["error"]["exit_code"] == 3


@every
def test_the_log_is_sarif(made: Callable[[], Result]) -> None:
    log = jsonlib.loads(sarif.render(made()))
    jsonschema.validate(log, SARIF, cls=jsonschema.Draft4Validator)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert {"will-not-start", "not-judged", "policy", "unknown"} < set(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    assert run["automationDetails"]["id"] == "pciabi-gate/"


def test_results_of_the_log() -> None:
    (run,) = jsonlib.loads(sarif.render(data.mixed()))["runs"]
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for result in run["results"]:
        by_rule.setdefault(result["ruleId"], []).append(result)
    (refused,) = by_rule["will-not-start"]
    assert refused["level"] == "error"
    place = refused["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "vms/old.sh"
    assert place["region"]["startLine"] == 3
    assert "Instead: pc-i440fx-5.2" in refused["message"]["text"]
    assert [r["level"] for r in by_rule["not-judged"]] == ["error"]
    (waived,) = by_rule["bar"]
    assert waived["suppressions"][0]["justification"].startswith("waived until 2031-01-01")
    assert [r["kind"] for r in by_rule["unknown"]] == ["open"]
    assert len(by_rule["capability"]) == 4
    levels = [["error", "warning", "note", "none"].index(r["level"]) for r in run["results"]]
    assert levels == sorted(levels)
    assert run["properties"]["benign"] == len(
        data.changes_of(data.mixed().entries, Severity.BENIGN)
    )


def test_a_log_of_nothing_is_a_whole_one() -> None:
    (run,) = jsonlib.loads(sarif.render(compatible()))["runs"]
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"]
    assert run["invocations"][0]["executionSuccessful"] is True
    (failed,) = jsonlib.loads(sarif.render(nothing()))["runs"]
    assert failed["invocations"][0]["executionSuccessful"] is False


def test_a_finding_is_the_same_one_wherever_the_repository_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fingerprints(file: str) -> list[object]:
        found = data.gate(
            data.compared(data.NVME, file), data.refused(file), data.failed(file=file)
        )
        (run,) = jsonlib.loads(sarif.render(found))["runs"]
        return [result["partialFingerprints"] for result in run["results"]]

    monkeypatch.chdir(tmp_path)
    assert fingerprints(str(tmp_path / "vms/web.sh")) == fingerprints("./vms/web.sh")
    assert fingerprints("vms/web.sh") == fingerprints("./vms/web.sh")
    assert fingerprints("vms/db.sh") != fingerprints("vms/web.sh")


def test_a_log_holds_what_a_page_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_of_vms, "MOST_RESULTS", 5)
    (run,) = jsonlib.loads(sarif.render(data.mixed()))["runs"]
    assert len(run["results"]) == 5
    assert {result["level"] for result in run["results"]} == {"error"}
    assert run["properties"]["leftOut"] > 5


@every
def test_junit_has_a_case_for_each_vm(made: Callable[[], Result]) -> None:
    found = made()
    root = ET.fromstring(junit.render(found).encode())
    for element in root.iter():
        assert element.attrib.keys() <= ATTRIBUTES[element.tag]
    (suite,) = root
    cases = suite.findall("testcase")
    policy = found.coverage is not None and bool(found.coverage.failures)
    assert len(cases) == max(1, len(found.entries)) + policy
    failures, errors = root.findall(".//failure"), root.findall(".//error")
    assert bool(failures or errors) is bool(found.exit_code)
    assert root.attrib["failures"] == str(len(failures))
    assert root.attrib["errors"] == str(len(errors))


def test_how_each_vm_ended_in_junit() -> None:
    root = ET.fromstring(junit.render(data.mixed()).encode())
    ends = {
        case.attrib["name"]: next((c for c in case if c.tag != "system-out"), None)
        for case in root.iter("testcase")
    }
    assert ends["kiosk"] is None
    assert ends["cxl"] is None
    for name, tag, type_ in (
        ("web", "failure", "capability"),
        ("old", "failure", "will-not-start"),
        ("hang", "error", "CannotTest"),
    ):
        end = ends[name]
        assert end is not None
        assert (end.tag, end.attrib["type"]) == (tag, type_)
    web = ends["web"]
    assert web is not None
    assert "vms/web.sh:7: breaking: nvme0 (nvme) at 0000:00:04.0: Power" in (web.text or "")


@every
def test_the_page_is_whole_self_contained_and_without_script(made: Callable[[], Result]) -> None:
    source = html.render(made())
    page = Page(source)
    assert not page.tags.keys() & {"script", "img", "link", "iframe", "object", "form", "base"}
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    targets = {value or "" for name, value in page.attributes if name == "href"}
    ids = [f"#{value}" for name, value in page.attributes if name == "id"]
    assert targets <= set(ids)
    assert len(ids) == len(set(ids))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", source)


def test_no_word_of_a_file_is_a_template() -> None:
    assert "{{ 7 * 7 }}" in Page(html.render(data.hostile())).words()


def test_what_the_page_shows() -> None:
    found = Page(html.render(data.mixed())).words()
    position = 0
    for shown in (
        "Error: 1 of 7 VMs",
        "Will not start: 1 of 7 VMs (old)",
        "Break: 3 of 7 VMs",
        "12 machines started",
        "(Debian 1:11.1.3+ds-1~bpo13+1)",
        "Gone: machine type pc-i440fx-4.2 at vms/old.sh:3",
        "pc-i440fx-5.2the nearest one it has; deprecated, ends with 11.2",
        "Not judged: nothing is proved of these",
        "QEMU did not answer in 30 s",
        "A nvme Power Management capability (capability) absent at 0x60 breaking",
        "cause: device property nvme.old-ways on → off",
        "2 VMs: web, db",
        "waived: waived until 2031-01-01",
        "Who is hurt",
        "Windows keeps the device node",
        "What mends it",
        "-device nvme,...,old-ways=on",
        "Which VM has which change",
        "interface name",
        "skipped: vms/pod.yaml",
        "What lspci prints of the devices that fail",
        "Power Management",
        "1 differing property has no visible effect",
    ):
        assert shown in found[position:], shown
        position = found.index(shown, position)


def lspci(functions: Sequence[PciFunction]) -> str:
    """Stands for lspci, which prints of equal bytes the same, and no size of a BAR."""
    blocks = (f"{one.address} device\n\tsum: {crc32(one.config):08x}" for one in functions)
    return "\n\n".join(blocks) + "\n"


def test_both_texts_of_lspci_or_else_of_pciabi(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = (data.compared(data.NVME, "a.sh"), data.compared(data.ATI_VGA, "b.sh"))
    monkeypatch.setattr(pciutils, "decoded", lspci)
    nvme, vga = page_gate.gate(data.gate(*entries)).texts
    assert (nvme.title, nvme.vms) == ("nvme0 (nvme)", ("a",))
    assert nvme.before.startswith("0000:00:04.0 device\n\tsum: ")
    assert [line.sort for line in nvme.lines] == ["place", "context", "remove", "add"]
    assert vga.title == ("vga0 (ati-vga), of which lspci prints the same, as pciabi decodes it")
    assert "BAR 0: 32-bit memory, prefetchable, 64M" in vga.after

    def missing(_functions: Sequence[PciFunction]) -> str:
        raise CannotTest("lspci is missing")

    monkeypatch.setattr(pciutils, "decoded", missing)
    without, _ = page_gate.gate(data.gate(*entries)).texts
    assert without.title == "nvme0 (nvme), as pciabi decodes it"
    assert "capability at 0x60: Power Management" in without.after


def test_two_texts_of_many_vms_are_shown_once_and_five_hundred_fit() -> None:
    entries = [data.compared(data.NVME, f"vm{n:03}.sh") for n in range(500)]
    source = html.render(data.gate(*entries))
    assert source.count('<pre class="diff">') == 1
    assert size(source) < 500_000
    assert "vm499" in source


ALLOWED = {
    *("h2", "h3", "p", "strong", "table", "tr", "td", "th", "code", "br", "ul", "li", "span"),
}


class Rendered(HTMLParser):
    """Markdown as a forge renders it: its elements, and the text outside of code and on its own."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.open: list[str] = []
        self.nodes: list[str] = []
        self.attributes: list[Any] = []
        self.comments: list[str] = []
        renderer = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")
        self.feed(renderer.render(source))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            self.nodes.append(data)


@every
def test_nothing_becomes_markup_or_a_mention_in_markdown(made: Callable[[], Result]) -> None:
    text = markdown.render(made())
    found = Rendered(text)
    assert set(found.elements) <= ALLOWED
    assert not found.attributes
    assert not found.comments
    for node in found.nodes:
        assert not re.search(r"[@#!]\w|https?://", node), node
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert titles[0].startswith("## pciabi gate: ")
    assert all(re.fullmatch(r"#{2,3} [A-Za-z ,:-]+", title) for title in titles)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text)


def test_what_markdown_says() -> None:
    text = markdown.render(data.mixed())
    for shown in (
        "<strong>Error: 1 of 7 VMs",
        "<code>QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1~bpo13+1)</code>",
        "gone: machine type pc-i440fx-4.2 (vms/old.sh:3)",
        "<td><strong>A</strong></td><td><code>nvme: Power Management capability absent",
        "2: <code>web, db</code>",
        "A: State the old value: <code>-device nvme,...,old-ways=on</code>.",
        "skipped: vms/pod.yaml",
        "12 changes to look at",
    ):
        assert shown in text, shown


def test_markdown_is_no_longer_than_a_comment_may_be() -> None:
    long = "x" * 200
    entries = [
        *(data.refused(f"{number}/{long}.sh") for number in range(400)),
        *(data.failed(CannotTest(long), f"{number}-{long}.sh") for number in range(400)),
        data.compared(data.NVME, "web.sh"),
    ]
    text = markdown.render(data.gate(*entries))
    assert 30_000 < size(text) <= MOST_BYTES
    assert "<p>Left out here: " in text
    assert "There was not room for everything" in text
    assert text.startswith("## pciabi gate: error")
    assert "Scope: " in text
    assert set(Rendered(text).elements) <= ALLOWED


def test_a_folder_holds_the_snapshots_of_every_vm() -> None:
    files = dict(folder.rendered(data.mixed()))
    reports = {"report.html", "report.json", "junit.xml", "report.sarif", "report.md"}
    assert set(files) - reports == {
        *("01-web-before.json", "01-web-after.json", "02-db-before.json", "02-db-after.json"),
        *("03-kiosk-before.json", "03-kiosk-after.json", "04-mail-before.json"),
        *("04-mail-after.json", "05-cxl-before.json", "05-cxl-after.json", "06-old-before.json"),
    }
    assert jsonlib.loads(files["01-web-after.json"])["provenance"]["qemu_version"] == "7.2.22"
    assert all(re.fullmatch(r"[\w.-]+", name) for name in dict(folder.rendered(data.hostile())))


def test_a_job_summary_is_appended_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before us\n")
    monkeypatch.setenv(step_summary.VARIABLE, str(summary))
    step_summary.append(data.broken())
    assert summary.read_text() == "before us\n\n" + markdown.render(data.broken())
    monkeypatch.delenv(step_summary.VARIABLE)
    step_summary.append(data.broken())
    assert len(list(tmp_path.iterdir())) == 1


def test_a_job_summary_without_room_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, missing = tmp_path / "full.md", tmp_path / "none" / "summary.md"
    full.write_text("x" * (1024 * 1024 - 100))
    for path, why in (
        (full, "has no room left"),
        (missing, "No such file or directory"),
        (Path("/dev/null"), "is no file"),
        (tmp_path, "Is a directory"),
    ):
        monkeypatch.setenv(step_summary.VARIABLE, str(path))
        with pytest.raises(CannotTest, match=why):
            step_summary.append(data.broken())
    assert full.stat().st_size == 1024 * 1024 - 100


def test_weighty_rows_are_what_every_format_shows() -> None:
    shown = list(weighty(rows(data.mixed().entries)))
    page, text = html.render(data.mixed()), markdown.render(data.mixed())
    assert page.count('id="change-') == len(shown) == text.count("<tr><td><strong>")
