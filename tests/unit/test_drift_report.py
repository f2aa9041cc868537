"""Drift beside the changes that it leads to, in every report; and what it never does: fail."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable
from dataclasses import replace

import jsonschema
import pytest

from pciabi.abi.facts import properties
from pciabi.report.document.diff import DiffDocument
from pciabi.report.document.gate import GateDocument
from pciabi.report.document.parts import Document
from pciabi.report.terminal import text
from pciabi.report.words import gate
from pciabi.report.writers import html, json, junit, markdown, sarif
from pciabi.result.drift import ExplainedDrift
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedComparison, judge
from pciabi.result.policy import Policy
from pciabi.result.result import Result, of_two_sides
from pciabi.result.verdict import Verdict
from pciabi.vm.drift.made_domain import MadeDomain
from tests.unit import gate_data as data
from tests.unit.domain_data import NIC, made, port

ITCO = "<watchdog model='itco' action='reset'/>"


def compared(
    before: MadeDomain, after: MadeDomain, recordings: tuple[str, str] = data.VIRTIO
) -> JudgedComparison:
    """Recorded hardware of domains that libvirts made so."""
    sides = (
        replace(data.side(name, "web.xml"), domain=domain)
        for name, domain in zip(recordings, (before, after), strict=True)
    )
    one, two = sides
    return judge(one, two, Policy())


def entry(comparison: JudgedComparison) -> Entry:
    """The VM that was compared."""
    return data.entry("web.xml", comparison)


def told(comparison: JudgedComparison, field: str) -> ExplainedDrift:
    """The drift of that field."""
    (found,) = [one for one in comparison.drifts if one.drift.field == field]
    return found


def nics() -> list[str]:
    """The ids of the virtio NICs of the recording."""
    functions = data.snapshot(data.VIRTIO[0]).functions
    return [f.qdev_id for f in functions if f.device == "virtio-net-pci" and f.qdev_id]


def test_nothing_drifts_where_a_side_is_no_libvirts() -> None:
    one, two = (data.side(name, "web.xml") for name in data.VIRTIO)
    assert judge(one, two, Policy()).drifts == ()
    assert judge(replace(one, domain=made(ITCO)), two, Policy()).drifts == ()


def test_what_its_owner_has_changed_is_none_of_the_libvirts() -> None:
    before, after = replace(made(), given="<a/>"), replace(made(ITCO), given="<a/>")
    assert compared(before, after).drifts
    assert compared(before, replace(after, given="<b/>")).drifts == ()


def test_a_machine_type_is_behind_every_change_and_another_drift_behind_none() -> None:
    before, after = made(machine="pc-q35-9.2"), made(ITCO, machine="pc-q35-10.0")
    comparison = compared(before, after)
    assert comparison.changes
    assert set(told(comparison, "machine type").explains) == set(comparison.changes)
    assert told(comparison, "").explains == ()
    # What explains something comes first.
    assert [bool(one.explains) for one in comparison.drifts] == [True, False]


def test_a_property_is_behind_itself_and_what_it_decides() -> None:
    (nic, *_) = nics()
    line = f"-device virtio-net-pci,id={nic},rx_queue_size={{}}"
    comparison = compared(made(line=line.format(1024)), made(line=line.format(256)))
    explained = told(comparison, "rx_queue_size").explains
    assert explained
    assert {change.id for change in explained} == {nic}
    of_device = [change for change in comparison.changes if change.id == nic]
    assert set(explained) < set(of_device)
    assert all(
        change.kind != properties.CHANGED or "rx_queue_size" in change.field for change in explained
    )


def test_a_global_is_behind_its_property_of_every_device_of_the_type() -> None:
    line = "-global virtio-net-pci.rx_queue_size={}"
    comparison = compared(made(line=line.format(1024)), made(line=line.format(256)))
    explained = told(comparison, "-global virtio-net-pci.rx_queue_size").explains
    assert explained
    assert {change.device for change in explained} == {"virtio-net-pci"}


@pytest.fixture
def drifting() -> JudgedComparison:
    """Two NICs and a machine type, of which only the latter explains anything."""
    before = made(port(1, 2), port(2, 3), NIC.format(bus=1), machine="pc-q35-9.2")
    after = made(port(1, 2), port(2, 3), NIC.format(bus=2), ITCO, machine="pc-q35-10.0")
    return compared(before, after)


def test_drift_fails_nothing() -> None:
    same = (data.NVME[0], data.NVME[0])
    comparison = compared(made(), made(ITCO), same)
    assert comparison.drifts
    assert comparison.verdict is Verdict.COMPATIBLE
    assert entry(comparison).verdict is Verdict.COMPATIBLE


ALLOCATION = "allocation: interface 52:54:00:00:00:01: address 0000:01:00.0 → 0000:02:00.0"
MACHINE = "model: machine: machine type pc-q35-9.2 → pc-q35-10.0"
IMPLICIT = "implicit: watchdog itco: only the later libvirt adds it: itco"


def diffed(comparison: JudgedComparison) -> Result:
    """As diff's result."""
    return of_two_sides(comparison, data.gate().started, 1.0)


