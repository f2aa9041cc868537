"""QEMU command lines, made without a QEMU."""

from __future__ import annotations

from dataclasses import replace

from pciabi.qemu import command_line
from pciabi.vm.config import Device, VmConfig

ACCEPTED = {
    "e1000": frozenset({"netdev", "mac", "addr", "multifunction"}),
    "virtio-blk-pci": frozenset({"drive", "addr"}),
    "pci-serial": frozenset({"chardev", "addr"}),
}
CONFIG = VmConfig(
    "pc",
    "256M",
    1,
    (
        Device("e1000", "net0", addr="0x3", properties=(("mac", "52:54:00:00:00:01"),)),
        Device("e1000", "net1", bus="pci.0", addr="5.1"),
        Device("virtio-blk-pci", "disk0", properties=(("serial", "a,b"),)),
        Device("pci-serial", "tty0"),
    ),
)


def test_the_hardware_is_stated_in_order_with_inert_backends() -> None:
    assert command_line.hardware(CONFIG, ACCEPTED, "net1") == (
        *("-nodefaults", "-no-user-config", "-machine", "pc"),
        *("-cpu", "qemu64,+rdrand", "-smp", "1", "-m", "256M"),
        *("-netdev", "user,id=pciabi-net0,restrict=on,net=10.0.3.0/24"),
        "-netdev",
        "user,id=pciabi-net1,restrict=on,hostfwd=tcp:127.0.0.1:0-10.0.2.15:22",
        *("-blockdev", "null-co,node-name=pciabi-disk0,size=67108864,read-zeroes=on"),
        *("-chardev", "null,id=pciabi-tty0"),
        *("-device", "e1000,id=net0,addr=0x3,mac=52:54:00:00:00:01,netdev=pciabi-net0"),
        *("-device", "e1000,id=net1,bus=pci.0,addr=5.1,netdev=pciabi-net1"),
        *("-device", "virtio-blk-pci,id=disk0,serial=a,,b,drive=pciabi-disk0"),
        *("-device", "pci-serial,id=tty0,chardev=pciabi-tty0"),
    )


def test_qemus_own_devices_are_there_only_when_they_are_asked_for() -> None:
    own = replace(CONFIG, default_devices=True)
    plain = command_line.hardware(CONFIG, ACCEPTED, "net1")
    assert command_line.hardware(own, ACCEPTED, "net1") == plain[1:]
    assert plain[0] == "-nodefaults"


def test_of_a_device_that_is_plugged_later_only_the_host_side_is_prepared() -> None:
    later = Device("virtio-blk-pci", "new0")
    plain = command_line.hardware(CONFIG, ACCEPTED, "net1")
    prepared = command_line.hardware(CONFIG, ACCEPTED, "net1", (later,))
    extra = [argument for argument in prepared if argument not in plain]
    assert extra == ["null-co,node-name=pciabi-new0,size=67108864,read-zeroes=on"]


def test_only_the_control_nic_is_reachable_and_only_on_loopback() -> None:
    arguments = " ".join(command_line.hardware(CONFIG, ACCEPTED, "net1"))
    assert arguments.count("hostfwd") == 1
    assert arguments.count("restrict=on") == arguments.count("user,id=") == 2


def test_a_backend_the_configuration_names_is_left_alone() -> None:
    device = Device("e1000", "net0", properties=(("netdev", "mine"),))
    assert command_line.backends(device, ACCEPTED["e1000"], "net0") == command_line.Backends()


def test_a_complaint_is_traced_to_its_device() -> None:
    devices = command_line.complete_devices(CONFIG.devices, ACCEPTED, "net1")
    argument = devices[1].argument
    complaint = f"qemu-system-x86_64: -device {argument}: PCI: slot 5 not available"
    assert command_line.culprit(complaint, devices) is devices[1]
    assert command_line.culprit("qemu-system-x86_64: something else", devices) is None
