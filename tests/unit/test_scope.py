"""What a verdict speaks of: what both sides tell, and never what nobody looked at."""

from __future__ import annotations

from dataclasses import replace

from pciabi.abi.identifying import TITLE, Identifier
from pciabi.abi.scope import scope
from pciabi.abi.snapshot import Snapshot
from pciabi.pci.facts import facts_of
from pciabi.report.words import scope as scope_words
from pciabi.snapshots import lspci_text
from tests.unit import report_data
from tests.unit.strategies import IDENTIFYING, recorded_text, with_interfaces
from tests.unit.test_pci_listing import taken

BOOTED = report_data.record("qemu-7.2_q35-many").snapshot


def text(form: str) -> Snapshot:
    return lspci_text.parse(taken(recorded_text("qemu-7.2_q35-many"), form).encode(), "x")


def test_what_one_side_does_not_tell_is_not_read() -> None:
    everything = scope([BOOTED, BOOTED])
    assert "interface names" in everything.read
    # A boot alone does not read what QEMU makes for the firmware.
    assert "ACPI tables" in everything.not_read
    cold = scope([BOOTED, replace(BOOTED, functions=with_interfaces(BOOTED.functions, ()))])
    assert set(everything.read) - set(cold.read) == {"interface names"}
    assert "interface names" in cold.not_read
    detailed = scope([BOOTED, text("-vvnn")])
    assert any(family.startswith("identifying") for family in detailed.not_read)
    assert "BARs" in detailed.read
    short = scope([BOOTED, text("-nn")])
    assert short.read == ("topology", "ids and class")
    assert "configuration space" in short.not_read
    assert scope([]).read == ()


def test_the_line_names_both_and_whose_readings_they_are() -> None:
    line = scope_words.line(scope([BOOTED, BOOTED]))
    assert line.startswith("Scope: topology, configuration space, BARs")
    assert "as read under TCG. Not looked at: " in line
    assert "virtio features" in line
    assert line.endswith("firmware, performance.")
    assert "under" not in scope_words.line(scope([text("-nn")]))
    assert scope_words.line(scope([])).startswith("Scope: nothing was compared. Not looked at")


def test_a_shared_title_is_read_only_where_all_of_its_families_were() -> None:
    one = Identifier("x", stated=True)
    whole = _with_facts({key.name: one for key in IDENTIFYING})
    part = _with_facts({IDENTIFYING[0].name: one})
    assert TITLE in scope([whole]).read
    for sides in ([part], [whole, part]):
        assert TITLE not in scope(sides).read
        assert TITLE in scope(sides).not_read


def _with_facts(facts: dict[str, object]) -> Snapshot:
    functions = tuple(one.having(facts_of(facts)) for one in BOOTED.functions)
    return replace(BOOTED, functions=functions)
