"""Comparing snapshots, on real recordings and on single bits of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.change import Change
from pciabi.abi.compare import compare
from pciabi.abi.facts import bars, rom
from pciabi.abi.facts.interfaces import RENAMED
from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.abi.field_kinds import CAPABILITY, HEADER, INTERRUPT, REGISTER
from pciabi.abi.judgement import Severity
from pciabi.abi.kind import Kind
from pciabi.abi.snapshot import (
    EVERY_FIELD,
    NetworkInterface,
    PlacedFunction,
    Snapshot,
    Substitution,
)
from pciabi.pci.address import TopologyPath
from pciabi.pci.config_space import decode
from pciabi.pci.function import Bar, BarKind, PciFunction, all_bits
from pciabi.pci.layout import FieldClass
from tests.unit.strategies import (
    RECORDINGS,
    distinct_functions,
    flipped,
    identified,
    recorded,
    snapshot,
    with_bars,
    with_interfaces,
    with_rom,
)


def alone(function: PciFunction, *, probe: str = "boot") -> Snapshot:
    placed = PlacedFunction(identified(function), TopologyPath(0, ((3, 0),)), "d0", "x")
    return snapshot(placed, probe=probe)


def with_config(function: PciFunction, config: bytes) -> PciFunction:
    return replace(function, config=config, known=all_bits(config))


def breaking(changes: tuple[Change, ...]) -> list[tuple[str | None, Kind, str]]:
    return [(c.id, c.kind, c.field) for c in changes if c.severity is Severity.BREAKING]


def function_of(name: str, qdev_id: str) -> PciFunction:
    placed = recorded(name).by_id(qdev_id)
    assert placed is not None
    return placed.function


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_guest_equals_itself(name: str) -> None:
    assert compare(recorded(name), recorded(name)).changes == ()


def test_removing_the_first_nic_moves_the_second() -> None:
    before = recorded("qemu-7.2_pc-two-nics")
    after = recorded("qemu-7.2_pc-first-nic-removed")
    changes = compare(before, after).changes

    assert breaking(changes) == [
        ("net0", VANISHED, "presence"),
        ("net1", MOVED, "path"),
    ]
    moved = next(change for change in changes if change.kind == MOVED)
    assert (moved.before, moved.after) == ("0/04.0", "0/03.0")
    assert (str(moved.address_before), str(moved.address_after)) == (
        "0000:00:04.0",
        "0000:00:03.0",
    )
    assert moved.label == "net1 (virtio-net-pci)"


def test_a_root_port_in_front_renumbers_what_is_behind_the_others() -> None:
    before = recorded("qemu-7.2_q35-two-ports")
    after = recorded("qemu-7.2_q35-port-in-front")

    assert sorted(breaking(compare(before, after).changes)) == [
        ("net0", RENUMBERED, "guest address"),
        ("net1", RENUMBERED, "guest address"),
        ("port0", APPEARED, "presence"),
        ("test0", APPEARED, "presence"),
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("qemu-7.2_pc-two-nics", "qemu-7.2_pc-first-nic-removed"),
        ("qemu-7.2_q35-two-ports", "qemu-7.2_q35-port-in-front"),
        ("qemu-7.2_pc-many", "qemu-7.2_q35-many"),
    ],
)
def test_the_way_back_mirrors_the_way_there(first: str, second: str) -> None:
    opposite = {VANISHED: APPEARED, APPEARED: VANISHED}

    def facts(change: Change) -> tuple[object, ...]:
        return (change.id, change.kind, change.field, change.severity)

    there = compare(recorded(first), recorded(second)).changes
    back = compare(recorded(second), recorded(first)).changes

    assert {(*facts(c), c.before, c.after, c.address_before, c.address_after) for c in there} == {
        (
            *facts(replace(c, kind=opposite.get(c.kind, c.kind))),
            c.after,
            c.before,
            c.address_after,
            c.address_before,
        )
        for c in back
    }


def distinct_fields(wanted: set[FieldClass]) -> Iterator[tuple[PciFunction, int, int]]:
    """A function, the register's offset and the mask of each field of these classes, each
    field of each structure once."""
    seen = set()
    for function in distinct_functions():
        space = decode(function.config)
        structures = [(f"header {space.header_type}", space.header)]
        structures += [(f"{c.name} {c.length}", c.fields) for c in space.capabilities]
        for structure, values in structures:
            for value in values:
                key = (structure, value.field.name, value.field.mask)
                if value.field.field_class in wanted and key not in seen:
                    seen.add(key)
                    yield function, value.offset, value.field.mask


def bits(mask: int) -> list[int]:
    return [1 << place for place in range(mask.bit_length()) if mask >> place & 1]


def test_every_flipped_fixed_bit_breaks() -> None:
    count = 0
    for function, offset, mask in distinct_fields({FieldClass.FIXED}):
        for bit in bits(mask):
            other = with_config(function, flipped(function.config, offset, bit))
            changes = compare(alone(function), alone(other)).changes
            assert breaking(changes), f"{function.address} 0x{offset:x} {bit:#x}: {changes}"
            count += 1
    assert count > 1000


def test_no_flipped_status_or_written_bit_breaks() -> None:
    count = 0
    for function, offset, mask in distinct_fields({FieldClass.STATUS, FieldClass.WRITABLE}):
        for bit in bits(mask):
            other = with_config(function, flipped(function.config, offset, bit))
            changes = compare(alone(function), alone(other)).changes
            assert len(changes) == 1
            assert changes[0].severity is Severity.BENIGN
            assert changes[0].consequences == ()
            count += 1
    assert count > 500


@given(st.data())
def test_any_two_flips_of_recorded_functions_compare_the_same_both_ways(
    data: st.DataObject,
) -> None:
    function = data.draw(st.sampled_from(distinct_functions()))
    place = st.integers(0, len(function.config) - 4)
    config = function.config
    for offset in data.draw(st.lists(place, max_size=4)):
        config = flipped(config, offset, data.draw(st.integers(0, 0xFFFFFFFF)))
    other = with_config(function, config)

    there = compare(alone(function), alone(other)).changes
    back = compare(alone(other), alone(function)).changes

    assert compare(alone(other), alone(other)).changes == ()
    assert sorted((c.kind, c.before, c.after) for c in there) == sorted(
        (c.kind, c.after, c.before) for c in back
    )
    assert bool(there) == (config != function.config)


# Bits of two real devices, at their place in configuration space, and what a change means.
E1000E, PORT = ("qemu-7.2_q35-many", "net1"), ("qemu-7.2_q35-many", "port1")


@pytest.mark.parametrize(
    ("device", "offset", "mask", "severity", "what"),
    [
        (E1000E, 0x04, 0x0407, Severity.BENIGN, "I/O, memory, bus master, interrupt disable"),
        (E1000E, 0x0C, 0xFFFF, Severity.BENIGN, "cache line size, latency timer"),
        (E1000E, 0x3C, 0x00FF, Severity.BENIGN, "interrupt line"),
        (E1000E, 0xCC, 0x8103, Severity.BENIGN, "power state, PME enable and status"),
        (E1000E, 0xCA, 0x0200, Severity.BREAKING, "D1 support"),
        (E1000E, 0xD2, 0x0071, Severity.BENIGN, "MSI enable, messages enabled"),
        (E1000E, 0xD2, 0x000E, Severity.BREAKING, "MSI messages supported"),
        (E1000E, 0xD4, 0xFFFFFFFC, Severity.BENIGN, "MSI address"),
        (E1000E, 0xA2, 0xC000, Severity.BENIGN, "MSI-X enable and mask"),
        (E1000E, 0xA4, 0x0007, Severity.BREAKING, "MSI-X table BAR"),
        (E1000E, 0xF2, 0x03FF, Severity.BENIGN, "link speed and width"),
        (E1000E, 0xF4, 0x0001, Severity.NOTABLE, "behind a version 1 endpoint's registers"),
        (E1000E, 0x104, 0xFFFF, Severity.BENIGN, "AER uncorrectable status"),
        (E1000E, 0x144, 0x0001, Severity.BREAKING, "device serial number"),
        (PORT, 0x18, 0x00FFFFFF, Severity.BENIGN, "bus numbers"),
        (PORT, 0x1C, 0xF0F0, Severity.BENIGN, "I/O window"),
        (PORT, 0x1C, 0x0F00, Severity.BREAKING, "I/O window addressing capability"),
        (PORT, 0x20, 0xFFF0FFF0, Severity.BENIGN, "memory window"),
        (PORT, 0x3E, 0x0008, Severity.BENIGN, "VGA enable"),
        (PORT, 0x60, 0x0001, Severity.BREAKING, "link speed supported"),
        (PORT, 0x66, 0x2000, Severity.BENIGN, "data link layer link active"),
        (PORT, 0x68, 0x00080000, Severity.BREAKING, "physical slot number"),
        (PORT, 0x6E, 0x0048, Severity.BENIGN, "presence detect"),
        (PORT, 0x7C, 0x00FF, Severity.BENIGN, "device control 2"),
        (PORT, 0x14C, 0x0001, Severity.BREAKING, "ACS capability"),
        (PORT, 0x14E, 0x0001, Severity.BENIGN, "ACS control"),
    ],
)
def test_bits_of_real_devices_are_judged_as_their_registers_say(
    device: tuple[str, str], offset: int, mask: int, severity: Severity, what: str
) -> None:
    function = function_of(*device)
    other = with_config(function, flipped(function.config, offset, mask))

    found = {change.severity for change in compare(alone(function), alone(other)).changes}

    assert found == {severity}, what


def test_reset_values_count_only_where_both_were_read_cold() -> None:
    function = function_of("qemu-7.2_pc-many", "net1")
    other = with_config(function, flipped(function.config, 0x0D, 0x40))

    def severity(one: str, two: str) -> Severity:
        (change,) = compare(alone(function, probe=one), alone(other, probe=two)).changes
        return change.severity

    assert severity("cold", "cold") is Severity.NOTABLE
    assert severity("cold", "boot") is severity("boot", "boot") is Severity.BENIGN


BARS = (Bar(0, BarKind.MEM32, True, 16 << 20), Bar(2, BarKind.MEM32, False, 4096))


@pytest.mark.parametrize(
    ("resized", "before", "after"),
    [
        (
            (replace(BARS[0], size=64 << 20), BARS[1]),
            "32-bit memory, prefetchable, 16M",
            "32-bit memory, prefetchable, 64M",
        ),
    ],
)
def test_bar_sizes(resized: tuple[Bar, ...], before: str, after: str) -> None:
    vga = function_of("qemu-7.2_pc-two-nics", "vga0")
    assert vga.bars == BARS

    (change,) = compare(alone(vga), alone(with_bars(vga, resized))).changes

    assert (change.kind, change.field, change.offset) == (bars.CHANGED, "BAR 0", 0x10)
    assert (change.before, change.after) == (before, after)
    assert change.severity is Severity.BREAKING


def test_an_unassigned_bar_is_known_by_what_was_read_with_it() -> None:
    vga = function_of("qemu-7.2_pc-two-nics", "vga0")
    empty = with_config(vga, vga.config[:0x18] + bytes(4) + vga.config[0x1C:])

    assert not breaking(compare(alone(vga), alone(empty)).changes)
    gone = with_bars(empty, BARS[:1])
    assert breaking(compare(alone(vga), alone(gone)).changes) == [("d0", bars.CHANGED, "BAR 2")]


def test_a_64_bit_bar_assigned_above_4_gigabytes_is_still_one_bar() -> None:
    nvme = function_of("qemu-7.2_q35-many", "nvme0")
    high = with_config(nvme, flipped(nvme.config, 0x14, 0x00000038))

    (change,) = compare(alone(nvme), alone(high)).changes

    assert (change.kind, change.field) == (bars.CHANGED, "BAR 1 base address")
    assert change.severity is Severity.BENIGN


def test_rom_size() -> None:
    nic = function_of("qemu-7.2_pc-two-nics", "net1")
    grown = with_rom(nic, 512 << 10)
    (change,) = compare(alone(nic), alone(grown)).changes
    assert (change.kind, change.before, change.after) == (rom.CHANGED, "256K", "512K")


def nvme_with(power_management: bytes, pointer: int) -> PciFunction:
    """The recorded nvme, its last capability's pointer and the bytes at 0x60 replaced."""
    nvme = function_of("qemu-7.2_q35-many", "nvme0")
    config = bytearray(nvme.config)
    assert config[0x81] == 0x60
    config[0x81] = pointer
    config[0x60:0x68] = power_management
    return with_config(nvme, bytes(config))


