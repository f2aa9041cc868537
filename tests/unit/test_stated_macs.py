"""Which MAC addresses a command line states, and what QEMU's device tree tells of identity."""

from __future__ import annotations

import json
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.identifying import Identifier
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.probe.fact_readers import Emulated, with_facts
from pciabi.probe.readers import identifying_properties
from pciabi.qemu.device_tree import TreeFunction
from pciabi.qemu.monitor import Monitor
from pciabi.vm.command_line.stated_macs import stated_macs
from tests.unit.strategies import fully_read

MAC = "52:54:00:0a:0b:0c"


@pytest.mark.parametrize(
    "arguments",
    [
        ("-device", f"e1000,mac={MAC}"),
        ("-device", f"e1000,mac={MAC.upper().replace(':', '-')}"),
        ("-device", "e1000,mac=52:54:0:a:b:c"),
        ("-device", json.dumps({"driver": "e1000", "mac": MAC})),
        ("-nic", f"user,model=e1000,mac={MAC}"),
        ("-net", f"nic,macaddr={MAC}"),
        ("-set", f"device.net0.mac={MAC}"),
        ("-global", f"e1000.mac={MAC}"),
        ("-global", f"driver=e1000,property=mac,value={MAC}"),
    ],
)
def test_every_way_to_state_a_mac(arguments: tuple[str, str]) -> None:
    assert stated_macs(arguments) == {MAC}


def test_a_plain_number_fills_the_last_three_bytes() -> None:
    # Seen on QEMU 7.2: -net nic,macaddr=5
    assert stated_macs(("-net", "nic,macaddr=5")) == {"00:00:00:00:00:05"}


@given(st.lists(st.text()))
def test_any_arguments_are_read(arguments: list[str]) -> None:
    for value in arguments:
        stated_macs(("-device", f"e1000,mac={value}", value))


def read(properties: dict[str, str], *macs: str) -> dict[str, object]:
    """What is read of a device with these properties in QEMU's tree, by family."""
    path = TopologyPath(0, ((3, 0),))
    listed = TreeFunction(path, 0x1AF4, 0x1000, "n", "virtio-net-pci", "pci.0", properties)
    machine = Emulated(Mock(spec=Monitor), {path: listed}, frozenset(macs), None)
    placed = PlacedFunction(fully_read(GuestAddress(0, 0, 3, 0), bytes(64)), path, "n", "x")
    (found,) = with_facts([placed], machine, identifying_properties.READERS)
    return {name: fact for name, fact in found.facts if name in NAMES}


NAMES = {"mac", "serial", "acpi-index", "mount_tag"}


def test_what_has_no_value_identifies_nobody() -> None:
    properties = {"mac": MAC, "serial": "", "acpi-index": "0", "mount_tag": "share", "tx": "7"}
    assert read(properties, MAC) == {
        "mac": Identifier(MAC, stated=True),
        "serial": None,
        "acpi-index": None,
        "mount_tag": Identifier("share", stated=True),
    }
    assert read({"mac": MAC})["mac"] == Identifier(MAC, stated=False)
    # A serial number of zero is one.
    assert read({"serial": "0"})["serial"] == Identifier("0", stated=True)
