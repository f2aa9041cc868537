"""Which MAC addresses a command line states, and what QEMU's device tree tells of identity."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.snapshot import Identifier, IdentifierName
from pciabi.probe.identifiers import identifiers
from pciabi.vm.command_line.stated_macs import stated_macs

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


def test_what_has_no_value_identifies_nobody() -> None:
    properties = {"mac": MAC, "serial": "", "acpi-index": "0", "mount_tag": "share", "tx": "7"}
    assert identifiers(properties, frozenset({MAC})) == (
        Identifier(IdentifierName.MAC, MAC, stated=True),
        Identifier(IdentifierName.MOUNT_TAG, "share", stated=True),
    )
    assert identifiers({"mac": MAC}, frozenset())[0].stated is False
    # A serial number of zero is one.
    assert identifiers({"serial": "0"}, frozenset())[0].value == "0"
