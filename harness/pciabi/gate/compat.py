"""What a machine type sets for the devices of a VM, beside what another one sets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pciabi.qemu.answers import CompatProperty, MachineType
from pciabi.qemu.vocabulary import Vocabulary
from pciabi.vm import machine_family

# In `pc-i440fx-10.0` the first number is the chipset's.
_NUMBERS = re.compile(r"(?<![a-z0-9])[0-9]{1,6}|(?<=rhel)[0-9]{1,6}")
_PARTS = 3
_VIRTIO = "virtio-"
# A virtio device on PCI is two devices to QEMU: the function, and what it carries.
_ON_PCI = ("-pci-non-transitional", "-pci-transitional", "-pci")
_CARRIED = {
    "virtio-vga": "virtio-gpu-device",
    "virtio-vga-gl": "virtio-gpu-gl-device",
}


@dataclass(frozen=True)
class Setting:
    """A compat property in force for a device: as the machine type has it, for `qom_type`."""

    qom_type: str
    name: str
    value: str

    @property
    def words(self) -> str:
        """Such as `pci-device.x-pcie-ext-tag`."""
        return f"{self.qom_type}.{self.name}"


@dataclass(frozen=True)
class Compat:
    """The compat properties of one machine type of a QEMU."""

    vocabulary: Vocabulary
    machine: MachineType

    @property
    def is_known(self) -> bool:
        """Whether this QEMU tells them at all."""
        return self.machine.compat is not None

    def in_force(self, device: str) -> Mapping[str, Setting]:
        """By the property's name, what it sets for devices of a type: of several settings, the
        last in QEMU's order."""
        if device not in self._known:
            types = frozenset(self._types(device))
            self._known[device] = {
                one.name: Setting(one.qom_type, one.name, one.value)
                for one in self.machine.compat or ()
                if one.qom_type in types
            }
        return self._known[device]

    def machines_setting(self, setting: Setting) -> tuple[str, ...]:
        """The machine types of the same chipset of this QEMU that set the same, newest first."""
        same = CompatProperty(setting.qom_type, setting.name, setting.value)
        return self._machines.get(same, ())

    def _types(self, device: str) -> Iterator[str]:
        yield from self.vocabulary.ancestors(device)
        carried = carried_by(device)
        if carried is not None:
            yield from self.vocabulary.ancestors(carried)

    @cached_property
    def _known(self) -> dict[str, Mapping[str, Setting]]:
        return {}

    @cached_property
    def _machines(self) -> Mapping[CompatProperty, tuple[str, ...]]:
        chipset = machine_family.family_on_x86(self.machine.name)
        found: dict[CompatProperty, tuple[str, ...]] = {}
        for machine in sorted(self.vocabulary.machines, key=_by_version, reverse=True):
            if machine_family.family_on_x86(machine.name) is chipset:
                for one in dict.fromkeys(machine.compat or ()):
                    found[one] = (*found.get(one, ()), machine.name)
        return found


def _by_version(machine: MachineType) -> tuple[tuple[int, ...], str]:
    return tuple(int(number) for number in _NUMBERS.findall(machine.name)[:_PARTS]), machine.name


@dataclass(frozen=True)
class Differing:
    """A property that the machine types of two sides do not set alike: what the later one sets, or
    the earlier one where only that does; the values, empty where a side sets none or does not
    tell; and the machine types of that QEMU that set the same."""

    setting: Setting
    before: str
    after: str
    machines: tuple[str, ...]


@dataclass(frozen=True)
class MachineTypes:
    """What the machine types of the two sides set, None where nobody knows."""

    before: Compat | None
    after: Compat | None

    @property
    def are_known(self) -> bool:
        """Whether both QEMUs tell what their machine types set: what only one of them tells may be
        the same on the other."""
        return all(one is not None and one.is_known for one in (self.before, self.after))

    def differing(self, before: str | None, after: str | None) -> Iterator[Differing]:
        """What is not set alike for a device whose types on the two sides these are."""
        old, new = _in_force(self.before, before), _in_force(self.after, after)
        for name in sorted(old.keys() | new.keys()):
            values = [side[name].value if name in side else "" for side in (old, new)]
            if values[0] == values[1] and name in old and name in new:
                continue
            if self.after is not None and name in new:
                setting, machines = new[name], self.after.machines_setting(new[name])
            else:
                assert self.before is not None, "it sets something"
                setting, machines = old[name], self.before.machines_setting(old[name])
            yield Differing(setting, values[0], values[1], machines)


def _in_force(compat: Compat | None, device: str | None) -> Mapping[str, Setting]:
    return {} if compat is None or device is None else compat.in_force(device)


def carried_by(device: str) -> str | None:
    """The type of the virtio device that a PCI function of a type carries, None for another
    one."""
    if device in _CARRIED:
        return _CARRIED[device]
    if not device.startswith((_VIRTIO, "vhost-")):
        return None
    ending = next((each for each in _ON_PCI if device.endswith(each)), None)
    return None if ending is None else f"{device.removesuffix(ending)}-device"
