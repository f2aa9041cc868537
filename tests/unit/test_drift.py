"""What two libvirts make differently of one domain: each kind, and no noise."""

from __future__ import annotations

import pytest

from pciabi.vm.drift.between import drifts
from pciabi.vm.drift.drift import Drift, Kind
from pciabi.vm.drift.made_domain import MadeDomain
from tests.unit.domain_data import NIC, made, port

ITCO = "<watchdog model='itco' action='reset'/>"
USB = "<controller type='usb' index='0' model='{model}'>{address}</controller>"


def told(before: MadeDomain, after: MadeDomain) -> list[tuple[str, str, str, str, str]]:
    """The drifts without their places and ids."""
    return [
        (str(one.kind), one.element, one.field, one.before, one.after)
        for one in drifts(before, after)
    ]


def test_the_same_domain_drifts_in_nothing() -> None:
    devices = port(1, 2), NIC.format(bus=1), ITCO
    line = "-device virtio-net-pci,id=net0,bus=pci.1,addr=0x0"
    assert drifts(made(*devices, line=line), made(*devices, line=line)) == ()


def test_a_device_that_is_put_elsewhere_is_an_allocation() -> None:
    before = made(port(1, 2), port(2, 3), NIC.format(bus=1))
    after = made(port(1, 2), port(2, 3), NIC.format(bus=2))
    (drift,) = drifts(before, after)
    assert drift == Drift(
        Kind.ALLOCATION,
        "interface 52:54:00:00:00:01",
        "address",
        "0000:01:00.0",
        "0000:02:00.0",
        drift.place,
        ("net0",),
    )
    assert (drift.place.file, drift.place.line) == ("web.xml", 16)


def test_what_is_behind_a_port_that_moves_has_another_path_and_the_same_address() -> None:
    before, after = (made(port(1, slot), NIC.format(bus=1)) for slot in (2, 3))
    assert ("allocation", "controller pci 1", "address", "0000:00:02.0", "0000:00:03.0") in told(
        before, after
    )
    assert ("allocation", "interface 52:54:00:00:00:01", "address", "02.0/00.0", "03.0/00.0") in (
        told(before, after)
    )


def test_controllers_that_are_numbered_otherwise_put_a_device_at_the_same_place() -> None:
    before, after = (made(port(index, 2), NIC.format(bus=index)) for index in (1, 5))
    kinds = {(kind, element) for kind, element, *_ in told(before, after)}
    assert kinds == {("implicit", "controller pci 1"), ("implicit", "controller pci 5")}


@pytest.mark.parametrize(("device", "words"), [(ITCO, "itco"), (port(7, 4), "pcie-root-port at ")])
def test_what_only_one_of_them_adds_is_implicit(device: str, words: str) -> None:
    ((kind, _, field, before, after),) = told(made(port(1, 2)), made(port(1, 2), device))
    assert (kind, field, before) == ("implicit", "", "")
    assert after.startswith(words)
    ((_, _, _, before, after),) = told(made(port(1, 2), device), made(port(1, 2)))
    assert (before[:4], after) == (words[:4], "")


def test_a_model_that_was_left_open_is_one() -> None:
    address = "<address type='pci' bus='0x00' slot='0x1d'/>"
    before, after = (
        made(USB.format(model=model, address=address)) for model in ("ich9-ehci1", "qemu-xhci")
    )
    assert told(before, after) == [
        ("model", "controller usb 0", "model", "ich9-ehci1", "qemu-xhci")
    ]


def test_the_machine_type_is_a_model() -> None:
    before, after = made(machine="pc-q35-7.2"), made(machine="pc-q35-10.0")
    assert told(before, after) == [
        ("model", "machine", "machine type", "pc-q35-7.2", "pc-q35-10.0")
    ]