def test_a_new_capability_is_one_breaking_change_and_so_is_flreset() -> None:
    new = function_of("qemu-7.2_q35-many", "nvme0")
    old = nvme_with(bytes(8), 0)
    old = with_config(old, flipped(old.config, 0x84, 0x10000000))

    changes = [
        change
        for change in compare(alone(old), alone(new)).changes
        if change.severity is Severity.BREAKING
    ]

    assert [(c.field, c.before, c.after) for c in changes] == [
        ("Power Management capability", "absent", "at 0x60"),
        ("PCI Express: DevCap: Function Level Reset", "no", "yes"),
    ]


def test_a_moved_capability_is_told_by_its_place_alone() -> None:
    new = function_of("qemu-7.2_q35-many", "nvme0")
    config = bytearray(new.config)
    config[0x81] = 0x70
    config[0x70:0x78], config[0x60:0x68] = config[0x60:0x68], bytes(8)

    changes = compare(alone(new), alone(with_config(new, bytes(config)))).changes

    assert breaking(changes) == [("d0", CAPABILITY, "Power Management capability")]


def test_the_same_capabilities_in_another_order_break() -> None:
    new = function_of("qemu-7.2_q35-many", "nvme0")
    config = bytearray(new.config)
    assert (config[0x34], config[0x41], config[0x81], config[0x61]) == (0x40, 0x80, 0x60, 0)
    config[0x34], config[0x81], config[0x61], config[0x41] = 0x80, 0x60, 0x40, 0

    changes = compare(alone(new), alone(with_config(new, bytes(config)))).changes

    assert breaking(changes) == [("d0", CAPABILITY, "order of capabilities")]


