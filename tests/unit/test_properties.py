"""What is compared of QEMU's device properties, how bad a difference is, and what it decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.change import Change
from pciabi.abi.compare import compare
from pciabi.abi.facts.properties import CHANGED, FAMILY, KEY
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import PlacedFunction, Snapshot, Substitution
from pciabi.pci.facts import UNREAD
from pciabi.pci.function import BARS, PciFunction, all_bits
from pciabi.qemu.unseen_properties import WHY_UNSEEN, seen
from pciabi.snapshots import write
from tests.unit.strategies import recorded, snapshot

NIC = "net0"


def nic(properties: Mapping[str, str] | None, *, device: str = "virtio-net-pci") -> PlacedFunction:
    """A recorded virtio NIC with these properties, None where nobody read them."""
    found = recorded("qemu-7.2_pc-two-nics", "cold").by_id(NIC)
    assert found is not None
    placed = replace(found, device=device)
    return placed if properties is None else with_properties(placed, properties)


def with_properties(placed: PlacedFunction, properties: Mapping[str, str]) -> PlacedFunction:
    return placed.having(placed.facts.having(KEY, tuple(sorted(properties.items()))))


def alone(placed: PlacedFunction) -> Snapshot:
    return snapshot(placed, probe="cold")


def changes(before: PlacedFunction, after: PlacedFunction) -> list[Change]:
    return list(compare(alone(before), alone(after)).changes)


def told(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    return [
        (one.severity.value, one.field, one.before, one.after)
        for one in changes(nic(before), nic(after))
        if one.kind == CHANGED
    ]


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        ({"host_uso": "on"}, {"host_uso": "off"}, "breaking"),
        ({"host_uso": "off"}, {"host_uso": "on"}, "breaking"),
        # A QEMU that has no such property does not offer the feature.
        ({}, {"host_tunnel": "on"}, "breaking"),
        ({"host_tunnel": "on"}, {}, "breaking"),
        ({}, {"host_tunnel": "off"}, None),
        ({"packed": "off"}, {"packed": "on"}, "breaking"),
        ({"host_mtu": "0"}, {"host_mtu": "1500"}, "breaking"),
        ({"host_mtu": "1400"}, {"host_mtu": "1500"}, "notable"),
        ({"rss": "auto"}, {"rss": "on"}, "notable"),
        ({"x-txtimer": "1"}, {"x-txtimer": "2"}, "notable"),
        ({"x-txtimer": "1"}, {}, "benign"),
        ({"vectors": "3"}, {"vectors": "4"}, "benign"),
        # Nobody has read the queues of a recording.
        ({"rx_queue_size": "256"}, {"rx_queue_size": "1024"}, "notable"),
        # Of no NIC.
        ({"edid": "on"}, {"edid": "off"}, "notable"),
        ({"csum": "on"}, {"csum": "on"}, None),
    ],
)
def test_how_bad_a_difference_is(
    before: dict[str, str], after: dict[str, str], severity: str | None
) -> None:
    assert [one[0] for one in told(before, after)] == ([severity] if severity else [])


def test_what_only_one_qemu_has_is_one_line() -> None:
    before = {"csum": "on", "old": "1", "older": "2"}
    assert told(before, {"csum": "on", "new": ""}) == [
        ("benign", "properties that only one side has", "old, older", "new")
    ]


def test_a_feature_is_one_of_its_type_only() -> None:
    """`hotplug` decides a feature of a SCSI host, and the slot of a root port."""
    before, after = ({"hotplug": value} for value in ("on", "off"))
    assert told(before, after)[0][0] == "notable"
    ports = [nic(one, device="pcie-root-port") for one in (before, after)]
    assert [one.severity for one in changes(*ports)] == [Severity.BENIGN]


def test_a_property_is_named_by_the_fact_that_it_decides() -> None:
    before = with_table_size(nic({"vectors": "3", "x-txtimer": "1"}), 3)
    after = with_table_size(nic({"vectors": "4", "x-txtimer": "2"}), 4)
    reasons = {one.field: one.reason for one in changes(before, after)}
    assert reasons["MSI-X table size"].endswith("; the property vectors (3 → 4) decides it")
    assert "property" not in reasons["property x-txtimer"]
    # Where nobody read the fact, the property stands for itself.
    hidden = [replace(one, function=partly_read(one.function)) for one in (before, after)]
    found = {one.field: one.severity for one in changes(*hidden)}
    assert found["property vectors"] is Severity.NOTABLE


def with_table_size(placed: PlacedFunction, vectors: int) -> PlacedFunction:
    config = bytearray(placed.function.config)
    at = config[0x34]
    while config[at] != 0x11:
        at = config[at + 1]
    config[at + 2 : at + 4] = (vectors - 1).to_bytes(2, "little")
    function = replace(placed.function, config=bytes(config), known=all_bits(bytes(config)))
    return replace(placed, function=function)


def partly_read(function: PciFunction) -> PciFunction:
    return replace(function, known=function.known[:64] + bytes(len(function.known) - 64))


def test_bars_that_nobody_read_do_not_excuse_their_property() -> None:
    sides = [nic({"vgamem_mb": value}, device="VGA") for value in ("16", "32")]
    assert [one.severity for one in changes(*sides)] == [Severity.BENIGN]
    unread = [one.having(one.facts.having(BARS, UNREAD)) for one in sides]
    assert [one.severity for one in changes(*unread)] == [Severity.NOTABLE]


def test_one_side_that_did_not_read_them_leaves_them_open() -> None:
    def open_fields(before: PlacedFunction, after: PlacedFunction) -> set[str]:
        unknowns = compare(alone(before), alone(after)).unknowns
        return {one.field for one in unknowns if not one.excused}

    assert "device properties" in open_fields(nic(None), nic({"csum": "on"}))
    assert "device properties" not in open_fields(nic(None), nic(None))


def test_what_no_guest_sees_is_no_fact() -> None:
    unseen = dict.fromkeys(WHY_UNSEEN, "x")
    pointers = {"subsys": "/machine/unattached/device[22]", "ports": "<null>"}
    assert seen({**unseen, **pointers, "b": "", "a": "1", "rombar": "-1"}.items()) == (
        ("a", "1"),
        ("b", ""),
        ("rombar", "1"),
    )
    assert all(len(why) > 10 for why in WHY_UNSEEN.values())


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=20))
def test_any_properties_are_judged_and_are_the_same_as_themselves(
    properties: dict[str, str],
) -> None:
    assert told(properties, properties) == []
    for one in changes(nic(properties), nic({})):
        assert one.kind == CHANGED
    assert FAMILY.form is not None
    fact = tuple(sorted(properties.items()))
    assert FAMILY.form.read(FAMILY.form.write(fact)) == fact


def test_a_file_has_a_property_a_line() -> None:
    text = write.render(alone(nic({"csum": "on", "vectors": "3"})))
    lines = [line.strip() for line in text.splitlines()]
    assert '"csum": "on",' in lines
    assert '"vectors": "3"' in lines


def test_what_a_stand_in_hides_has_not_been_read() -> None:
    before, after = (
        replace(
            alone(nic({"vectors": count})),
            substitutions=(
                Substitution("-netdev tap", "-netdev user", NIC, ("MSI-X table size",)),
            ),
        )
        for count in ("3", "4")
    )
    (change,) = compare(before, after).changes
    assert (change.field, change.severity) == ("property vectors", Severity.NOTABLE)
