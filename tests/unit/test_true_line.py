"""What a libvirt writes, held against what is read in its place; where both are in the file."""

from __future__ import annotations

import pytest

from pciabi.qemu.inert.hardware import InertHardware, inert
from pciabi.source import true_line
from pciabi.vm import xml_tree
from pciabi.vm.domain import marks
from pciabi.vm.drift.placed import placed
from tests.unit.domain_data import command_line, made

NIC = "-netdev user,id=n -device virtio-net-pci,id=net0,netdev=n,bus=pcie.0,addr=0x2"
STAND_IN = "-object rng-builtin,id=r -device virtio-rng-pci,id=ua-pciabi-stand-in-3,rng=r"


def hardware(text: str) -> InertHardware:
    """A command line made safe."""
    return inert(command_line(f"-machine q35 {text}"))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (NIC, NIC),
        (f"{NIC},mq=on,vectors=0xa", f"{NIC},vectors=10,mq=true"),
        (
            f"{NIC},mac=52:54:00:00:00:01",
            "-netdev user,id=hostnet0 -device "
            '{"driver":"virtio-net-pci","id":"net0","netdev":"hostnet0","bus":"pcie.0",'
            '"addr":"0x2","mac":"52:54:00:00:00:01"}',
        ),
        (f"{NIC},host_mtu=16384", f"{NIC},host_mtu=16k"),
        ("-machine acpi=on,memory-backend=a", "-machine pc-q35-7.2,memory-backend=b,acpi=on"),
        # libvirt is told of no firmware.
        ("-global driver=cfi.pflash01,property=secure,value=on", ""),
        (
            "-global driver=ICH9-LPC,property=noreboot,value=off",
            "-global ICH9-LPC.noreboot=off",
        ),
        # What stands in for a device only so that libvirt writes the rest.
        (
            "-device vhost-vsock-pci,id=vsock0,guest-cid=3,bus=pcie.0,addr=0x4",
            f"{STAND_IN},bus=pcie.0,addr=0x4",
        ),
    ],
)
def test_the_same_devices_agree(ours: str, theirs: str) -> None:
    assert true_line.difference(hardware(ours), hardware(theirs)) == ""


@pytest.mark.parametrize(
    ("ours", "theirs", "says"),
    [
        (NIC, f"{NIC},mq=on", "net0: libvirt writes on for mq, and pciabi nothing"),
        (f"{NIC},mq=on", NIC, "net0: libvirt writes nothing for mq, and pciabi on"),
        (NIC, NIC.replace("0x2", "0x3"), "net0: libvirt writes 3 for addr, and pciabi 2"),
        (NIC, NIC.replace("virtio-net-pci", "e1000"), "net0: libvirt writes e1000 for driver"),
        ("", "-smp 2", "libvirt writes 2 of 2 for -smp, and pciabi 1 of 1"),
        ("-m 1G", "-m 2G", "libvirt writes 2147483648 for -m"),
        ("-machine acpi=off", "", "libvirt writes nothing for -machine acpi, and pciabi off"),
        ("", "-global PIIX4_PM.disable_s3=1", "libvirt writes 1 for -global PIIX4_PM.disable_s3"),
        (
            "-global driver=ICH9-LPC,property=noreboot,value=off",
            "-global driver=ICH9-LPC,property=noreboot,value=on",
            "libvirt writes on for -global ICH9-LPC.noreboot, and pciabi off",
        ),
        (NIC, "", "net0: pciabi writes virtio-net-pci, and libvirt nothing"),
        ("", NIC, "net0: libvirt writes virtio-net-pci, and pciabi nothing"),
        (
            "-device vhost-vsock-pci,id=vsock0,guest-cid=3,bus=pcie.0,addr=0x4",
            f"{STAND_IN},bus=pcie.0,addr=0x5",
            "vsock0: pciabi writes",
        ),
    ],
)
def test_what_differs_is_named(ours: str, theirs: str, says: str) -> None:
    assert true_line.difference(hardware(ours), hardware(theirs)).startswith(says)


def test_each_word_stands_where_its_device_does() -> None:
    domain = made(
        "\n<interface type='user'>\n  <mac address='52:54:00:00:00:01'/>\n"
        "  <model type='virtio'/>\n</interface>\n"
    )
    line = true_line.with_places(["-S", *NIC.split(), "-device", "pvpanic"], domain)
    places = {option.written: option.position for option in line.options}
    assert [places[word].line for word in places] == [1, 1, 4, 1]
    assert {place.file for place in places.values()} == {"web.xml"}


def test_what_a_libvirt_stores_stands_where_the_users_own_does() -> None:
    text = (
        "<domain>\n<os/>\n<devices>\n<video/>\n\n<interface type='user'>\n</interface>\n"
        "</devices>\n</domain>"
    )
    (own,) = xml_tree.read("web.xml", text).below("domain")
    stored = xml_tree.written(marks.marked(own)).replace(
        "<devices>", "<clock/><devices><memballoon model='virtio'/>"
    )
    (defined,) = xml_tree.read("stored", stored).below("domain")
    found = placed(defined, own)
    lines = {one.name: one.start.line for one in _all(found)}
    assert lines == {
        "domain": 1,
        "os": 2,
        "devices": 3,
        "video": 4,
        "interface": 6,
        # What the libvirt has added.
        "memballoon": 3,
        "clock": 1,
        "alias": 6,
    }
    assert {one.start.file for one in _all(found)} == {"web.xml"}


def _all(element: xml_tree.Element) -> list[xml_tree.Element]:
    return [element, *(one for child in element.children for one in _all(child))]
