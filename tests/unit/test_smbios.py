"""SMBIOS tables, taken apart, held against each other, and damaged."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.compare import compare
from pciabi.abi.difference import ABSENT
from pciabi.abi.facts.smbios import KEY, Smbios
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import SMBIOS_TABLES, Snapshot, Substitution
from pciabi.pci.facts import UNREAD, Facts, Unread
from pciabi.probe.readers.smbios import smbios
from pciabi.smbios.entry_point import EntryPoint, entry_point
from pciabi.smbios.named_devices import NamedDevice, named_devices
from pciabi.smbios.named_fields import named_fields
from pciabi.smbios.structures import Structure, structures
from tests.unit.strategies import recorded

ANCHORS = {
    "_SM_": b"_SM_" + bytes((0, 0x1F, 2, 8)) + bytes(0x17),
    "_SM3_": b"_SM3_" + bytes((0, 0x18, 3, 0)) + bytes(0x10),
}
UUID = bytes.fromhex("33221100554477668899aabbccddeeff")


def table(*parts: tuple[int, bytes, Iterable[bytes]]) -> bytes:
    """A table of structures: type, what follows the header, strings."""
    found = b""
    for handle, (kind, area, strings) in enumerate(parts):
        texts = b"".join(text + b"\0" for text in strings) or b"\0"
        found += struct.pack("<BBH", kind, len(area) + 4, handle) + area + texts + b"\0"
    return found


SYSTEM = (1, bytes((1, 2, 3, 0)) + UUID + bytes((6, 0, 4)), [b"Q", b"PC", b"pc-q35-7.2", b"F"])
ONBOARD = (41, bytes((1, 0x85, 7)) + struct.pack("<HBB", 0, 0, 3 << 3), [b"LAN"])
END: tuple[int, bytes, list[bytes]] = (127, b"", [])

parts = st.tuples(
    st.integers(0, 126),
    st.binary(max_size=60),
    st.lists(st.binary(min_size=1, max_size=9).filter(lambda text: 0 not in text), max_size=4),
)


@given(st.lists(parts, max_size=5))
def test_what_is_put_together_is_taken_apart(found: list[tuple[int, bytes, list[bytes]]]) -> None:
    read = list(structures(table(*found, END) + b"behind the end"))
    assert [(one.type, one.formatted[4:]) for one in read] == [part[:2] for part in found]
    assert [len(one.strings) for one in read] == [len(part[2]) for part in found]


def facts_or_one_error(anchor: bytes, data: bytes) -> None:
    """Whatever these bytes are, nothing else comes of them."""
    with suppress(ValueError):
        assert isinstance(smbios(anchor, data), Smbios)


@given(st.sampled_from(list(ANCHORS.values())) | st.binary(max_size=40), st.binary(max_size=300))
def test_any_bytes_end_in_facts_or_one_error(anchor: bytes, data: bytes) -> None:
    facts_or_one_error(anchor, data)


@given(st.integers(0, 200), st.binary(max_size=3))
def test_a_damaged_table_ends_in_facts_or_one_error(at: int, damage: bytes) -> None:
    whole = table(SYSTEM, ONBOARD, END)
    for data in (whole[:at], whole[:at] + damage + whole[at + len(damage) :]):
        facts_or_one_error(ANCHORS["_SM_"], data)


def test_entry_points_tell_their_kind_and_version() -> None:
    found = [entry_point(data) for data in ANCHORS.values()]
    assert found == [EntryPoint("_SM_", 2, 8), EntryPoint("_SM3_", 3, 0)]
    for data in (b"", b"_SM_\0", b"_DMI_" + bytes(40)):
        with pytest.raises(ValueError, match="SMBIOS entry point"):
            entry_point(data)


def test_the_machine_is_named_by_the_specification_s_names() -> None:
    board = (2, bytes((1, 0, 0, 0, 0, 0, 0)), [b"B"])
    # Two contained elements of three bytes each stand in front of the SKU number.
    case = (3, bytes((1, 1, 2)) + bytes(12) + bytes((2, 3)) + bytes(6) + b"\2", [b"C", b"SKU"])
    listed = tuple(structures(table(SYSTEM, board, board, case)))
    assert [
        (one.structure, one.field, one.text)
        for one in named_fields(entry_point(ANCHORS["_SM_"]), listed)
    ] == [
        ("System Information", "Manufacturer", "Q"),
        ("System Information", "Product Name", "PC"),
        ("System Information", "Version", "pc-q35-7.2"),
        ("System Information", "Family", "F"),
        ("System Information", "UUID", "00112233-4455-6677-8899-aabbccddeeff"),
        ("Baseboard Information", "Manufacturer", "B"),
        ("Baseboard Information 2", "Manufacturer", "B"),
        ("System Enclosure or Chassis", "Manufacturer", "C"),
        ("System Enclosure or Chassis", "Version", "SKU"),
        ("System Enclosure or Chassis", "SKU Number", "SKU"),
    ]


def test_before_2_6_a_uuid_was_big_endian() -> None:
    (system,) = structures(table(SYSTEM))
    old = {one.field: one.text for one in named_fields(EntryPoint("_SM_", 2, 4), (system,))}
    assert old["UUID"] == "33221100-5544-7766-8899-aabbccddeeff"
    none = Structure(1, 0, system.formatted[:8] + bytes(16), ())
    assert not list(named_fields(EntryPoint("_SM_", 2, 8), (none,)))


def test_devices_and_slots_have_a_place() -> None:
    slot = (9, bytes((1, 0xA5, 0, 0, 0)) + struct.pack("<HBBHBB", 12, 0, 0, 1, 2, 0x1A), [b"S"])
    older = (9, slot[1][:8], [b"S"])
    nowhere = (41, bytes((1, 0x05, 7)) + b"\xff\xff\xff\xff", [b"off"])
    found = list(named_devices(tuple(structures(table(slot, older, ONBOARD, nowhere)))))
    assert [(one.address, one.designation, one.sort, one.number) for one in found] == [
        ("0001:02:03.2", "S", "slot type 0xa5", 12),
        ("0000:00:03.0", "LAN", "Ethernet", 7),
        (None, "off", "Ethernet, disabled", 7),
    ]


def test_a_structure_that_qemu_leaves_unfinished_is_what_a_guest_makes_of_it() -> None:
    # QEMU 10.0 gives up a structure of type 41, for a device behind a bridge, after its string.
    unfinished = table(SYSTEM) + table(ONBOARD)[:-1] + struct.pack("<BBHH", 127, 4, 0x7F00, 0)
    found = smbios(ANCHORS["_SM_"], unfinished)
    assert [device.designation for device in found.devices] == ["LAN"]


def vm(fact: Smbios | Unread | None, *options: str) -> Snapshot:
    """A VM with a function at 03.0, of which that is known."""
    left_out = tuple(Substitution(one, "left out", None, (SMBIOS_TABLES,)) for one in options)
    whole = recorded("qemu-7.2_pc-two-nics")
    return replace(whole, facts=Facts().having(KEY, fact), substitutions=left_out)


def open_of(before: Snapshot, after: Snapshot) -> list[tuple[str, str, bool]]:
    """What the two leave open of SMBIOS."""
    return [
        (one.why_before, one.why_after, one.excused)
        for one in compare(before, after).unknowns
        if one.field == SMBIOS_TABLES
    ]


READ = smbios(ANCHORS["_SM_"], table(SYSTEM, ONBOARD, END))


def test_a_name_of_a_device_breaks_and_a_name_of_the_machine_does_not() -> None:
    (device,) = READ.devices
    assert device.address == "0000:00:03.0"
    assert "0000:00:03.0" in {str(one.address) for one in vm(READ).functions}
    texts = tuple(
        replace(one, text="pc-q35-8.0") if one.field == "Version" else one for one in READ.texts
    )
    empty_place = replace(device, address="0000:00:1e.0")
    for other, wanted in (
        (
            replace(READ, entry_point=EntryPoint("_SM3_", 3, 0), texts=texts[1:]),
            [
                (Severity.NOTABLE, "SMBIOS entry point", "_SM3_, version 3.0"),
                (Severity.NOTABLE, "System Information: Manufacturer", ABSENT),
                (Severity.NOTABLE, "System Information: Version", "pc-q35-8.0"),
            ],
        ),
        (replace(READ, devices=()), [(Severity.BREAKING, _at(device), ABSENT)]),
        (
            replace(READ, devices=(replace(device, number=8),)),
            [(Severity.BREAKING, _at(device), "LAN, Ethernet, 8")],
        ),
        (
            replace(READ, devices=(device, empty_place)),
            [(Severity.NOTABLE, _at(empty_place), "LAN, Ethernet, 7")],
        ),
        (READ, []),
    ):
        changes = compare(vm(READ), vm(other)).changes
        assert [(one.severity, one.field, one.after) for one in changes] == wanted


def _at(device: NamedDevice) -> str:
    return f"Onboard Devices Extended Information: {device.address}"


def test_tables_that_are_not_the_user_s_are_open_and_equal_nothing() -> None:
    firmwares = "the firmware makes them, QEMU has none for this machine type"
    assert open_of(vm(None), vm(None)) == [(firmwares, firmwares, True)]
    assert open_of(vm(READ), vm(None)) == [("", firmwares, False)]
    assert open_of(vm(READ), vm(UNREAD)) == [("", "the guest could not read it", False)]
    assert open_of(vm(UNREAD), vm(UNREAD)) == []
    file = "left out: -smbios"
    other = replace(READ, devices=())
    assert open_of(vm(READ), vm(other, "-smbios")) == [("", file, False)]
    assert open_of(vm(READ, "-smbios"), vm(READ, "-smbios")) == [(file, file, True)]
    assert compare(vm(READ), vm(other, "-smbios")).changes == ()
