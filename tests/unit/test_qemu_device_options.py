"""`-device` options in the order in which QEMU creates what they say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.vm.command_line.device_options import DeviceOption, device_options
from pciabi.vm.config import Device

VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
NAMES = st.text("abcdefgh-", min_size=1)
DEVICES = st.builds(
    Device,
    NAMES,
    NAMES,
    st.none() | VALUES,
    st.none() | VALUES,
    st.lists(st.tuples(st.sampled_from(["serial", "mac"]), VALUES)).map(tuple),
)


def option(device: Device) -> DeviceOption:
    said = {"driver": device.driver, "id": device.id, "bus": device.bus, "addr": device.addr}
    known = {key: value for key, value in said.items() if value is not None}
    return DeviceOption(
        device.driver, device.id, device.bus, device.addr, {**known, **dict(device.properties)}
    )


@given(st.lists(st.tuples(DEVICES, st.booleans())))
def test_key_value_devices_come_first_each_kind_in_order(
    devices: list[tuple[Device, bool]],
) -> None:
    arguments = ["-machine", "q35"]
    for device, json_form in devices:
        known = dict(option(device).properties)
        arguments += ["-device", json.dumps(known) if json_form else device.argument]
    plain = [option(device) for device, json_form in devices if not json_form]
    structured = [option(device) for device, json_form in devices if json_form]
    assert device_options(arguments) == (*plain, *structured)


def test_set_pins_a_key_value_device_only() -> None:
    arguments = [
        *("-device", "e1000,id=a"),
        *("-device", "{'driver': 'e1000', 'id': 'b', 'addr': '4'}"),
        *("-set", "device.a.addr=0x3", "-set", "device.b.addr=0x5"),
    ]
    assert device_options(arguments) == (
        DeviceOption("e1000", "a", None, "0x3", {"driver": "e1000", "id": "a", "addr": "0x3"}),
        DeviceOption("e1000", "b", None, "4", {"driver": "e1000", "id": "b", "addr": "4"}),
    )


@pytest.mark.parametrize(("number", "addr"), [(40, "5.0"), (47, "5.7"), (0, "0.0"), (-1, None)])
def test_a_number_in_json_is_slot_and_function_in_one(number: int, addr: str | None) -> None:
    arguments = ["-device", json.dumps({"driver": "e1000", "id": "a", "addr": number})]
    assert [option.addr for option in device_options(arguments)] == [addr]


@given(st.lists(st.text()))
def test_any_arguments_end(arguments: list[str]) -> None:
    device_options(["-device", *arguments])
