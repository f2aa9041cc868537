"""What virtio devices older than version 1.0 offer, read from a paused machine through their I/O
BAR, which is given an address for that long, as the bridges above are given a window.

Sources: Virtual I/O Device (VIRTIO) 1.3, 4.1.4.10 (legacy interfaces: PCI device layout);
PCI-to-PCI Bridge Architecture 1.2, 3.2.5.6 (I/O base and limit).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pciabi.errors import QemuError
from pciabi.pci import registers as reg
from pciabi.pci import virtio_configuration as configuration
from pciabi.pci.function import PciFunction
from pciabi.pci.virtio import LARGEST_QUEUE, MOST_QUEUES, VirtioDevice, type_of
from pciabi.qemu import qtest
from pciabi.qemu.config_access import ConfigAccess, Operation, Write

# Ports that no device has out of reset, at a multiple of what a bridge's window is made of.
_BASE = 0xD000
_FEATURES, _QUEUE_SIZE, _QUEUE_SELECT = 0x00, 0x0C, 0x0E
# It stands behind the vectors where MSI-X is enabled, which it is not out of reset.
_CONFIGURATION = 0x14
_COMMAND, _COMMAND_IO = 0x04, 1
_BRIDGE_IO, _BRIDGE_IO_UPPER = 0x1C, 0x30
_WINDOW_BYTE = _BASE >> 8
_FIRST_QUEUES = 16
_IN = {1: "inb", 2: "inw", 4: "inl"}
_NOT_THERE = 0xFF


def has_ports(function: PciFunction) -> bool:
    """Whether the device's first BAR is one of I/O ports, as that of all such devices is."""
    return any(bar.index == 0 and bar.kind.value == "io" for bar in function.bars)


def read(
    access: ConfigAccess,
    connection: qtest.Qtest,
    function: PciFunction,
    bridges: Sequence[PciFunction],
) -> VirtioDevice:
    """What the function offers, which is behind these bridges.

    What is written is undone. Raises QemuError.
    """
    access.run(list(_opening(function, bridges)))
    try:
        return _device(connection, function)
    finally:
        access.run(list(_closing(function, bridges)))


def _device(connection: qtest.Qtest, function: PciFunction) -> VirtioDevice:
    device_type = type_of(function)
    accesses = configuration.accesses(device_type)
    features, *numbers = map(
        qtest.number,
        connection.run(
            [
                f"inl {_BASE + _FEATURES:#x}",
                *(f"{_IN[n]} {_BASE + _CONFIGURATION + at:#x}" for at, n in accesses),
            ]
        ),
    )
    seen = {
        offset + index: number >> 8 * index & 0xFF
        for (offset, size), number in zip(accesses, numbers, strict=True)
        for index in range(size)
    }
    features &= 0xFFFF_FFFF
    named = configuration.decode(device_type, features, lambda offset: seen.get(offset, _NOT_THERE))
    return VirtioDevice(device_type, features, _queue_sizes(connection, function), tuple(named))


def _queue_sizes(connection: qtest.Qtest, function: PciFunction) -> tuple[int, ...]:
    """The sizes of the queues up to the first that is not there, which has none."""
    sizes: list[int] = []
    while len(sizes) < MOST_QUEUES and 0 not in sizes:
        commands = []
        for index in range(len(sizes), min(2 * len(sizes) or _FIRST_QUEUES, MOST_QUEUES)):
            commands.append(f"outw {_BASE + _QUEUE_SELECT:#x} {index:#x}")
            commands.append(f"inw {_BASE + _QUEUE_SIZE:#x}")
        sizes += [qtest.number(answer) & 0xFFFF for answer in connection.run(commands)[1::2]]
    connection.run([f"outw {_BASE + _QUEUE_SELECT:#x} 0"])
    largest = max(sizes)
    if largest > LARGEST_QUEUE:
        raise QemuError(
            f"QEMU says that {function.address}, a virtio device, has queues of {largest} entries"
        )
    return tuple(sizes[: sizes.index(0)] if 0 in sizes else sizes)


def _opening(function: PciFunction, bridges: Sequence[PciFunction]) -> Iterator[Operation]:
    for bridge in bridges:
        # The upper half is a status whose bits are cleared by writing ones.
        both = bytes([_WINDOW_BYTE, _WINDOW_BYTE, 0, 0])
        yield Write(bridge.address, _BRIDGE_IO_UPPER, bytes(4))
        yield Write(bridge.address, _BRIDGE_IO, both)
        yield Write(bridge.address, _COMMAND, _command(bridge, _COMMAND_IO))
    yield Write(function.address, reg.BAR_BASE, _BASE.to_bytes(4, "little"))
    yield Write(function.address, _COMMAND, _command(function, _COMMAND_IO))


def _closing(function: PciFunction, bridges: Sequence[PciFunction]) -> Iterator[Operation]:
    yield Write(function.address, _COMMAND, _command(function, 0))
    yield Write(function.address, reg.BAR_BASE, _found(function, reg.BAR_BASE))
    for bridge in bridges:
        yield Write(bridge.address, _COMMAND, _command(bridge, 0))
        yield Write(bridge.address, _BRIDGE_IO, _found(bridge, _BRIDGE_IO)[:2] + bytes(2))
        yield Write(bridge.address, _BRIDGE_IO_UPPER, _found(bridge, _BRIDGE_IO_UPPER))


def _command(function: PciFunction, added: int) -> bytes:
    """What the command register was found to hold, and these bits; no status bit is cleared."""
    found = int.from_bytes(_found(function, _COMMAND)[:2], "little")
    return (found | added).to_bytes(4, "little")


def _found(function: PciFunction, offset: int) -> bytes:
    return function.config[offset : offset + 4]
