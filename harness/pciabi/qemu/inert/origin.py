"""Where an argument of an inert command line comes from, in the user's own words."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.errors import SourcePosition
from pciabi.vm.command_line.device_options import DeviceOption


@dataclass(frozen=True)
class DeviceOrigin:
    """The device of one option: the user's own driver and id, and the option QEMU is given,
    which may be that of another device in its place."""

    driver: str
    id: str | None
    given: DeviceOption


@dataclass(frozen=True)
class Origin:
    """One option of the user's and what QEMU is given for it.

    `given` is the pair of arguments as QEMU quotes it in a complaint; `name` and `written` are
    what the file says at `place`; `device` is None for what is no `-device`.
    """

    given: str
    name: str
    written: str
    place: SourcePosition
    device: DeviceOrigin | None = None

    @property
    def label(self) -> str:
        """What people call it: `net0 (e1000)`, `e1000, line 6`, or the option as written."""
        if self.device is None:
            return self.written
        if self.device.id is None:
            return by_line(self.device.driver, self.place)
        return f"{self.device.id} ({self.device.driver})"


def by_line(device: str, place: SourcePosition) -> str:
    """What a device without an id goes by: `virtio-net-pci, line 6`."""
    return f"{device}, line {place.line}"


def in_creation_order(origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
    """The devices in the order of `device_options`: QEMU creates those in JSON form last."""
    devices = [origin for origin in origins if origin.device is not None]
    return tuple(sorted(devices, key=lambda origin: origin.given.startswith("-device {")))
