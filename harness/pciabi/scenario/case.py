"""A scenario ready to run: named cases, each a list of boots and of comparisons. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pciabi.errors import SourcePosition
from pciabi.result.entry import Plan, PlannedBoot, Subject
from pciabi.result.expectations import Expectations
from pciabi.vm.config import Device, VmConfig


@dataclass(frozen=True)
class Boot:
    """One boot: its label, the VM as it starts, and the devices that join it while it runs."""

    label: str
    config: VmConfig
    plugged: tuple[Device, ...] = ()

    def device(self, device_id: str) -> Device | None:
        """The device of that id, or None."""
        return next((d for d in (*self.config.devices, *self.plugged) if d.id == device_id), None)

    @property
    def device_ids(self) -> tuple[str, ...]:
        """The ids of all devices that are there when the guest is read."""
        return tuple(device.id for device in (*self.config.devices, *self.plugged))


@dataclass(frozen=True)
class Refusal:
    """A start that QEMU must refuse: the VM as it is then, the device to blame, and words the
    complaint must hold (none where `saying` is empty)."""

    config: VmConfig
    device_id: str
    saying: str
    position: SourcePosition


@dataclass(frozen=True)
class Case:
    """One combination of the matrix. `name` is unique in the scenario, such as `pc-e1000`.

    `image` is the recipe of its guest.
    """

    scenario: str
    file: Path
    summary: str
    name: str
    axes: tuple[tuple[str, str], ...]
    image: Path
    timeout: float
    boots: tuple[Boot, ...]
    comparisons: tuple[Expectations, ...]
    refusals: tuple[Refusal, ...] = ()

    @property
    def title(self) -> str:
        """`scenario[case]`."""
        return self.subject.title

    @property
    def subject(self) -> Subject:
        """What its result is about."""
        return Subject(self.scenario, self.name, self.file, self.summary, self.axes)

    @property
    def plan(self) -> Plan:
        """What its result must hold to be whole."""
        return Plan(
            tuple(PlannedBoot(boot.label, boot.plugged) for boot in self.boots),
            self.comparisons,
            len(self.refusals),
        )
