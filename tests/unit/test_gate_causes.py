"""Why the later side shows another machine: what is tied to which change, and what to none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pciabi.abi.facts.properties import KEY
from pciabi.abi.facts.topology import MOVED, RENUMBERED
from pciabi.abi.snapshot import Creation, PlacedFunction, Snapshot
from pciabi.errors import SourcePosition
from pciabi.gate.causes import causes
from pciabi.gate.compat import Compat, MachineTypes, carried_by
from pciabi.pci import registers as reg
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.capabilities import conventional_offsets
from pciabi.qemu.answers import MachineType
from pciabi.result.cause import Cause, Origin
from pciabi.result.judged import JudgedComparison, judge
from pciabi.result.policy import Policy
from pciabi.result.side import Side
from tests.unit.strategies import recorded, snapshot
from tests.unit.vocabularies import machine, vocabulary

PLACE = SourcePosition("vm.sh", 1)
NOBODY = MachineTypes(None, None)
NIC = "net0 (virtio-net-pci)"


def nic(properties: Mapping[str, str]) -> PlacedFunction:
    """A recorded virtio NIC with these properties."""
    found = recorded("qemu-7.2_pc-two-nics", "cold").by_id("net0")
    assert found is not None
    return found.having(found.facts.having(KEY, tuple(sorted(properties.items()))))


def with_register(placed: PlacedFunction, at: int, value: int) -> PlacedFunction:
    """The function with one byte of its configuration space changed."""
    config = bytearray(placed.function.config)
    config[at] = value
    return replace(placed, function=replace(placed.function, config=bytes(config)))


def compared(before: Snapshot, after: Snapshot) -> JudgedComparison:
    sides = [Side(name, one, PLACE, {}) for name, one in (("old", before), ("new", after))]
    return judge(sides[0], sides[1], Policy())


def of(before: PlacedFunction, after: PlacedFunction, machines: MachineTypes = NOBODY) -> list[str]:
    """Every cause in short: origin, name, values, and how the fields begin that it explains."""
    alone = [snapshot(one, probe="cold") for one in (before, after)]
    return [short(one) for one in causes(compared(alone[0], alone[1]), machines)]


def short(cause: Cause) -> str:
    fields = " and ".join(change.field.partition(":")[0] for change in cause.explains)
    return f"{cause.origin}: {cause.name} {cause.before}>{cause.after}: {fields or 'nothing'}"


def types(old: MachineType, new: MachineType) -> MachineTypes:
    known = vocabulary(old, new)
    return MachineTypes(Compat(known, old), Compat(known, new))


def test_a_property_is_tied_to_what_it_decides() -> None:
    vectors = {"vectors": "4", "speed": "1", "x-txtimer": "1"}
    old, new = nic(vectors), nic({"vectors": "8", "speed": "1", "x-txtimer": "2"})
    (at,) = conventional_offsets(old.function.config, reg.CAP_MSIX)
    assert of(old, with_register(new, at + 2, 7)) == [
        "device property: virtio-net-pci.vectors 4>8: MSI-X table size",
        # It is not known what it decides: then it is the property itself that matters.
        "device property: virtio-net-pci.x-txtimer 1>2: property x-txtimer",
    ]


def test_a_property_without_effect_explains_nothing() -> None:
    assert of(nic({"x-pcie-ext-tag": "off"}), nic({"x-pcie-ext-tag": "on"})) == [
        "device property: virtio-net-pci.x-pcie-ext-tag off>on: nothing"
    ]


@pytest.mark.parametrize("of_type", ["virtio-net-pci", "virtio-pci", "pci-device", "device"])
def test_a_compat_property_reaches_a_device_through_what_that_is_made_of(of_type: str) -> None:
    old, new = machine("pc-q35-7.2", (of_type, "host_uso", "off")), machine("pc-q35-9.0")
    found = of(nic({"host_uso": "off"}), nic({"host_uso": "on"}), types(old, new))
    assert found == [
        f"compat property: {of_type}.host_uso off>on: property host_uso",
        "device property: virtio-net-pci.host_uso off>on: property host_uso",
    ]


def test_a_compat_property_reaches_what_a_virtio_function_carries() -> None:
    old = machine("pc-q35-7.2", ("virtio-device", "host_uso", "off"))
    first, *_ = of(
        nic({"host_uso": "off"}), nic({"host_uso": "on"}), types(old, machine("pc-q35-9.0"))
    )
    assert first == "compat property: virtio-device.host_uso off>on: property host_uso"
    assert carried_by("virtio-net-pci-non-transitional") == "virtio-net-device"
    assert carried_by("virtio-vga") == "virtio-gpu-device"
    assert carried_by("e1000") is None


def test_what_the_configuration_overrides_is_no_cause() -> None:
    """The table differs, and not because of a property that both sides are seen to have alike."""
    types_of_both = types(
        machine("pc-q35-7.2", ("virtio-net-pci", "vectors", "3")), machine("pc-q35-9.0")
    )
    old = nic({"vectors": "4"})
    (at,) = conventional_offsets(old.function.config, reg.CAP_MSIX)
    assert of(old, with_register(old, at + 2, 7), types_of_both) == [
        "compat property: virtio-net-pci.vectors 3>: nothing"
    ]


def test_where_properties_were_not_read_a_machine_type_may_have_set_them() -> None:
    types_of_both = types(
        machine("pc-q35-7.2", ("virtio-net-pci", "vectors", "3")), machine("pc-q35-9.0")
    )
    unread = nic({})
    unread = unread.having(type(unread.facts)())
    (at,) = conventional_offsets(unread.function.config, reg.CAP_MSIX)
    assert of(unread, with_register(unread, at + 2, 7), types_of_both) == [
        "compat property: virtio-net-pci.vectors 3>: MSI-X table size"
    ]


def test_what_explains_something_comes_first() -> None:
    found = of(
        nic({"a": "1", "x-pcie-ext-tag": "off", "host_uso": "off"}),
        nic({"a": "1", "x-pcie-ext-tag": "on", "host_uso": "on"}),
        types(machine("pc-q35-7.2", ("pci-device", "x-pcie-ext-tag", "off")), machine("pc-q35-9")),
    )
    assert [one.rpartition(": ")[2] for one in found] == ["property host_uso", "nothing", "nothing"]


def test_the_last_of_several_settings_counts() -> None:
    twice = (("pci-device", "host_uso", "on"), ("virtio-net-pci", "host_uso", "off"))
    compat = Compat(vocabulary(), machine("pc-q35-7.2", *twice))
    assert compat.in_force("virtio-net-pci")["host_uso"].value == "off"
    assert compat.in_force("e1000")["host_uso"].value == "on"
    assert compat.in_force("sga") == {}


def test_one_without_effect_is_told_once_with_all_its_devices() -> None:
    old = machine("pc-q35-7.2", ("virtio-pci", "x-pcie-pm-no-soft-reset", "off"))
    nics = recorded("qemu-7.2_pc-two-nics", "cold")
    (one,) = causes(compared(nics, nics), types(old, machine("pc-q35-9.0")))
    assert one.name == "virtio-pci.x-pcie-pm-no-soft-reset"
    assert one.device == f"{NIC}, net1 (virtio-net-pci)"
    assert one.explains == ()


def test_what_only_one_qemu_tells_may_be_the_same_on_the_other() -> None:
    silent = MachineType("pc-q35-7.2", None, deprecated=False, compat=None)
    new = machine("pc-q35-9.0", ("virtio-net-pci", "host_uso", "off"))
    same = of(nic({"host_uso": "off"}), nic({"host_uso": "off"}), types(silent, new))
    assert same == []
    # That it differs is seen.
    other = of(nic({"host_uso": "on"}), nic({"host_uso": "off"}), types(silent, new))
    assert other[0] == "compat property: virtio-net-pci.host_uso on>off: property host_uso"


def test_a_compat_property_names_the_machine_types_that_set_it() -> None:
    setting = ("virtio-net-pci", "host_uso", "off")
    names = ("pc-q35-10.0", "pc-q35-7.2", "pc-q35-9.0", "pc-i440fx-7.2")
    known = vocabulary(*(machine(name, setting) for name in names), machine("pc-q35-11.0"))
    old, new = known.machine("pc-q35-7.2"), known.machine("pc-q35-11.0")
    assert old is not None
    assert new is not None
    sides = [snapshot(nic({"host_uso": one}), probe="cold") for one in ("off", "on")]
    (first, *_) = causes(compared(*sides), MachineTypes(Compat(known, old), Compat(known, new)))
    assert first.machines == ("pc-q35-10.0", "pc-q35-9.0", "pc-q35-7.2")


@pytest.mark.parametrize("pinned", [True, False])
def test_a_device_that_nothing_pins_drifts(*, pinned: bool) -> None:
    """The second NIC takes the slot of the first, which is taken away."""
    before, after = (
        recorded(f"qemu-7.2_pc-{name}", "cold") for name in ("two-nics", "first-nic-removed")
    )
    made = tuple(
        Creation(one.qdev_id, one.device or "", one.path, pinned) for one in before.functions
    )
    found = causes(compared(replace(before, creations=made), after), NOBODY)
    drifts = [one for one in found if one.origin is Origin.ALLOCATION]
    if pinned:
        assert drifts == []
        return
    (drift,) = drifts
    assert drift.name.startswith("net1")
    assert (drift.before, drift.after) == ("0000:00:04.0", "0000:00:03.0")
    assert [change.kind for change in drift.explains] == [MOVED]


def test_a_bridge_that_nothing_pins_renumbers_what_is_behind_it() -> None:
    """The device itself is pinned to its place behind the bridge."""
    behind = TopologyPath(0, ((3, 0), (0, 0)))
    one = replace(nic({}), path=behind)
    before, after = (
        snapshot(replace(one, function=replace(one.function, address=GuestAddress(0, bus, 0, 0))))
        for bus in (1, 2)
    )
    pins = {TopologyPath(0, ((3, 0),)): False, behind: True}
    made = tuple(Creation(None, "", path, pinned) for path, pinned in pins.items())
    drifts = [
        cause
        for cause in causes(compared(replace(before, creations=made), after), NOBODY)
        if cause.origin is Origin.ALLOCATION
    ]
    (drift,) = drifts
    assert drift.name == "0/03.0"
    assert {change.kind for change in drift.explains} == {RENUMBERED}
