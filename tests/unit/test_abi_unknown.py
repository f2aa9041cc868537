"""What two snapshots leave open: listed, never a change, never equal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.change import Change
from pciabi.abi.compare import Comparison, compare
from pciabi.abi.facts import rom
from pciabi.abi.field_kinds import CAPABILITY
from pciabi.abi.judgement import Severity
from pciabi.abi.kind import Kind
from pciabi.abi.matching import Matching, match
from pciabi.abi.pair import Basis
from pciabi.abi.snapshot import (
    INTERFACES,
    Creation,
    Interface,
    NetworkInterface,
    PlacedFunction,
    Snapshot,
    Substitution,
    path_made_of,
)
from pciabi.abi.unknown import Unknown
from pciabi.errors import CannotTest, SourcePosition
from pciabi.pci import listing
from pciabi.pci.address import TopologyPath
from pciabi.pci.facts import UNREAD
from pciabi.pci.function import PciFunction
from pciabi.pci.topology import topology_paths
from pciabi.result.failure import Aspect
from pciabi.result.judged import judge_comparison
from pciabi.result.policy import FailOn, Policy
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict
from pciabi.scenario.judge import judge
from tests.unit import report_data
from tests.unit.strategies import (
    RECORDINGS,
    flipped,
    identified,
    recorded,
    recorded_text,
    snapshot,
    unidentified,
    with_bars,
    with_driver,
    with_rom,
)
from tests.unit.test_pci_listing import taken

BREAKING_ONLY = frozenset({FailOn.BREAKING})


def verdict(
    changes: Iterable[Change], unknowns: Iterable[Unknown], fail_on: frozenset[FailOn]
) -> Verdict:
    """How two sides end that differ so and leave this open."""
    found = Comparison(Matching((), (), (), by_address=False), tuple(changes), tuple(unknowns))
    side = Side("x", snapshot(), SourcePosition("x", 1), {})
    return judge_comparison(found, side, side, Policy(fail_on)).verdict


def told(name: str, form: str) -> Snapshot:
    """A recording as a text of this form tells it, addresses for paths."""
    functions = listing.parse(taken(recorded_text(name), form))
    paths = topology_paths(listing.parse(recorded_text(name)))
    placed = [PlacedFunction(f, paths[f.address], None, None) for f in functions]
    return snapshot(*placed, probe="lspci")


def alone(function: PciFunction, *, probe: str = "boot", qdev_id: str = "d0") -> Snapshot:
    placed = PlacedFunction(identified(function), TopologyPath(0, ((3, 0),)), qdev_id, "x")
    return snapshot(placed, probe=probe)


def breaking(changes: tuple[Change, ...]) -> list[tuple[Kind, str]]:
    return [(c.kind, c.field) for c in changes if c.severity is Severity.BREAKING]


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("form", ["-vvnn", "-nn", "-nnx", "-nnxxx"])
def test_a_text_against_itself_is_compatible_and_against_the_whole_is_open(
    name: str, form: str
) -> None:
    text, whole = told(name, form), recorded(name)

    assert compare(text, text).changes == ()
    same = compare(text, text).unknowns
    assert same
    assert all(unknown.excused for unknown in same)
    assert verdict((), same, BREAKING_ONLY) is Verdict.COMPATIBLE
    assert verdict((), same, frozenset({FailOn.UNKNOWN})) is Verdict.BREAK

    # A short text does not tell the programming interface; ids and place say enough.
    assert {pair.basis for pair in match(text, whole).pairs} == {Basis.PATH}
    for before, after in ((text, whole), (whole, text)):
        changes, left_open = compare(before, after).changes, compare(before, after).unknowns
        assert breaking(changes) == []
        assert verdict(changes, left_open, BREAKING_ONLY) is Verdict.ERROR
        assert {unknown.label for unknown in left_open if not unknown.excused} == {
            unknown.label for unknown in left_open
        }


# What a detailed text tells: place, mask.
TOLD = [(0x00, 0xFFFFFFFF), (0x08, 0xFFFFFFFF), (0x2C, 0xFFFFFFFF), (0x06, 0x06B0), (0x3C, 0x0700)]


@pytest.mark.parametrize("offset_mask", TOLD, ids=[f"0x{offset:02x}" for offset, _ in TOLD])
def test_every_told_bit_counts_in_a_text(offset_mask: tuple[int, int]) -> None:
    offset, mask = offset_mask
    name = "qemu-7.2_q35-many"
    text, whole = told(name, "-vvnn"), recorded(name)
    nic = next(f for f in text.functions if f.function.config[2:4] == b"\xd3\x10")
    full = next(f for f in whole.functions if f.address == nic.address)
    for bit in [1 << place for place in range(32) if mask >> place & 1]:
        changed = replace(full.function, config=flipped(full.function.config, offset, bit))
        changes = compare(alone(nic.function), alone(changed)).changes
        assert breaking(changes), f"0x{offset:x} & {bit:#x}"


def test_a_heading_of_a_capability_counts_and_its_registers_are_open() -> None:
    nvme = recorded("qemu-7.2_q35-many").by_id("nvme0")
    assert nvme is not None
    text = told("qemu-7.2_q35-many", "-vvnn")
    listed = next(f for f in text.functions if f.address == nvme.address)
    gone = bytearray(nvme.function.config)
    gone[0x81] = 0
    before = alone(replace(nvme.function, config=bytes(gone)))

    assert breaking(compare(before, alone(listed.function)).changes) == [
        (CAPABILITY, "Power Management capability")
    ]
    fields = {unknown.field for unknown in compare(before, alone(listed.function)).unknowns}
    assert {"capability registers", "device-specific registers"} <= fields
    assert "capability list" not in fields


def test_a_size_nobody_read_is_open_and_no_change() -> None:
    vga = recorded("qemu-7.2_pc-two-nics").by_id("vga0")
    assert vga is not None
    sized = alone(vga.function)
    bars = (replace(vga.function.bars[0], size=None), vga.function.bars[1])
    unsized = alone(with_bars(vga.function, bars))

    def found(one: Snapshot, two: Snapshot) -> list[tuple[str, bool]]:
        assert not breaking(compare(one, two).changes)
        return [(unknown.field, unknown.excused) for unknown in compare(one, two).unknowns]

    # The size of the video ROM's shadow is the kernel's, not the device's.
    assert found(sized, unsized) == [("BAR 0 size", False), ("expansion ROM size", True)]
    assert found(unsized, unsized) == [("BAR 0 size", True), ("expansion ROM size", True)]
    rom = alone(with_rom(vga.function, 64 << 10))
    assert found(sized, rom) == [("expansion ROM size", False)]


def test_a_register_without_sizes_may_be_an_unassigned_bar() -> None:
    vga = recorded("qemu-7.2_pc-two-nics").by_id("vga0")
    assert vga is not None
    config = vga.function.config[:0x18] + bytes(4) + vga.function.config[0x1C:]
    bytes_only = with_bars(replace(vga.function, config=config), (), sized=False)
    bytes_only = with_driver(with_rom(bytes_only, UNREAD), UNREAD)

    assert not breaking(compare(alone(vga.function), alone(bytes_only)).changes)
    fields = [unknown.field for unknown in compare(alone(vga.function), alone(bytes_only)).unknowns]
    assert fields == ["BAR sizes", "expansion ROM"]


def test_a_substituted_backend_is_excused_only_by_the_same_substitute() -> None:
    nic = recorded("qemu-7.2_pc-two-nics").by_id("net1")
    assert nic is not None

    def side(*options: str, inert: str = "-netdev user") -> Snapshot:
        stand_ins = tuple(
            Substitution(option, inert, "net1", ("virtio features",)) for option in options
        )
        nics = (NetworkInterface(nic.address, "52:54:00:00:00:02", None, "ens4", ()),)
        return replace(snapshot(nic, nics=nics), substitutions=stand_ins)

    def found(one: Snapshot, two: Snapshot) -> list[tuple[str, bool]]:
        return [(unknown.field, unknown.excused) for unknown in compare(one, two).unknowns]

    tap, vhost = "-netdev tap", "-netdev tap,vhost=on"
    assert found(side(tap), side(tap)) == [("virtio features", True)]
    for other in (vhost, "-netdev tap,queues=2", "-netdev vhost-user"):
        assert found(side(tap), side(other)) == [("virtio features", False)], other
    assert found(side(tap), side(tap, inert="-netdev socket")) == [("virtio features", False)]
    # Two backends of one device are two reasons, whichever is told first.
    assert found(side(tap, vhost), side(vhost, tap)) == [("virtio features", True)]
    assert found(side(tap, vhost), side(vhost)) == [("virtio features", False)]
    assert found(side(tap), side()) == [("virtio features", False)]
    assert found(side(), side()) == []


def test_a_nic_without_an_id_is_told_by_its_place_in_the_order_of_creation() -> None:
    guest = recorded("qemu-7.2_pc-two-nics")
    placed = [guest.by_id(name) for name in ("net0", "net1")]
    first, second = (replace(one, qdev_id=None) for one in placed if one is not None)
    nics = tuple(
        NetworkInterface(one.address, "", None, f"ens{one.address.slot}", ())
        for one in (first, second)
    )
    created = tuple(
        Creation(None, "virtio-net-pci", one.path, pinned=False) for one in (first, second)
    )

    def side(*options: str) -> Snapshot:
        told = tuple(
            Substitution(option, "-nic user", None, ("virtio features",), "virtio-net-pci", number)
            for number, option in enumerate(options)
            if option
        )
        elsewhere = Substitution("-tpmdev emulator", "left out", None, ("ACPI tables",))
        made = snapshot(first, second, nics=nics)
        return replace(made, substitutions=(*told, elsewhere), creations=created)

    def found(one: Snapshot, two: Snapshot) -> list[tuple[int, bool]]:
        unknowns = compare(one, two).unknowns
        assert {unknown.field for unknown in unknowns} <= {"virtio features"}
        return [(unknown.address_before.slot, unknown.excused) for unknown in unknowns]

    tap, vhost = "-nic tap", "-nic tap,vhost=on"
    assert found(side(tap, vhost), side(tap, vhost)) == [(3, True), (4, True)]
    assert found(side(tap, vhost), side(vhost, tap)) == [(3, False), (4, False)]
    # One beside user mode networking, of which nothing is unknown.
    assert found(side(tap, ""), side(tap, "")) == [(3, True)]
    assert found(side(tap, ""), side("", tap)) == [(3, False), (4, False)]


def test_an_identifier_that_a_side_did_not_read_is_open() -> None:
    nic = recorded("qemu-7.2_pc-two-nics").by_id("net1")
    assert nic is not None
    interface = NetworkInterface(nic.address, "52:54:00:00:00:02", None, "ens4", ())

    def side(placed: PlacedFunction) -> Snapshot:
        return snapshot(placed, nics=(interface,))

    def found(one: Snapshot, two: Snapshot) -> list[tuple[str, bool]]:
        assert compare(one, two).changes == ()
        return [(unknown.field, unknown.excused) for unknown in compare(one, two).unknowns]

    unread, none = side(unidentified(nic)), side(nic)
    indexed = side(replace(nic, function=identified(nic.function, acpi_index="7")))
    assert found(none, none) == []
    assert found(unread, unread) == [("MAC address", True)]
    assert found(unread, none) == [("MAC address", False)]
    assert found(indexed, unread) == [("MAC address", False), ("ACPI index", False)]


def test_less_of_two_kinds_of_source_is_one_reason() -> None:
    nic = recorded("qemu-7.2_pc-two-nics").by_id("net1")
    assert nic is not None
    guest, text = (snapshot(unidentified(nic), probe=probe) for probe in ("boot", "lspci"))
    (address,) = [u for u in compare(guest, text).unknowns if u.field == "MAC address"]
    assert address.excused
    assert address.why_before != address.why_after


def test_a_rom_of_unknown_size_that_goes_is_a_change_and_nothing_open() -> None:
    vga = recorded("qemu-7.2_pc-two-nics").by_id("vga0")
    assert vga is not None
    without = vga.function.config[:0x30] + bytes(4) + vga.function.config[0x34:]
    before = alone(with_rom(vga.function, None))
    after = alone(with_rom(replace(vga.function, config=without), None))
    assert breaking(compare(before, after).changes) == [(rom.CHANGED, "expansion ROM")]
    assert "expansion ROM size" not in {u.field for u in compare(before, after).unknowns}


def test_a_nic_without_interfaces_has_no_other_name() -> None:
    nic = recorded("qemu-7.2_pc-two-nics").by_id("net1")
    assert nic is not None
    interface = Interface("52:54:00:00:00:02", None, "ens4", ())
    named, none = (
        replace(snapshot(), functions=(nic.having(nic.facts.having(INTERFACES, interfaces)),))
        for interfaces in ((interface,), ())
    )
    for one, two in ((named, none), (none, named)):
        assert compare(one, two).changes == ()
        assert [u.field for u in compare(one, two).unknowns] == ["interface name"]


def test_where_one_side_knows_no_path_the_addresses_are_held_together() -> None:
    nic = recorded("qemu-7.2_pc-two-nics").by_id("net1")
    assert nic is not None
    pathless = replace(nic, path=path_made_of(nic.address), path_is_read=False)
    for one, two in ((nic, pathless), (pathless, nic)):
        found = compare(snapshot(one), snapshot(two))
        assert found.changes == ()
        assert [u.field for u in found.unknowns] == ["path", "interface name"]


def test_a_guest_without_extended_space_leaves_it_open() -> None:
    """Without MMCONFIG lspci prints 256 bytes of a PCI Express function, with all its words."""
    text = re.sub(r"^[1-9a-f][0-9a-f]{2}: .*\n", "", recorded_text("qemu-7.2_q35-many"), flags=re.M)
    text = re.sub(r"^\tCapabilities: \[[1-9a-f][0-9a-f]{2} .*\n", "", text, flags=re.M)
    functions = listing.parse(text)
    paths = topology_paths(functions)
    blind = snapshot(
        *(PlacedFunction(identified(f), paths[f.address], None, None) for f in functions)
    )
    whole = snapshot(
        *(replace(f, qdev_id=None, device=None) for f in recorded("qemu-7.2_q35-many").functions)
    )
    express = {f.address for f in functions if len(f.config) == 4096}
    assert express == {f.address for f in whole.functions if len(f.function.config) == 4096}
    for one, two, excused in ((blind, blind, True), (blind, whole, False), (whole, blind, False)):
        assert breaking(compare(one, two).changes) == []
        found = [u for u in compare(one, two).unknowns if u.field == "extended capability list"]
        assert {u.address_before for u in found} == express
        assert {u.excused for u in found} == {excused}


@given(st.data())
def test_whatever_is_not_read_is_never_equal(data: st.DataObject) -> None:
    """A bit that a side did not read is open, whatever stands there; never a change, never none."""
    functions = recorded("qemu-7.2_q35-many").functions
    placed = data.draw(st.sampled_from(functions))
    function = placed.function
    offset = data.draw(st.integers(0, len(function.config) - 1))
    known = bytearray(function.known)
    known[offset] = 0
    config = bytearray(function.config)
    config[offset] = data.draw(st.integers(0, 255))
    if offset in (0x00, 0x01, 0x02, 0x03, 0x0A, 0x0B, 0x0E):
        return  # Without these nobody knows what function it is.
    before = snapshot(placed)
    after = snapshot(
        replace(placed, function=replace(function, config=bytes(config), known=bytes(known)))
    )
    open_fields = [unknown for unknown in compare(before, after).unknowns if not unknown.excused]
    assert open_fields, hex(offset)


def test_a_name_that_only_one_side_shows_is_open() -> None:
    guest = recorded("qemu-7.2_pc-two-nics")
    placed = guest.by_id("net1")
    assert placed is not None
    named = snapshot(
        placed, nics=(NetworkInterface(placed.address, "52:54:00:00:00:02", None, "ens4", ()),)
    )

    def found(one: Snapshot, two: Snapshot) -> list[tuple[str, bool]]:
        return [(unknown.field, unknown.excused) for unknown in compare(one, two).unknowns]

    assert found(named, named) == []
    assert found(named, snapshot(placed)) == [("interface name", False)]
    assert found(snapshot(placed), snapshot(placed)) == [("interface name", True)]


@pytest.mark.parametrize(
    ("severities", "excused", "fail_on", "expected"),
    [
        ([], [], [], Verdict.COMPATIBLE),
        ([Severity.BENIGN], [True], [FailOn.NOTABLE], Verdict.COMPATIBLE),
        ([Severity.NOTABLE], [], [], Verdict.COMPATIBLE),
        ([Severity.NOTABLE], [], [FailOn.NOTABLE], Verdict.BREAK),
        ([], [True], [FailOn.UNKNOWN], Verdict.BREAK),
        ([], [True], [FailOn.NOTABLE], Verdict.COMPATIBLE),
        ([], [True, False], [], Verdict.ERROR),
        ([Severity.NOTABLE], [False], [FailOn.NOTABLE], Verdict.ERROR),
        ([Severity.BREAKING], [False, True], [], Verdict.BREAK),
    ],
)
def test_verdicts(
    severities: list[Severity], excused: list[bool], fail_on: list[FailOn], expected: Verdict
) -> None:
    nic = recorded("qemu-7.2_pc-two-nics").functions[-1]
    (change, *_) = compare(snapshot(nic), snapshot()).changes
    changes = [replace(change, severity=severity) for severity in severities]
    left_open = [
        Unknown(None, None, "x", "y", "why", "why", nic.address, nic.address, excused=same)
        for same in excused
    ]

    assert verdict(changes, left_open, frozenset(fail_on)) is expected


def hidden(snapshot: Snapshot, index: int) -> Snapshot:
    """The snapshot with BAR sizes of one function unread."""
    one = snapshot.functions[index]
    function = with_bars(one.function, (), sized=False)
    functions = list(snapshot.functions)
    functions[index] = replace(one, function=function)
    return replace(snapshot, functions=tuple(functions))


def test_a_scenario_does_not_pass_on_what_one_boot_did_not_show() -> None:
    before = report_data.record("qemu-7.2_pc-two-nics").snapshot
    case = report_data.case("two-nics-pinned", "pc", [])

    with pytest.raises(CannotTest, match=r"BAR sizes of net1 .* is not known after"):
        judge(case, case.comparisons[0], before, hidden(before, -1))


def test_a_scenario_tells_a_proved_break_whatever_else_is_open() -> None:
    before = report_data.record("qemu-7.2_pc-two-nics").snapshot
    after = hidden(report_data.record("qemu-7.2_pc-first-nic-removed").snapshot, 0)
    case = report_data.case("two-nics-pinned", "pc", [])

    judged = judge(case, case.comparisons[0], before, after)

    assert "net0 vanished" in [failure.message for failure in judged.failures]
    # What was to change and was not seen to is no proof where not all was seen.
    moves = [report_data.expectation("net1", Aspect.ADDRESS, "changed")]
    control = report_data.case("two-nics-unpinned", "pc", moves)
    with pytest.raises(CannotTest, match="is not known after"):
        judge(control, control.comparisons[0], before, hidden(before, 0))


@given(st.data())
def test_a_scenario_and_a_diff_agree(data: st.DataObject) -> None:
    """Where nothing is expected to change, both say the same of any two boots."""
    sides = []
    for _ in range(2):
        side = report_data.record(data.draw(st.sampled_from(BOOTS))).snapshot
        if data.draw(st.booleans()):
            side = hidden(side, data.draw(st.integers(0, len(side.functions) - 1)))
        if data.draw(st.booleans()):
            told = Substitution(
                data.draw(st.sampled_from(["-netdev tap", "-netdev tap,vhost=on"])),
                "-netdev user",
                "net1",
                ("virtio features",),
            )
            side = replace(side, substitutions=(told,))
        sides.append(side)
    place = SourcePosition("x", 1)
    before, after = sides
    said = report_data.diff(Side("x", before, place, {}), Side("x", after, place, {}))
    case = report_data.case("x", "pc", [])
    try:
        judged = judge(case, case.comparisons[0], before, after)
    except CannotTest:
        assert said.verdict is Verdict.ERROR
    else:
        assert said.verdict is judged.verdict
        assert [f.message for f in judged.failures] == [f.message for f in said.two_sides.failures]
        assert judged.unknowns == said.two_sides.unknowns


BOOTS = (report_data.TWO_NICS, report_data.FIRST_REMOVED)
