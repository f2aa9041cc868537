"""Decoding configuration space, held against real guests and the real lspci's reading."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from pciabi.errors import CannotTest
from pciabi.pci import encoding
from pciabi.pci.capabilities import Capability
from pciabi.pci.config_space import ConfigSpace, decode, encode
from pciabi.pci.function import PciFunction
from pciabi.pci.layout import FieldClass, fixed, structure
from pciabi.snapshots import read
from tests.unit.strategies import GOLDEN, configs, distinct_functions

# lspci's words for what we call by the specification's name.
LSPCI_NAMES = {
    "Access Control Services": "Access Control Services",
    "Advanced Error Reporting": "Advanced Error Reporting",
    "Device Serial Number": "Device Serial Number",
    "Hot-Plug Controller": "Hot-plug capable",
    "MSI": "MSI:",
    "MSI-X": "MSI-X:",
    "PCI Express": "Express",
    "Power Management": "Power Management",
    "SATA HBA": "SATA HBA",
    "Slot Identification": "Slot ID",
    "Subsystem ID": "Subsystem:",
}
RECORDED = tuple(sorted((GOLDEN.parent / "snapshot").glob("qemu-*.json")))
PRINTED = re.compile(r"^\tCapabilities: \[([0-9a-f]+)(?: v(\d+))?\] (.*)$", re.MULTILINE)


def ids(function: PciFunction) -> str:
    return f"{function.config[1::-1].hex()}:{function.config[3:1:-1].hex()}"


every_function = pytest.mark.parametrize("function", distinct_functions(), ids=ids)


@given(configs())
def test_every_bit_belongs_to_one_field(config: bytes) -> None:
    assert encode(decode(config)) == config


@every_function
def test_lspci_sees_the_same_capabilities(function: PciFunction) -> None:
    space = decode(function.config)
    printed = {
        int(offset, 16): (version, words)
        for offset, version, words in PRINTED.findall(function.text)
    }

    assert {capability.offset for capability in space.capabilities} == set(printed)
    assert space.findings == ()
    for capability in space.capabilities:
        version, words = printed[capability.offset]
        assert (capability.version or 0) == int(version or 0)
        if capability.name.startswith("virtio"):
            assert words.startswith("Vendor Specific Information: VirtIO")
        else:
            assert words.startswith(LSPCI_NAMES[capability.name])


def value(capability: Capability, name: str) -> str:
    return next(v.shown for v in capability.fields if v.field.name == name)


def named(space: ConfigSpace, name: str) -> Capability:
    return next(c for c in space.capabilities if c.name == name)


def test_values_are_those_lspci_prints() -> None:
    seen = set()
    for function in distinct_functions():
        space, text = decode(function.config), function.text
        if match := re.search(r"MSI-X: Enable. Count=(\d+)", text):
            table = named(space, "MSI-X")
            assert value(table, "MSI-X table size") == match[1]
            place = re.search(r"Vector table: BAR=(\d) offset=([0-9a-f]+)", text)
            assert place is not None
            assert value(table, "MSI-X table BAR") == f"0x{place[1]}"
            assert int(value(table, "MSI-X table offset"), 16) == int(place[2], 16)
            seen.add("MSI-X")
        if match := re.search(r"MSI: Enable. Count=\d+/(\d+) Maskable(.) 64bit(.)", text):
            msi = named(space, "MSI")
            assert value(msi, "MSI vector count") == match[1]
            flags = {"+": "yes", "-": "no"}
            assert value(msi, "Message Control: 64-bit Address Capable") == flags[match[3]]
            seen.add("MSI")
        if match := re.search(r"FLReset(.)", text):
            reset = value(named(space, "PCI Express"), "DevCap: Function Level Reset")
            assert reset == {"+": "yes", "-": "no"}[match[1]]
            seen.add("FLReset")
        if match := re.search(r"Interrupt: pin ([A-D]) routed", text):
            pin = next(v for v in space.header if v.field.name == "Interrupt Pin")
            assert pin.shown == f"INT{match[1]}"
            seen.add("pin")
    assert seen == {"MSI-X", "MSI", "FLReset", "pin"}


# lspci's line, and the fields its parts are the values of.
EXPRESS_WORDS = {
    r"LnkCap:\tPort #(\d+), Speed (\S+), Width (x\d+), ASPM ([\w ]+), Exit Latency L0s (\S+)": (
        *("LnkCap: Port Number", "LnkCap: Max Link Speed", "LnkCap: Max Link Width"),
        *("LnkCap: ASPM Support", "LnkCap: L0s Exit Latency"),
    ),
    r"LnkSta:\tSpeed ([^\s,]+).*, Width (x\d+)": (
        *("LnkSta: Current Link Speed", "LnkSta: Negotiated Link Width"),
    ),
    r"LnkCtl2: Target Link Speed: ([^\s,]+)": ("LnkCtl2: Target Link Speed",),
    r"Supported Link Speeds: (2.5-16GT/s)": ("LnkCap2: Supported Link Speeds",),
    r"MaxPayload (\d+ bytes), MaxReadReq (\d+ bytes)": (
        *("DevCtl: Max Payload Size", "DevCtl: Max Read Request Size"),
    ),
    r"DevCap:\tMaxPayload (\d+ bytes).*, Latency L0s (\S+), L1 (\S+)": (
        "DevCap: Max Payload Size Supported",
        *("DevCap: L0s Acceptable Latency", "DevCap: L1 Acceptable Latency"),
    ),
}


def plain(words: str) -> str:
    """Words without what only one of the two writes: blanks, `less than`, a port in hex."""
    words = words.replace("2.5, 5, 8, 16", "2.5-16").replace("less than", "").replace("<", "")
    return re.sub(r"^0x0+", "0", words).replace(" ", "").rstrip(",")


@pytest.mark.parametrize("pattern", EXPRESS_WORDS)
def test_a_link_is_told_in_lspci_s_words(pattern: str) -> None:
    seen = 0
    for function in distinct_functions():
        match = re.search(pattern, function.text)
        if match is None:
            continue
        express = named(decode(function.config), "PCI Express")
        shown = [value(express, name) for name in EXPRESS_WORDS[pattern]]
        for ours, printed in zip(shown, match.groups(), strict=True):
            # lspci takes 0 for 2.5 GT/s in one register, for unknown in another.
            assert plain(ours) == plain(printed) or ours == "0x0", (shown, printed)
            seen += ours != "0x0"
    assert seen


def test_a_header_is_told_in_lspci_s_words() -> None:
    seen = set()
    for function in distinct_functions():
        timing = re.search(r"Status: .*DEVSEL=(\w+)", function.text)
        assert timing is not None
        (shown,) = (
            v.shown
            for v in decode(function.config).header
            if v.field.name == "Status: DEVSEL Timing"
        )
        assert shown == timing[1]
        seen.add(shown)
    assert seen == {"fast", "medium"}


# Counted in units of their own, and not in bytes.
COUNTED = {"Index-Data Pair Offset", "VC Arbitration Table Offset"}
A_PLACE = re.compile(
    r"(?<!Power )(?:Address|Base|Limit|Offset|Pointer)(?: \d| Low)?$", re.IGNORECASE
)


def test_a_place_is_shown_as_its_register_holds_it() -> None:
    """Base, limit, offset, pointer: people read the number that is in the register."""
    shown = set()
    for name in RECORDED:
        for placed in read.read(name).functions:
            space = decode(placed.function.config)
            fields = [*space.header, *(v for c in space.capabilities for v in c.fields)]
            for field in {v.field for v in fields}:
                if A_PLACE.search(field.name) and field.shift and field.name not in COUNTED:
                    # A pointer to an extended capability is itself the upper part of a register.
                    inside = 20 if field.mask > 0xFFFF and "Pointer" in field.name else 0
                    bits = field.mask >> field.shift
                    assert int(field.shown(bits), 16) == field.mask >> inside, field.name
                    shown.add(field.name)
    assert {"Memory Base", "Next Capability Pointer", "Register Block 1 Offset"} <= shown
    assert {"Base Address Low", "Message Address", "MSI-X table offset"} <= shown


@pytest.mark.parametrize(
    ("encoding", "value", "shown"),
    [
        (encoding.LINK_SPEED, 4, "16 GT/s"),
        (encoding.LINK_SPEED, 6, "64 GT/s"),
        (encoding.LINK_SPEED, 0, "0x0"),
        (encoding.LINK_SPEED, 7, "0x7"),
        (encoding.LINK_SPEEDS, 0b1111, "2.5, 5, 8, 16 GT/s"),
        (encoding.LINK_SPEEDS, 0, "none"),
        (encoding.LINK_WIDTH, 32, "x32"),
        (encoding.BYTES_FROM_128, 5, "4096 bytes"),
        (encoding.L0S_ACCEPTABLE, 3, "512 ns"),
        (encoding.L0S_ACCEPTABLE, 7, "no limit"),
        (encoding.L1_ACCEPTABLE, 6, "64 us"),
        (encoding.L0S_EXIT, 6, "2 us to 4 us"),
        (encoding.L0S_EXIT, 7, "more than 4 us"),
        (encoding.L1_EXIT, 0, "less than 1 us"),
        (encoding.L1_EXIT, 7, "more than 64 us"),
        (encoding.PORT_TYPE, 4, "root port"),
        (encoding.AUX_CURRENT, 7, "375 mA"),
        (encoding.POWER_STATES, 0b11001, "D0, D3hot, D3cold"),
        (encoding.BAR_SIZES, 0b1000000001, "1M, 512M"),
        (encoding.BAR_SIZE, 15, "32G"),
        (encoding.PAGE_SIZES, 0b101, "4K, 16K"),
    ],
)
def test_values_have_the_specification_s_words(
    encoding: encoding.Encoding, value: int, shown: str
) -> None:
    row = fixed("field", 0, 4, 0xF).shown_as(encoding)
    (field, *_) = structure("a structure", 4, "nowhere", (row,)).fields
    assert field.shown(value) == shown


@every_function
def test_bars_agree_with_their_registers(function: PciFunction) -> None:
    for bar in function.bars:
        assert bar.size is not None
        offset = 0x10 + 4 * bar.index
        register = int.from_bytes(function.config[offset : offset + 4], "little")
        assert (register & 1) == (bar.kind == "io")
        assert register & ~0xF & (min(bar.size, 1 << 32) - 1) == 0


def config_with(*patches: tuple[int, bytes], size: int = 256) -> bytes:
    config = bytearray(size)
    for offset, data in ((0x00, b"\x36\x1b\x01\x00"), (0x06, b"\x10"), *patches):
        config[offset : offset + len(data)] = data
    return bytes(config)


@pytest.mark.parametrize(
    ("config", "names", "finding"),
    [
        (config_with((0x34, b"\x40"), (0x40, b"\x01\x40")), ["Power Management"], "loops back"),
        (config_with((0x34, b"\x10")), [], "outside its room"),
        (config_with((0x34, b"\x40"), (0x40, b"\xff\xff")), [], "all ones"),
        (config_with((0x34, b"\xfc"), (0xFC, b"\x10\x00")), ["PCI Express"], None),
        (config_with((0x34, b"\x40"), (0x40, b"\x3d\x00")), ["unknown 0x3d"], None),
        (config_with(size=64), [], "only 64 bytes were read"),
        (b"\xff" * 256, [], "no function answers"),
        (config_with((0x100, b"\xff\xff\xff\xff"), size=4096), [], "all ones"),
        (
            config_with((0x100, b"\x03\x00\x01\x10"), size=4096),
            ["Device Serial Number"],
            "loops back to 0x100",
        ),
    ],
)
def test_broken_lists_end_in_a_finding(
    config: bytes, names: list[str], finding: str | None
) -> None:
    space = decode(config)

    assert [capability.name for capability in space.capabilities] == names
    assert encode(space) == config
    if finding is None:
        assert space.findings == ()
    else:
        assert finding in space.findings[0].message


def test_the_virtio_window_is_the_drivers_and_other_places_are_fixed() -> None:
    virtio = b"\xf4\x1a\x41\x10"
    for kind, expected in ((1, FieldClass.FIXED), (5, FieldClass.WRITABLE)):
        capability = bytes([0x09, 0, 20, kind])
        space = decode(config_with((0, virtio), (0x34, b"\x40"), (0x40, capability)))
        classes = {v.field.name: v.field.field_class for v in space.capabilities[0].fields}
        assert {classes[name] for name in ("BAR", "Offset", "Length")} == {expected}
        assert classes["Configuration Type"] is FieldClass.FIXED


EXPRESS_X4 = (0x34, b"\x40"), (0x40, b"\x10\x00\x02\x00"), (0x4C, b"\x43\x00\x00\x00")


def extended(number: int, content: bytes) -> bytes:
    """A function with a link of four lanes and one extended capability."""
    head = (0x00010000 | number).to_bytes(4, "little")
    return config_with(*EXPRESS_X4, (0x100, head + content), size=4096)


def cxl(number: int, content: bytes = b"", *, length: int = 0x3C) -> bytes:
    head = (length << 20 | 0x1E98).to_bytes(4, "little")
    return extended(0x23, head + bytes([number, 0]) + content)


def conventional(content: bytes) -> bytes:
    return config_with((0x34, b"\x40"), (0x40, content))


A, F, S, W = FieldClass.ASSIGNED, FieldClass.FIXED, FieldClass.STATUS, FieldClass.WRITABLE
MSI_MAPPING = conventional(b"\x08\x00\x02\xa8")
HT_PRIMARY = conventional(b"\x08\x00\x00\x00")


@pytest.mark.parametrize(
    ("config", "name", "length", "bits"),
    [
        (MSI_MAPPING, "HyperTransport MSI Mapping", 4, {(2, 0x01): W, (2, 0x02): F, (3, 0xF8): F}),
        (
            conventional(b"\x08\x00\x00\xa8"),
            "HyperTransport MSI Mapping",
            12,
            {(6, 0xF0): A, (8, 0xFF): A},
        ),
        (
            HT_PRIMARY,
            "HyperTransport Primary Interface",
            28,
            {(2, 0x1F): A, (4, 0x8E): W, (5, 0x0F): S, (6, 0xFF): F, (0x0E, 0xFF): F},
        ),
        (conventional(b"\x08\x00\x00\xb8" + b"\x07" * 4), "HyperTransport type 0x17", 192, {}),
        (conventional(b"\x02\x00"), "AGP", 12, {(2, 0xFF): F, (4, 0xFF): F, (8, 0xFF): W}),
        (
            extended(0x15, bytes(4) + b"\x40\x00\x00\x00"),
            "Resizable BAR",
            20,
            {(4, 0xF0): F, (8, 0xE7): F, (9, 0x3F): W, (0x0D, 0xFF): F, (0x11, 0x3F): W},
        ),
        (extended(0x24, bytes(8)), "VF Resizable BAR", 12, {(9, 0x3F): W}),
        (
            extended(0x19, b""),
            "Secondary PCI Express",
            20,
            {(4, 0x03): W, (8, 0xFF): S, (0x0C, 0xFF): F, (0x12, 0xFF): F},
        ),
        (
            extended(0x27, b""),
            "Lane Margining",
            24,
            {(4, 0x01): F, (6, 0x03): S, (8, 0xFF): W, (0x16, 0xFF): S},
        ),
        (extended(0x26, b""), "Physical Layer 16.0 GT/s", 36, {(0x0C, 0xFF): S, (0x23, 0xFF): F}),
        (extended(0x2A, b""), "Physical Layer 32.0 GT/s", 36, {(8, 0xFF): W, (0x10, 0xFF): S}),
        (extended(0x31, b""), "Physical Layer 64.0 GT/s", 20, {(4, 0xFF): F, (0x10, 0xFF): F}),
        (
            extended(0x10, bytes(0x20) + b"\x0c"),
            "Single Root I/O Virtualization",
            64,
            {(0x0C, 0xFF): F, (0x10, 0xFF): W, (0x24, 0x0F): F, (0x26, 0xFF): A, (0x28, 0xFF): A},
        ),
        (extended(0x04, b""), "Power Budgeting", 16, {(4, 0xFF): W, (8, 0xFF): S, (0x0C, 1): F}),
        (extended(0x12, b""), "Multicast", 48, {(4, 0xFF): F, (0x2F, 0xFF): W}),
        (
            extended(0x16, b"\x02\x00\x00\x00"),
            "Dynamic Power Allocation",
            20,
            {(0x0C, 0x1F): S, (0x0E, 0x1F): W, (0x12, 0xFF): F},
        ),
        (extended(0x2F, b""), "Device 3", 16, {(4, 0xFF): F, (8, 0xFF): W, (12, 0xFF): S}),
        (
            cxl(0),
            "CXL Device",
            60,
            {(0x0A, 0xFF): F, (0x0C, 0xFF): W, (0x1C, 3): S, (0x1F, 0xFF): F, (0x27, 0xF0): A},
        ),
        (cxl(3, length=40), "CXL Extensions for Ports", 40, {(0x0C, 0xFF): W, (0x0E, 0xFF): A}),
        (cxl(4, length=16), "CXL Global Persistent Flush, port", 16, {(0x0C, 0xFF): W}),
        (cxl(5, length=16), "CXL Global Persistent Flush, device", 16, {(0x0A, 0xFF): F}),
        (cxl(7, length=32), "CXL Flex Bus Port", 32, {(0x0A, 0xFF): F, (0x0E, 0xFF): S}),
        (cxl(8, length=36), "CXL Register Locator", 36, {(0x0C, 7): F, (0x23, 0xFF): F}),
        (cxl(9, length=14), "Designated Vendor-Specific", 14, {(0x0D, 0xFF): F}),
        (extended(0x7F, b"\x01"), "unknown 0x007f", 0xF00, {(4, 0xFF): F}),
    ],
)
def test_bits_of_capabilities_no_recorded_guest_has(
    config: bytes, name: str, length: int, bits: dict[tuple[int, int], FieldClass]
) -> None:
    capability = decode(config).capabilities[-1]

    assert (capability.name, capability.length) == (name, length)
    for (offset, mask), expected in bits.items():
        found = {
            value.field.field_class
            for value in capability.fields
            for index in [capability.offset + offset - value.offset]
            if 0 <= index < value.field.width and value.field.mask >> 8 * index & mask
        }
        assert found == {expected}, f"0x{offset:02x} & 0x{mask:02x}"


def test_another_number_of_bytes_is_refused() -> None:
    with pytest.raises(CannotTest, match="100 bytes"):
        decode(bytes(100))


def test_a_table_that_claims_a_bit_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two fields claim a bit at 0x00"):
        structure("X", 4, "", [fixed("a", 0, 2), fixed("b", 0, 1, 0x80)])
