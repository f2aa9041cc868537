"""What the ACPI families make of two machines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pciabi.abi.change import Harm
from pciabi.abi.compare import compare
from pciabi.abi.facts import acpi_index_seen, acpi_slot, acpi_tables, root_bridges
from pciabi.abi.facts.acpi_slot import AcpiSlot
from pciabi.abi.facts.acpi_tables import AcpiTable, AcpiTables, EcamWindow
from pciabi.abi.facts.root_bridges import RootBridge
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import ACPI_TABLES, Snapshot, Substitution
from pciabi.pci.facts import UNREAD, Key
from tests.unit.strategies import recorded

PLAIN = recorded("qemu-7.2_pc-many")
BRIDGE = RootBridge("PNP0A03", (), 0, None, None, None)
SLOT = AcpiSlot(3, ej0=True, dsm=True, pxm=None)
DSDT, APIC = AcpiTable("DSDT", "BXPC", "1"), AcpiTable("APIC", "BXPC", "2")
ECAM = EcamWindow(0, 0, 255)
TABLES = AcpiTables((DSDT, APIC), (ECAM,), None)

Told = set[tuple[str, str, str, Severity]]


def told(before: Snapshot, after: Snapshot) -> Told:
    return {(c.field, c.before, c.after, c.severity) for c in compare(before, after).changes}


def machine(key: Key[Any], fact: object) -> Snapshot:
    return replace(PLAIN, facts=PLAIN.facts.having(key, fact))


def function(key: Key[Any], fact: object) -> Snapshot:
    first, *others = PLAIN.functions
    return replace(PLAIN, functions=(first.having(first.facts.having(key, fact)), *others))


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (BRIDGE, replace(BRIDGE, uid=1), ("_UID of root bus 0", "0", "1")),
        (BRIDGE, replace(BRIDGE, uid=None), ("_UID of root bus 0", "0", "absent")),
        (BRIDGE, replace(BRIDGE, uid="0"), ("_UID of root bus 0", "0", '"0"')),
        (BRIDGE, replace(BRIDGE, hid="PNP0A08"), ("_HID of root bus 0", "PNP0A03", "PNP0A08")),
        (BRIDGE, replace(BRIDGE, seg=1), ("_SEG of root bus 0", "absent", "1")),
    ],
)
def test_a_root_bridge_breaks(
    one: RootBridge, two: RootBridge, expected: tuple[str, str, str]
) -> None:
    before, after = (machine(root_bridges.KEY, (bridge,)) for bridge in (one, two))
    assert told(before, after) == {(*expected, Severity.BREAKING)}
    (change,) = compare(before, after).changes
    harms = {consequence.harm for consequence in change.consequences}
    named = expected[0].startswith(("_UID", "_HID"))
    assert harms == ({Harm.WINDOWS_IDENTITY} if named else set())


def test_another_numa_node_of_a_root_bridge_is_notable() -> None:
    before, after = (machine(root_bridges.KEY, (replace(BRIDGE, pxm=n),)) for n in (None, 1))
    assert told(before, after) == {("_PXM of root bus 0", "absent", "1", Severity.NOTABLE)}


def test_root_bridges_are_matched_by_bus() -> None:
    far = replace(BRIDGE, bbn=0x40, uid=5)
    before, after = (machine(root_bridges.KEY, b) for b in ((BRIDGE, far), (far,)))
    shown = "_HID PNP0A03, _UID 0"
    assert told(before, after) == {("root bus 0", shown, "absent", Severity.BREAKING)}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (replace(SLOT, sun=4), ("_SUN", "3", "4", Severity.BREAKING)),
        (replace(SLOT, ej0=False), ("_EJ0", "present", "absent", Severity.NOTABLE)),
        (replace(SLOT, dsm=False), ("_DSM", "present", "absent", Severity.NOTABLE)),
        (replace(SLOT, pxm=1), ("_PXM", "absent", "1", Severity.NOTABLE)),
    ],
)
def test_a_slot(after: AcpiSlot, expected: tuple[str, str, str, Severity]) -> None:
    one, two = (function(acpi_slot.KEY, slot) for slot in (SLOT, after))
    assert told(one, two) == {expected}


def test_a_device_that_declares_nothing_is_as_good_as_none() -> None:
    nothing = AcpiSlot(None, ej0=False, dsm=False, pxm=None)
    one, two = (function(acpi_slot.KEY, slot) for slot in (None, nothing))
    assert told(one, two) == set()


def test_the_index_that_a_guest_gets_breaks() -> None:
    one, two = (function(acpi_index_seen.KEY, index) for index in (7, None))
    field = "ACPI index the guest gets"
    assert told(one, two) == {(field, "7", "absent", Severity.BREAKING)}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (
            replace(TABLES, tables=(DSDT,)),
            ("ACPI table APIC", "present", "absent", Severity.NOTABLE),
        ),
        (
            replace(TABLES, tables=(replace(DSDT, hash="3"), APIC)),
            ("AML", "DSDT 1", "DSDT 3", Severity.BENIGN),
        ),
        (
            replace(TABLES, tables=(DSDT, replace(APIC, hash="3"))),
            ("content of ACPI tables", "APIC 2", "APIC 3", Severity.BENIGN),
        ),
        (
            replace(TABLES, windows=(replace(ECAM, last_bus=63),)),
            (
                "MCFG",
                "segment 0, buses 00 to ff",
                "segment 0, buses 00 to 3f",
                Severity.NOTABLE,
            ),
        ),
        (
            replace(TABLES, tables=(DSDT, APIC, AcpiTable("SSDT", "X", "4"))),
            ("ACPI table SSDT", "absent", "present", Severity.NOTABLE),
        ),
    ],
)
def test_tables(after: AcpiTables, expected: tuple[str, str, str, Severity]) -> None:
    one, two = (machine(acpi_tables.KEY, tables) for tables in (TABLES, after))
    assert told(one, two) == {expected}


def test_a_maker_s_other_name_for_the_only_table_of_its_kind_is_no_other_table() -> None:
    after = replace(TABLES, tables=(replace(DSDT, oem_table_id="BXPCDSDT", hash="3"), APIC))
    one, two = (machine(acpi_tables.KEY, tables) for tables in (TABLES, after))
    assert {field for field, *_ in told(one, two)} == {"AML"}


def test_what_one_side_did_not_read_is_open_and_says_why() -> None:
    broken = machine(acpi_tables.KEY, AcpiTables((), (), "the table DSDT is broken"))
    both = replace(PLAIN, facts=machine(root_bridges.KEY, (BRIDGE,)).facts)
    whole = replace(both, facts=both.facts.having(acpi_tables.KEY, TABLES))
    opened = {one.field: one for one in compare(broken, whole).unknowns}
    assert opened["root bridges"].why_before == "the table DSDT is broken"
    assert not opened["root bridges"].excused
    assert told(broken, whole) == set()
    assert {one.field for one in compare(PLAIN, whole).unknowns} >= {"ACPI tables", "root bridges"}
    # Where nobody looked, the scope says so.
    nobody = {one.field for one in compare(PLAIN, PLAIN).unknowns}
    assert nobody.isdisjoint({"ACPI tables", "root bridges"})


def test_tables_that_were_left_out_are_open_and_one_more_is_another_reason() -> None:
    def vm(*options: str) -> Snapshot:
        out = tuple(Substitution(one, "left out", None, (ACPI_TABLES,)) for one in options)
        return replace(machine(acpi_tables.KEY, TABLES), substitutions=out)

    def opened(before: Snapshot, after: Snapshot) -> list[tuple[str, str, bool]]:
        unknowns = (one for one in compare(before, after).unknowns if one.field == ACPI_TABLES)
        return [(one.why_before, one.why_after, one.excused) for one in unknowns]

    out = "left out: -acpitable"
    assert opened(vm(), vm("-acpitable")) == [("", out, False)]
    assert opened(vm("-acpitable"), vm("-acpitable")) == [(out, out, True)]
    assert opened(vm("-acpitable"), vm("-acpitable", "-acpitable")) == [(out, out, False)]


def test_a_damaged_file_s_table_without_a_signature_is_compared() -> None:
    nameless = [replace(TABLES, tables=(AcpiTable("", "", one),)) for one in "12"]
    one, two = (machine(acpi_tables.KEY, tables) for tables in nameless)
    assert {field for field, *_ in told(one, two)} == {"content of ACPI tables"}


def test_a_dsm_of_somebody_else_is_open() -> None:
    side = function(acpi_slot.KEY, SLOT)
    first, second, *others = side.functions
    assert first.facts.get(acpi_index_seen.KEY) is UNREAD
    read = second.having(second.facts.having(acpi_index_seen.KEY, None))
    side = replace(side, functions=(first, read, *others))
    (opened,) = [one for one in compare(side, side).unknowns if "index" in one.field]
    assert opened.excused


def without(tables: AcpiTables, *options: str) -> Snapshot:
    """A VM with these tables, and with options left out that add some."""
    left_out = tuple(Substitution(one, "left out", None, (ACPI_TABLES,)) for one in options)
    return replace(machine(acpi_tables.KEY, tables), substitutions=left_out)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (without(TABLES), without(TABLES), []),
        (
            without(TABLES),
            without(TABLES, "-tpmdev emulator", "-device tpm-crb"),
            [("", "left out: -tpmdev emulator; -device tpm-crb", False)],
        ),
        (
            without(TABLES, "-acpitable"),
            without(TABLES, "-acpitable"),
            [("left out: -acpitable", "left out: -acpitable", True)],
        ),
        (
            without(AcpiTables((), (), "broken"), "-acpitable"),
            without(AcpiTables((), (), "broken")),
            [("broken; left out: -acpitable", "broken", False)],
        ),
        (
            machine(acpi_tables.KEY, UNREAD),
            without(TABLES, "-acpitable"),
            [("the guest could not read it", "left out: -acpitable", False)],
        ),
    ],
)
def test_tables_that_an_option_adds_which_was_left_out_are_open(
    before: Snapshot, after: Snapshot, expected: list[tuple[str, str, bool]]
) -> None:
    assert [
        (one.why_before, one.why_after, one.excused)
        for one in compare(before, after).unknowns
        if one.field == ACPI_TABLES
    ] == expected
    # What was read is compared all the same.
    more = replace(after, facts=machine(acpi_tables.KEY, replace(TABLES, tables=(DSDT,))).facts)
    if before.facts.get(acpi_tables.KEY) == TABLES:
        assert "ACPI table APIC" in {field for field, *_ in told(before, more)}