def test_a_list_that_newly_loops_breaks_though_no_capability_is_lost() -> None:
    new = function_of("qemu-7.2_q35-many", "nvme0")
    loop = with_config(new, flipped(new.config, 0x61, 0x40))

    changes = compare(alone(new), alone(loop)).changes

    assert breaking(changes) == [("d0", CAPABILITY, "soundness of the capability lists")]


def test_vector_counts_are_interrupts() -> None:
    nic = function_of("qemu-7.2_pc-two-nics", "net1")
    more = with_config(nic, flipped(nic.config, 0x9A, 0x0004))

    (change,) = compare(alone(nic), alone(more)).changes

    assert (change.kind, change.field) == (INTERRUPT, "MSI-X table size")
    assert (change.before, change.after) == ("4", "8")


def test_device_specific_registers_are_notable_and_told_together() -> None:
    lpc = next(
        placed.function
        for placed in recorded("qemu-7.2_pc-two-nics").functions
        if str(placed.address) == "0000:00:01.0"
    )
    # Firmware routes interrupts through 0x60 to 0x63 of this bridge; 0x64 is its own.
    other = with_config(lpc, flipped(flipped(lpc.config, 0x60, 0xFFFF0000), 0x64, 0x0000FFFF))

    assigned, own = compare(alone(lpc), alone(other)).changes

    assert assigned.severity is Severity.BENIGN
    assert (assigned.kind, assigned.field) == (
        REGISTER,
        "device-specific register 0x62 to 0x63",
    )
    assert own.severity is Severity.NOTABLE
    assert (own.kind, own.field) == (REGISTER, "device-specific register 0x64 to 0x65")


