"""A QEMU command line made of a machine description, by pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pciabi.vm.config import Device, VmConfig

SSH_PORT = 22
# What DHCP gives the guest on the NIC that carries SSH. A guest that asks for addresses on all
# its NICs would otherwise have the same one twice, and answer through the wrong NIC.
GUEST_IP = "10.0.2.15"
_OTHER_NETWORK = "10.0.3.0/24"
# Both machine families have it built in, and a disk of the configuration's own that names no
# bus goes to ide.0.
DISK_DEVICE = "ide-hd,bus=ide.1,drive=pciabi-disk,serial=pciabi-disk,bootindex=0"
CPU = "qemu64,+rdrand"


@dataclass(frozen=True)
class Backends:
    """The inert host side of a device: arguments in front of it, properties on it."""

    arguments: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Wiring:
    """What ties one boot to the harness: the addresses of three sockets, in the words of QEMU's
    character devices, such as `fd=7`."""

    monitor: str
    console: str
    events: str


def escaped(value: str) -> str:
    """A value as QEMU's option parser reads it: a comma is doubled."""
    return value.replace(",", ",,")


def backends(device: Device, accepted: frozenset[str], control: str) -> Backends:
    """Host resources a device cannot do without, none of them real but the control NIC's port.

    `accepted` are the properties QEMU says the driver has; `control` is the id of the NIC that
    carries SSH. What the configuration names itself is left alone.
    """
    name = f"pciabi-{device.id}"
    missing = accepted - device.property_names
    if "netdev" in missing:
        forward = f"hostfwd=tcp:127.0.0.1:0-{GUEST_IP}:{SSH_PORT}"
        network = forward if device.id == control else f"net={_OTHER_NETWORK}"
        return Backends(("-netdev", f"user,id={name},restrict=on,{network}"), (("netdev", name),))
    if "drive" in missing:
        node = f"null-co,node-name={name},size=67108864,read-zeroes=on"
        return Backends(("-blockdev", node), (("drive", name),))
    if "chardev" in missing:
        return Backends(("-chardev", f"null,id={name}"), (("chardev", name),))
    return Backends()


def complete_devices(
    devices: Sequence[Device], accepted: Mapping[str, frozenset[str]], control: str
) -> tuple[Device, ...]:
    """The devices with their backends' properties, as they stand on the command line."""
    return tuple(
        device.with_properties(*backends(device, accepted[device.driver], control).properties)
        for device in devices
    )


def hardware(
    config: VmConfig,
    accepted: Mapping[str, frozenset[str]],
    control: str,
    plugged: Sequence[Device] = (),
    cpu: str = CPU,
) -> tuple[str, ...]:
    """The arguments that state the hardware: what a guest can see of them is under test.

    `plugged` are devices that are added later, to the running VM; only their host side is
    prepared.
    """
    arguments = [] if config.default_devices else ["-nodefaults"]
    arguments += ["-no-user-config", "-machine", config.machine]
    arguments += ["-cpu", cpu, "-smp", str(config.cpus), "-m", config.memory]
    for device in (*config.devices, *plugged):
        arguments += backends(device, accepted[device.driver], control).arguments
    for device in complete_devices(config.devices, accepted, control):
        arguments += ["-device", device.argument]
    return tuple(arguments)


def harness(wiring: Wiring, accelerator: str) -> tuple[str, ...]:
    """The arguments that let the harness drive the guest; they add nothing to PCI."""
    arguments = ["-accel", accelerator, "-display", "none", "-no-reboot"]
    for name, address in (
        ("monitor", wiring.monitor),
        ("console", wiring.console),
        ("events", wiring.events),
    ):
        arguments += ["-chardev", f"socket,id=pciabi-{name},{address}"]
    arguments += ["-mon", "chardev=pciabi-monitor,mode=control"]
    arguments += ["-serial", "chardev:pciabi-console", "-serial", "chardev:pciabi-events"]
    return tuple(arguments)


def stopped(monitor: str) -> tuple[str, ...]:
    """The arguments that start a machine whose guest never runs; `monitor` is the address of a
    socket for QMP, such as `fd=7`."""
    return (
        *("-accel", "tcg", "-S", "-display", "none"),
        *("-chardev", f"socket,id=pciabi-monitor,{monitor}"),
        *("-mon", "chardev=pciabi-monitor,mode=control"),
    )


def paused(monitor: str, qtest: str) -> tuple[str, ...]:
    """The arguments that start a machine paused, to be read through qtest and QMP; both are
    addresses of sockets, such as `fd=7`."""
    return (
        *stopped(monitor),
        # From 6.1 on QEMU looks for a character device of this very name, whatever it is told.
        *("-chardev", f"socket,id=qtest,{qtest}"),
        *("-qtest", "chardev:qtest", "-qtest-log", "none"),
    )


def kernel(path: str, initrd: str, arguments: str) -> tuple[str, ...]:
    """The arguments that start a kernel."""
    return ("-kernel", path, "-initrd", initrd, "-append", arguments)


def disk_drive(path: str, image_format: str) -> str:
    """The value of `-drive` for a disk image that is only read."""
    # A full disk of ours is an error that the guest reports; QEMU would suspend it without a word.
    return (
        f"if=none,id=pciabi-disk,file={escaped(path)},format={image_format},snapshot=on,"
        "werror=report"
    )


def disk(path: str, image_format: str) -> tuple[str, ...]:
    """The arguments that boot a disk image and throw away what is written to it.

    It hangs on the machine's built-in controller, so no PCI function joins. The firmware looks
    nowhere else, says on the serial port what it does, and resets where it finds nothing.
    """
    return (
        *("-drive", disk_drive(path, image_format), "-device", DISK_DEVICE),
        *("-boot", "strict=on,reboot-timeout=1", "-machine", "graphics=off"),
    )


def culprit(complaint: str, devices: Sequence[Device]) -> Device | None:
    """The device a complaint of QEMU's is about: its `-device` argument is quoted in it."""
    return next((d for d in devices if f"-device {d.argument}" in complaint), None)
