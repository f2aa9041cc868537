"""A VM's hardware as its configuration states it. Data only, with source positions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from pciabi.errors import SourcePosition
from pciabi.vm.command_line.parameters import Parameter, Parameters

_FUNCTION = re.compile(r"\.(?:0x)?([0-7])\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Device:
    """One `-device`: QEMU's driver name, its id, and the address it is pinned to, if any.

    `bus` and `addr` are in QEMU's own syntax (`pci.0`, `0x3` or `5.1`, always hexadecimal)
    and None where the configuration leaves them to QEMU. `properties` are further
    (name, value) pairs in order.
    """

    driver: str
    id: str
    bus: str | None = None
    addr: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    position: SourcePosition | None = None

    @property
    def pinned_function(self) -> int:
        """The function number in `addr`; 0 where it names none."""
        match = _FUNCTION.search(self.addr or "")
        return int(match[1]) if match else 0

    @property
    def property_names(self) -> frozenset[str]:
        """The names of the further properties."""
        return frozenset(name for name, _ in self.properties)

    @property
    def argument(self) -> str:
        """The value of its `-device`, in key=value form."""
        said = (("driver", self.driver), ("id", self.id), ("bus", self.bus), ("addr", self.addr))
        pairs = [(name, text) for name, text in said if text is not None]
        items = tuple(Parameter(name, text) for name, text in (*pairs, *self.properties))
        return Parameters(items, "driver").text()

    def with_properties(self, *pairs: tuple[str, str]) -> Device:
        """The device with more properties at the end."""
        return replace(self, properties=(*self.properties, *pairs))


class Firmware(StrEnum):
    """What a VM's processor runs first."""

    SEABIOS = "seabios"
    OVMF = "ovmf"


@dataclass(frozen=True)
class VmConfig:
    """A VM: machine type, memory in QEMU's syntax (`256M`), CPUs, devices in order, firmware.

    The order is QEMU's creation order, which decides where unpinned devices land. With
    `default_devices` QEMU adds devices of its own, such as a VGA adapter.
    """

    machine: str
    memory: str
    cpus: int
    devices: tuple[Device, ...]
    machine_position: SourcePosition | None = None
    firmware: Firmware = Firmware.SEABIOS
    default_devices: bool = False

    def device(self, device_id: str) -> Device | None:
        """The device of that id, or None."""
        return next((device for device in self.devices if device.id == device_id), None)

    def without(self, device_id: str) -> VmConfig:
        """The VM with one device taken out; the others keep their order."""
        return replace(
            self, devices=tuple(device for device in self.devices if device.id != device_id)
        )

    def with_device(self, device: Device, *, before: str | None = None) -> VmConfig:
        """The VM with a device added, in front of `before` or at the end."""
        at = next(
            (i for i, present in enumerate(self.devices) if present.id == before),
            len(self.devices),
        )
        return replace(self, devices=(*self.devices[:at], device, *self.devices[at:]))