def gated(comparison: JudgedComparison) -> Result:
    """As the result of a gate of two VMs that are alike."""
    other = data.entry("db.xml", comparison)
    return data.gate(entry(comparison), other)


def test_text_tells_it_of_two_sides(drifting: JudgedComparison) -> None:
    result = diffed(drifting)
    lines = [*text.findings(result), *text.closing(result)]
    assert f"    libvirt: {MACHINE}" in lines
    unseen = "(no change of the hardware is due to it)"
    assert any(line.endswith(f"{IMPLICIT} {unseen}") for line in lines)
    assert any(ALLOCATION in line for line in lines)


def test_text_tells_it_of_a_gate_once(drifting: JudgedComparison) -> None:
    lines = list(text.closing(gated(drifting)))
    assert f"libvirt: web.xml:1: {MACHINE} (in web, db)" in lines
    unseen = "(in web, db; no change of the hardware is due to it)"
    assert f"libvirt: web.xml:21: {IMPLICIT} {unseen}" in lines
    assert sum("allocation" in line for line in lines) == 1


@pytest.mark.parametrize(
    ("make", "document"), [(diffed, DiffDocument), (gated, GateDocument)], ids=["diff", "gate"]
)
def test_the_document_has_it(
    drifting: JudgedComparison,
    make: Callable[[JudgedComparison], Result],
    document: type[Document],
) -> None:
    result = make(drifting)
    parsed = jsonlib.loads(json.render(result))
    jsonschema.validate(parsed, document.json_schema(), cls=jsonschema.Draft202012Validator)
    found = [one for one in parsed["drifts"] if one["kind"] == "model"]
    assert (found[0]["field"], found[0]["before"], found[0]["after"]) == (
        "machine type",
        "pc-q35-9.2",
        "pc-q35-10.0",
    )
    assert len(found[0]["explains"]) == len(drifting.changes)
    assert found[0]["file"] == "web.xml"


@pytest.mark.parametrize("make", [diffed, gated], ids=["diff", "gate"])
def test_every_other_format_has_it(
    drifting: JudgedComparison, make: Callable[[JudgedComparison], Result]
) -> None:
    result = make(drifting)
    for writer in (html, markdown, junit, sarif):
        written = writer.render(result)
        assert "watchdog itco" in written, writer
        assert "machine type pc-q35-9.2" in written, writer


def test_what_was_chosen_is_to_be_written_down(drifting: JudgedComparison) -> None:
    mending = [one for one in text.closing(gated(drifting)) if one.startswith("to mend")]
    words = "the machine type that the earlier libvirt has chosen, pc-q35-9.2"
    assert any(words in line for line in mending)
    # Queues of another size are not due to it: the advice for those stands beside it.
    assert any("State the property that decides it" in line for line in mending)


def test_hostile_words_are_escaped() -> None:
    evil = made("<watchdog model='&lt;script&gt;alert(1)&lt;/script&gt;'/>")
    page = html.render(gated(compared(made(), evil)))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_gate_says_in_which_libvirts_words_domains_were_started() -> None:
    comparison = compared(made(), made())
    one, two = (
        replace(
            side,
            snapshot=replace(
                side.snapshot, provenance=replace(side.snapshot.provenance, libvirt=version)
            ),
        )
        for side, version in ((comparison.before, "9.0.0"), (comparison.after, "11.3.0"))
    )
    before, after = gate.sides(gated(judge(one, two, Policy())))
    assert before[1].endswith("; domains as libvirt 9.0.0 writes them")
    assert after[1].endswith("; domains as libvirt 11.3.0 writes them")
    assert not any("libvirt" in version for _, version in gate.sides(gated(comparison)))
