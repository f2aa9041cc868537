"""AML by hand: what is declared where, and that no damage does more than one clear error."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pciabi.acpi import linker, tables
from pciabi.acpi.decoding import FILE, decode
from pciabi.acpi.namespace import Namespace, declared
from pciabi.acpi.pci_devices import IndexRegisters, PciDevices
from pciabi.acpi.undecodable import Undecodable

PNP0A03, PNP0A08 = b"\x0c\x41\xd0\x0a\x03", b"\x0c\x41\xd0\x0a\x08"
ZERO, ONE = b"\x00", b"\x01"


def length(content: bytes) -> bytes:
    """Content behind its PkgLength."""
    if len(content) < 0x3F:
        return bytes((len(content) + 1,)) + content
    size = len(content) + 2
    return bytes((0x40 | size & 0x0F, size >> 4)) + content


def device(name: bytes, *content: bytes) -> bytes:
    return b"\x5b\x82" + length(name + b"".join(content))


def scope(name: bytes, *content: bytes) -> bytes:
    return b"\x10" + length(name + b"".join(content))


def named(name: bytes, value: bytes) -> bytes:
    return b"\x08" + name + value


def method(name: bytes, body: bytes, arguments: int = 4) -> bytes:
    return b"\x14" + length(name + bytes((arguments,)) + body)


def address(slot: int, function: int = 0) -> bytes:
    return named(b"_ADR", b"\x0c" + struct.pack("<I", slot << 16 | function))


def table(signature: bytes, body: bytes) -> bytes:
    return signature + struct.pack("<I", 36 + len(body)) + bytes(28) + body


EDSM = method(b"_DSM", b"\x70\x12" + length(b"\x01\x0a\x07") + b"\x60\xa4EDSMhijk\x60")
PDSM = method(b"_DSM", b"\x70\x12" + length(b"\x02BSELASUN") + b"\x60\xa4PDSMhijk\x60")
REGISTERS = b"\x5b\x80BNMR\x01\x0b\x10\xae\x0a\x08"
PCI0 = device(b"PCI0", named(b"_HID", PNP0A03), named(b"_UID", ONE), REGISTERS)
SLOT = device(b"S18_", address(3), named(b"_SUN", b"\x0a\x03"), method(b"_EJ0", b"\xa3", 1), PDSM)
PORT = device(b"S28_", address(5), named(b"BSEL", ONE), device(b"S00_", address(0), EDSM))
AML = (
    scope(b"_SB_", PCI0)
    + scope(b"\x5c\x2e_SB_PCI0", named(b"BSEL", ZERO), SLOT, PORT)
    + scope(b"_SB_", scope(b"PCI0", scope(b"S28_", named(b"_PXM", ONE))))
)
DSDT = table(b"DSDT", AML)


def namespace(aml: bytes) -> Namespace:
    return declared([table(b"DSDT", aml)])


def test_the_devices_of_a_function_are_found_by_bus_and_address() -> None:
    devices = PciDevices(namespace(AML))
    (root,) = devices.root_bridges
    assert (root.hardware_id, root.unique_id, root.bus) == ("PNP0A03", 1, None)
    slot = devices.slot(0, [(3, 0)])
    assert slot is not None
    assert (slot.number, slot.is_ejectable, slot.has_dsm, slot.proximity) == (3, True, True, None)
    assert devices.index(0, [(3, 0)]) == IndexRegisters(0xAE10, 0, 3)
    port = devices.slot(0, [(5, 0)])
    assert port is not None
    assert (port.number, port.proximity) == (None, 1)
    assert devices.index(0, [(5, 0), (0, 0)]) == 7
    assert devices.slot(0, [(5, 0), (1, 0)]) is None
    assert devices.slot(9, [(3, 0)]) is None


def test_a_single_segment_is_looked_for_further_up() -> None:
    inner = device(b"S28_", address(5), scope(b"S18_", named(b"_PXM", ONE)))
    root = scope(b"\x5c\x2e_SB_PCI0", device(b"S18_", address(3)), inner)
    slot = PciDevices(namespace(scope(b"_SB_", PCI0) + root)).slot(0, [(3, 0)])
    assert slot is not None
    assert slot.proximity == 1


def test_a_root_bridge_is_known_by_its_compatible_ids_and_leads_to_its_bus() -> None:
    ids = b"\x12" + length(b"\x02" + PNP0A08 + PNP0A03)
    bridge = device(
        b"CXL0",
        named(b"_HID", b"\x0dACPI0016\0"),
        named(b"_CID", ids),
        named(b"_UID", b"\x0dfirst\0"),
        named(b"_BBN", b"\x0a\x0c"),
        device(b"X___", address(1), named(b"_SUN", ONE)),
    )
    devices = PciDevices(namespace(bridge))
    (root,) = devices.root_bridges
    assert (root.hardware_id, root.compatible_ids) == ("ACPI0016", ("PNP0A08", "PNP0A03"))
    assert (root.unique_id, root.bus) == ("first", 12)
    slot = devices.slot(12, [(1, 0)])
    assert slot is not None
    assert slot.number == 1


@pytest.mark.parametrize(
    ("aml", "problem"),
    [
        (b"\x70\x00\x00", "declares nothing"),
        (b"\xa0" + length(ONE + named(b"_SUN", ONE)), "a condition decides _SUN"),
        (b"\x06ABCD_UID", "_UID is an alias"),
        (b"\x10\x7f", "leads out|within a length"),
        (b"\x08\x5e_SUN\x00", "further up than the root"),
        (b"\x08a___\x00", "no name in AML"),
        (b"\x08_UID\x0dno end", "within a string"),
    ],
)
def test_what_would_have_to_be_evaluated_or_cannot_be_is_an_error(aml: bytes, problem: str) -> None:
    with pytest.raises(Undecodable, match=problem):
        namespace(aml)


@pytest.mark.parametrize("name", [b"_SUN", b"_PXM"])
def test_a_number_that_a_method_would_tell_is_an_error(name: bytes) -> None:
    root = device(b"PCI0", named(b"_HID", PNP0A03), device(b"A___", address(1), method(name, ONE)))
    with pytest.raises(Undecodable, match="is no number before it is evaluated"):
        PciDevices(namespace(root))


def test_blocks_cannot_be_nested_without_end() -> None:
    aml = b""
    for _ in range(70):
        aml = scope(b"ABCD", aml)[:1] + _long(b"ABCD" + aml)
    with pytest.raises(Undecodable, match="nested"):
        namespace(aml)


def _long(content: bytes) -> bytes:
    size = len(content) + 3
    return bytes((0x80 | size & 0x0F, size >> 4 & 0xFF, size >> 12)) + content


damages = st.lists(
    st.tuples(st.integers(0, len(DSDT) - 1), st.integers(0, 255)), min_size=1, max_size=8
)


@settings(max_examples=400, deadline=None)
@given(damages, st.integers(0, len(DSDT)))
def test_damage_ends_in_a_value_or_in_one_problem(damage: list[tuple[int, int]], kept: int) -> None:
    data = bytearray(DSDT)
    for place, value in damage:
        data[place] = value
    for found in (decode(bytes(data), b""), decode(bytes(data[:kept]), b"")):
        assert (found.devices is None) is (found.problem is not None)
        if found.devices is None:
            continue
        for hops in ([(3, 0)], [(5, 0)], [(5, 0), (0, 0)]):
            found.devices.slot(0, hops)
            with suppress(Undecodable):
                found.devices.index(0, hops)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=400))
def test_any_bytes_are_a_value_or_one_problem(file: bytes, script: bytes) -> None:
    decode(file, script)
    decode(table(b"SSDT", file), script)


def command(kind: int, fields: bytes) -> bytes:
    return (struct.pack("<I", kind) + fields).ljust(128, b"\0")


def pointer(offset: int, size: int) -> bytes:
    return command(2, struct.pack("<56s56sIB", FILE.encode(), b"etc/other", offset, size))


def checksum(offset: int, start: int, size: int) -> bytes:
    return command(3, struct.pack("<56sIII", FILE.encode(), offset, start, size))


def test_what_firmware_fills_in_is_no_content() -> None:
    one = table(b"SSDT", bytes(20))
    two = bytearray(one)
    two[9], two[40:44] = 0x55, b"addr"
    script = pointer(40, 4) + checksum(9, 0, len(one))
    assert decode(one, script).contents == decode(bytes(two), script).contents
    two[50] = 1
    assert decode(one, script).contents != decode(bytes(two), script).contents
    assert linker.extent(script, FILE) == len(one)
    assert linker.extent(script, "etc/other") == 0


def test_where_a_window_is_is_no_content_of_mcfg() -> None:
    def mcfg(base: int, last: int) -> bytes:
        return table(b"MCFG", bytes(8) + struct.pack("<QHBB4x", base, 0, 0, last))

    one, two, three = (decode(mcfg(*w), b"") for w in ((1, 255), (2, 255), (1, 63)))
    assert one.contents == two.contents
    assert one.windows == two.windows == (tables.Window(0, 0, 255),)
    assert three.windows == (tables.Window(0, 0, 63),)


def test_tables_are_found_between_zeros_and_no_others_are_taken_for_some() -> None:
    file = table(b"FACS", bytes(28)) + bytes(12) + DSDT + bytes(99)
    assert [one.signature for one in tables.tables(file)] == ["FACS", "DSDT"]
    for damaged in (DSDT[:-1], b"x" + DSDT, b"DSDT\x08\0\0\0"):
        with pytest.raises(Undecodable):
            tables.tables(damaged)