@pytest.mark.parametrize(
    ("before", "after", "field", "values"),
    [
        (port(1, 2), port(1, 2, target="hotplug='off'"), "target hotplug", ("", "off")),
        (port(1, 2), port(1, 2, told="multifunction='on'"), "address multifunction", ("", "on")),
        (
            port(1, 2),
            port(1, 2).replace("chassis='1'", "chassis='9'"),
            "target chassis",
            ("1", "9"),
        ),
        (
            NIC.format(bus=1),
            NIC.format(bus=1).replace("<model", "<rom bar='off'/><model"),
            "rom bar",
            ("", "off"),
        ),
    ],
)
def test_what_else_they_write_is_an_attribute(
    before: str, after: str, field: str, values: tuple[str, str]
) -> None:
    ((kind, _, name, *found),) = told(made(before), made(after))
    assert (kind, name, tuple(found)) == ("attribute", field, values)


def test_the_device_of_a_video_adapter_is_a_model_and_told_once() -> None:
    video, line = "<video><model type='virtio'{}/></video>", "-device {},id=video0"
    before = made(video.format(""), line=line.format("virtio-vga"))
    after = made(video.format(" device='virtio-gpu'"), line=line.format("virtio-gpu-pci"))
    assert told(before, after) == [("model", "video", "model device", "", "virtio-gpu")]


def test_the_hosts_side_is_no_drift() -> None:
    before = made("<graphics type='vnc'/>", NIC.format(bus=1))
    after = made(
        "<graphics type='vnc' port='-1'><listen type='address'/></graphics><audio id='1'/>",
        NIC.format(bus=1).replace("00:01'/>", "99:99'/><source dev='eth0'/><alias name='net0'/>"),
    )
    assert told(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "-device virtio-net-pci,id=net0,mq=on",
            """-device {"driver":"virtio-net-pci","id":"net0","mq":true,"vectors":10}""",
            ("net0", "vectors", "", "10"),
        ),
        (
            "-device VGA,id=video0,vgamem_mb=16",
            "-device virtio-vga,id=video0,vgamem_mb=16",
            ("video0", "driver", "VGA", "virtio-vga"),
        ),
        ("-device pvpanic,id=panic0", "", ("panic0", "", "pvpanic", "")),
        ("", "-global ICH9-LPC.noreboot=off", ("machine", "-global ICH9-LPC.noreboot", "", "off")),
        ("-no-hpet", "", ("machine", "-machine hpet", "off", "on")),
        (
            "-machine q35,usb=off",
            "-machine q35,usb=on",
            ("machine", "-machine usb", "off", "on"),
        ),
        (
            "-device e1000,id=net0 -device e1000,id=net1",
            """-device {"driver":"e1000","id":"net0"} -device e1000,id=net1""",
            ("machine", "order of creation", "net0 net1", "net1 net0"),
        ),
    ],
)
def test_what_they_write_differently_is_of_the_command_line(
    before: str, after: str, expected: tuple[str, ...]
) -> None:
    assert told(made(line=before), made(line=after)) == [("command line", *expected)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("-no-acpi", "-machine q35,acpi=off"),
        ("-machine pc-q35-7.2", "-machine pc-q35-7.2,acpi=on,memory-backend=pc.ram"),
        (
            "-device virtio-net-pci,id=net0,addr=0x2,netdev=hostnet0,mq=on,vectors=0xa",
            """-device {"driver":"virtio-net-pci","id":"net0","addr":"0x2","netdev":"hn","""
            """"mq":true,"vectors":10}""",
        ),
    ],
)
def test_the_same_in_other_words_is_none(before: str, after: str) -> None:
    assert told(made(line=before), made(line=after)) == []


def test_what_the_xml_says_is_not_told_again() -> None:
    line = "-device virtio-net-pci,id=net0,bus=pci.{bus},addr=0x0"
    before, after = (
        made(port(1, 2), port(2, 3), NIC.format(bus=bus), line=line.format(bus=bus))
        for bus in (1, 2)
    )
    assert [one.kind for one in drifts(before, after)] == [Kind.ALLOCATION]