@pytest.mark.parametrize("name", ["qemu-7.2_pc-two-nics", "qemu-7.2_q35-two-ports"])
def test_another_firmware_is_no_other_hardware(name: str) -> None:
    changes = compare(recorded(name), recorded(f"{name}-ovmf")).changes

    assert {change.severity for change in changes} == {Severity.BENIGN}
    # The two set up the chipset differently, so that the table of what they assign is needed.
    assert REGISTER in {change.kind for change in changes}


def test_losing_extended_space_breaks() -> None:
    nic = function_of("qemu-7.2_q35-many", "net1")
    fields = breaking(compare(alone(nic), alone(with_config(nic, nic.config[:256]))).changes)

    assert ("d0", HEADER, "configuration space size") in fields
    assert ("d0", CAPABILITY, "Device Serial Number capability") in fields


def test_another_interface_name_at_the_same_address_breaks() -> None:
    guest = recorded("qemu-7.2_pc-two-nics")
    placed = guest.by_id("net1")
    assert placed is not None

    def named(name: str | None) -> Snapshot:
        nic = NetworkInterface(placed.address, "52:54:00:00:00:02", "virtio_net", name, ())
        return replace(guest, functions=with_interfaces(guest.functions, (nic,)))

    (change,) = compare(named("ens4"), named("eno7")).changes

    assert (change.id, change.kind, change.before, change.after) == (
        "net1",
        RENAMED,
        "ens4",
        "eno7",
    )
    assert compare(named("ens4"), named("ens4")).changes == ()


def test_of_a_device_that_only_holds_a_place_nothing_but_the_place_is_compared() -> None:
    nic = recorded("qemu-7.2_pc-two-nics").by_id("net1")
    assert nic is not None
    told = Substitution("-device vfio-pci", "-device virtio-rng-pci", "net1", (EVERY_FIELD,))
    other = replace(nic, function=replace(nic.function, config=bytes(256)))
    moved = replace(other, path=TopologyPath(0, ((9, 0),)))

    def held(function: PlacedFunction) -> Snapshot:
        return replace(snapshot(function), substitutions=(told,))

    assert compare(held(nic), held(other)).changes == ()
    assert [change.kind for change in compare(held(nic), held(moved)).changes] == [MOVED]
    assert compare(snapshot(nic), snapshot(other)).changes != ()
