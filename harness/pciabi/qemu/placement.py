"""Where QEMU itself says each PCI function is: `query-pci`, with qdev ids and types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.qemu.answers import LISTING, PCI, PciDevice, shaped
from pciabi.qemu.monitor import Monitor


@dataclass(frozen=True)
class QemuFunction:
    """One function as QEMU lists it. `qdev_id` and `device` are None for a built-in one."""

    address: GuestAddress
    path: TopologyPath
    vendor_id: int
    device_id: int
    qdev_id: str | None
    device: str | None


def types_by_id(monitor: Monitor) -> dict[str, str]:
    """QEMU's type name of every device that has an id: `{"net0": "virtio-net-pci"}`."""
    answer = monitor.execute("qom-list", {"path": "/machine/peripheral"})
    return {
        entry.name: entry.type.removeprefix("child<").removesuffix(">")
        for entry in shaped(answer, LISTING, "qom-list")
        if entry.type.startswith("child<")
    }


def functions(monitor: Monitor) -> tuple[QemuFunction, ...]:
    """Every PCI function, in address order. Bus numbers are those the firmware has written."""
    types = types_by_id(monitor)
    found: list[QemuFunction] = []
    for bus in shaped(monitor.execute("query-pci"), PCI, "query-pci"):
        found += _walk(bus.devices, TopologyPath(bus.bus, ()), types)
    return tuple(sorted(found, key=lambda function: function.address))


def _walk(
    devices: Sequence[PciDevice], above: TopologyPath, types: Mapping[str, str]
) -> Iterator[QemuFunction]:
    for device in devices:
        path = above.below(device.slot, device.function)
        qdev_id = device.qdev_id or None
        yield QemuFunction(
            address=GuestAddress(0, device.bus, device.slot, device.function),
            path=path,
            vendor_id=device.vendor,
            device_id=device.device,
            qdev_id=qdev_id,
            device=types.get(qdev_id) if qdev_id else None,
        )
        yield from _walk(device.behind, path, types)


def mac_address(monitor: Monitor, qdev_id: str) -> str:
    """The MAC address of a NIC, in lower case."""
    return monitor.text(f"/machine/peripheral/{qdev_id}", "mac").lower()


def machine_type(monitor: Monitor) -> str:
    """The versioned machine type that runs, such as `pc-i440fx-7.2`."""
    return monitor.text("/machine", "type").removesuffix("-machine")
