"""Devices that have no id, and those another one stood in for, in every report."""

from __future__ import annotations

import io
import json as jsonlib
import re
from dataclasses import replace

import pytest

from pciabi.abi.naming import label
from pciabi.abi.snapshot import EVERY_FIELD, Snapshot, Substitution
from pciabi.errors import SourcePosition
from pciabi.report import snapshot_text
from pciabi.report.terminal.output import PlainOutput
from pciabi.report.terminal.printing import print_result
from pciabi.report.writers import html, json, junit, sarif
from pciabi.result.result import Result
from pciabi.result.side import Side
from tests.unit import report_data as data
from tests.unit.report_data import diff

NIC = "0000:00:04.0"
GONE = "0000:00:03.0"


def nameless(recording: str, stand_in: bool) -> Snapshot:
    """A recorded reading whose NICs have no ids: one is pciabi's own, of what it stands for."""
    found = data.record(recording).snapshot
    made_up = {"net0": None, "net1": "pciabi-1_0.0" if stand_in else "pciabi-n1"}
    functions = tuple(
        replace(f, qdev_id=made_up.get(f.qdev_id or "", f.qdev_id)) for f in found.functions
    )
    told = Substitution(
        "-device vfio-pci", "-device virtio-rng-pci", "pciabi-1_0.0", (EVERY_FIELD,)
    )
    return replace(found, functions=functions, substitutions=(told,) if stand_in else ())


def side(name: str, snapshot: Snapshot, names: dict[str, str]) -> Side:
    places = {
        address: SourcePosition(name, int(words.rpartition(" ")[2]))
        for address, words in names.items()
    }
    return Side(name, snapshot, SourcePosition(name, 1), places, names)


def compared(*, stand_in: bool = False, names: bool = True) -> Result:
    kind = "vfio-pci" if stand_in else "virtio-net-pci"
    before = {GONE: "virtio-net-pci, line 5", NIC: f"{kind}, line 6"}
    after = {GONE: f"{kind}, line 5"}
    return diff(
        side("a.sh", nameless(BEFORE, stand_in), before if names else {}),
        side("b.sh", nameless(AFTER, stand_in), after if names else {}),
    )


BEFORE, AFTER = "qemu-7.2_pc-two-nics", "qemu-7.2_pc-first-nic-removed"


def text(found: Result) -> str:
    printed = io.StringIO()
    print_result(found, None, PlainOutput(printed))
    return printed.getvalue()


REPORTS = {
    "text": text,
    "html": html.render,
    "json": json.render,
    "sarif": sarif.render,
    "junit": junit.render,
}


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("stand_in", [True, False])
def test_no_report_shows_an_id_that_nobody_gave(report: str, names: bool, stand_in: bool) -> None:
    shown = REPORTS[report](compared(stand_in=stand_in, names=names))
    assert "pciabi-n1" not in shown
    assert "pciabi-1_0.0" not in shown
    assert "built in" not in shown
    assert ("vfio-pci" in shown) is stand_in


@pytest.mark.parametrize("report", REPORTS)
def test_a_device_without_an_id_goes_by_driver_and_line(report: str) -> None:
    shown = REPORTS[report](compared())
    # The one that is gone is on the earlier file's line, the other on the later one's.
    assert "virtio-net-pci, line 5" in shown


def test_results_point_at_the_line_of_the_option() -> None:
    (run,) = jsonlib.loads(sarif.render(compared()))["runs"]
    for result in run["results"]:
        place = result["locations"][0]
        (logical,) = place["logicalLocations"]
        if logical["name"].startswith("virtio-net-pci"):
            line = place["physicalLocation"]["region"]["startLine"]
            assert logical["name"] == f"virtio-net-pci, line {line}"
    assert any("virtio-net-pci, line 5" in result["message"]["text"] for result in run["results"])


def test_a_finding_is_the_same_one_when_a_line_is_put_in_above() -> None:
    def fingerprints(found: Result) -> list[str]:
        (run,) = jsonlib.loads(sarif.render(found))["runs"]
        return sorted(str(result["partialFingerprints"]) for result in run["results"])

    found = compared().two_sides
    lower = {
        address: re.sub(r"line \d", "line 9", words) for address, words in found.after.names.items()
    }
    moved = diff(found.before, replace(found.after, own_names=lower))
    assert fingerprints(moved) == fingerprints(compared())


def test_a_snapshot_is_printed_in_the_same_words() -> None:
    shown = snapshot_text.render(compared(stand_in=True).two_sides.before)
    assert f"{NIC} (path 0/04.0) vfio-pci, line 6" in shown
    assert f"{GONE} (path 0/03.0) virtio-net-pci, line 5" in shown


def test_without_any_file_a_device_is_called_by_its_kind() -> None:
    (function,) = (f for f in nameless(BEFORE, False).functions if str(f.address) == NIC)
    assert label(function, function.qdev_id) == "virtio-net-pci"


def test_a_device_that_a_file_states_without_an_id_is_not_implicit() -> None:
    def placements(found: Result) -> set[tuple[str, str]]:
        changes = jsonlib.loads(json.render(found))["changes"]
        return {(one["label"], one["placement"]) for one in changes}

    stated = {place for label, place in placements(compared()) if label.startswith("virtio-net")}
    assert stated == {"root"}
    assert "implicit" in {place for _, place in placements(compared(names=False))}
