"""A VM configuration completed for a boot, with QEMU's word on each of its drivers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pciabi.qemu import firmware, machines
from pciabi.qemu.binary import Binary
from pciabi.qemu.command_line import complete_devices
from pciabi.qemu.drivers import accepted_properties
from pciabi.qemu.firmware import Uefi
from pciabi.vm.config import Device, Firmware, VmConfig


@dataclass(frozen=True)
class Equipped:
    """A VM with a MAC address on every NIC, and the properties each driver takes.

    `uefi` is the firmware build it runs; None where it runs QEMU's own choice, SeaBIOS.
    """

    config: VmConfig
    accepted: Mapping[str, frozenset[str]]
    uefi: Uefi | None

    def nics(self) -> tuple[Device, ...]:
        """The devices that take a netdev."""
        return tuple(d for d in self.config.devices if "netdev" in self.accepted[d.driver])

    def pci_ids(self) -> tuple[str, ...]:
        """The ids of the devices that sit on a PCI bus."""
        return tuple(
            d.id for d in self.config.devices if "multifunction" in self.accepted[d.driver]
        )

    def complete_devices(self, control: Device) -> tuple[Device, ...]:
        """The devices as they stand on the command line, backends included."""
        return complete_devices(self.config, self.accepted, control.id)


def equip(config: VmConfig, macs: Mapping[str, str], binary: Binary) -> Equipped:
    """Ask QEMU about every driver, and give each NIC without one the MAC address of its id.

    A MAC that QEMU makes up depends on the order of creation, which is what changes here.
    Raises InputError for a driver QEMU does not have, QemuError where the firmware is missing.
    """
    accepted: dict[str, frozenset[str]] = {}
    devices = []
    for device in config.devices:
        names = accepted_properties(binary, device)
        accepted[device.driver] = names
        nameless = "netdev" in names and "mac" not in device.property_names
        devices.append(device.with_properties(("mac", macs[device.id])) if nameless else device)
    return Equipped(replace(config, devices=tuple(devices)), accepted, _uefi(config, binary))


def _uefi(config: VmConfig, binary: Binary) -> Uefi | None:
    if config.firmware is Firmware.SEABIOS:
        return None
    machine = machines.versioned(binary, config.machine, config.machine_position)
    return firmware.find_uefi(binary, machine)
