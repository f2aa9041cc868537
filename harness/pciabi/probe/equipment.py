"""A VM configuration completed for a boot, with QEMU's word on each of its drivers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from pciabi.abi.snapshot import Substitution
from pciabi.errors import InputError
from pciabi.qemu import machines
from pciabi.qemu.binary import Binary
from pciabi.qemu.command_line import complete_devices
from pciabi.qemu.drivers import accepted_properties
from pciabi.qemu.inert.machine import another_type, type_for
from pciabi.vm.config import Device, Firmware, VmConfig

if TYPE_CHECKING:
    from pciabi.qemu.firmware import Uefi
    from pciabi.qemu.firmware_choice import FirmwareChoice

T = TypeVar("T")


@dataclass(frozen=True)
class Vm:
    """A VM as it is written down. `macs` are MAC addresses by device id, for the NICs that state
    none; `plugged` are the devices that join it while it runs."""

    config: VmConfig
    macs: Mapping[str, str]
    plugged: tuple[Device, ...] = ()


@dataclass(frozen=True)
class Equipped:
    """A VM with a MAC address on every NIC, and the properties each driver takes.

    `uefi` is the firmware build it runs; None where it runs QEMU's own choice, SeaBIOS.
    `plugged` are the devices that join it while it runs. `substitutions` say what stands in for
    what the configuration says. `build` tells the firmware's build from others, as far as that was
    chosen or is UEFI.
    """

    config: VmConfig
    accepted: Mapping[str, frozenset[str]]
    uefi: Uefi | None
    plugged: tuple[Device, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    build: str = ""

    def nics(self) -> tuple[Device, ...]:
        """The devices that take a netdev, those that join later included."""
        return tuple(d for d in self._devices() if "netdev" in self.accepted[d.driver])

    def pci_ids(self) -> tuple[str, ...]:
        """The ids of the devices that sit on a PCI bus."""
        return tuple(d.id for d in self._devices() if "multifunction" in self.accepted[d.driver])

    def complete_devices(self, control: str) -> tuple[Device, ...]:
        """The devices as they stand on the command line, backends included; `control` is the id
        of the NIC that carries SSH, empty where none does."""
        return complete_devices(self.config.devices, self.accepted, control)

    def complete_plugged(self) -> tuple[Device, ...]:
        """The devices as they join the running VM."""
        return complete_devices(self.plugged, self.accepted, "")

    def _devices(self) -> tuple[Device, ...]:
        return (*self.config.devices, *self.plugged)


def equip(vm: Vm, binary: Binary, chosen: FirmwareChoice | None = None) -> Equipped:
    """Ask QEMU about every driver, and give each NIC without one the MAC address of its id.

    A MAC that QEMU makes up depends on the order of creation, which is what changes here.
    A machine type that only another build of QEMU knows is given the name it has here. `chosen` is
    the firmware in the place of QEMU's own. Raises InputError for a driver QEMU does not have and
    for chosen firmware that the VM does not run, QemuError where the firmware is missing.
    """
    config, substitutions = _on_this_qemu(vm.config, binary)
    uefi, build = _firmware(config, binary, chosen)
    accepted = {
        device.driver: accepted_properties(binary, device)
        for device in (*config.devices, *vm.plugged)
    }

    def with_mac(device: Device) -> Device:
        nameless = "netdev" in accepted[device.driver] and "mac" not in device.property_names
        return device.with_properties(("mac", vm.macs[device.id])) if nameless else device

    devices = tuple(map(with_mac, config.devices))
    return Equipped(
        config=replace(config, devices=devices),
        accepted=accepted,
        uefi=uefi,
        plugged=tuple(map(with_mac, vm.plugged)),
        substitutions=substitutions,
        build=build,
    )


def _on_this_qemu(config: VmConfig, binary: Binary) -> tuple[VmConfig, tuple[Substitution, ...]]:
    written, comma, options = config.machine.partition(",")
    given = type_for(written, binary.banner)
    if given == written:
        return config, ()
    return replace(config, machine=f"{given}{comma}{options}"), (another_type(written, given),)


def _firmware(
    config: VmConfig, binary: Binary, chosen: FirmwareChoice | None
) -> tuple[Uefi | None, str]:
    """The UEFI build of a VM that runs one, and what tells its firmware from other builds."""
    if config.firmware is Firmware.SEABIOS:
        return None, _placed(config, chosen.seabios) if chosen is not None else ""
    # Not above: few VMs run UEFI, and none needs it to be read cold.
    from pciabi.qemu import firmware

    machine = machines.versioned(binary, config.machine, config.machine_position)
    if chosen is None:
        uefi = firmware.find_uefi(binary, machine)
        return uefi, uefi.label
    uefi = _placed(config, lambda: chosen.uefi(machine))
    return uefi, chosen.label(uefi)


def _placed(config: VmConfig, found: Callable[[], T]) -> T:
    """What chosen firmware is found to be; an error is told of the VM."""
    try:
        return found()
    except InputError as error:
        error.place = error.place or config.machine_position
        raise
