"""A scenario ready to run: named cases, each a list of boots and of comparisons. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pciabi.errors import SourcePosition
from pciabi.vm.config import Device, VmConfig


class Aspect(StrEnum):
    """Something about a device that a scenario can have expectations of."""

    ADDRESS = "address"
    PATH = "path"
    NAME = "name"
    IDENTITY = "identity"
    HARDWARE = "hardware"
    PRESENCE = "presence"
    REFUSAL = "refusal"


@dataclass(frozen=True)
class Expectation:
    """Whether one aspect of one device must change (True) or must not (False)."""

    device_id: str
    aspect: Aspect
    changed: bool
    position: SourcePosition


@dataclass(frozen=True)
class Tolerance:
    """An aspect of a device that may do as it likes, because another one must change."""

    device_id: str
    aspect: Aspect


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
class Comparison:
    """Two boots (indices into the case's boots) and what must hold between them.

    Whatever no expectation speaks of must be unchanged, `removed` and `added` devices apart.
    """

    before: int
    after: int
    removed: frozenset[str]
    added: frozenset[str]
    expectations: tuple[Expectation, ...]
    tolerances: tuple[Tolerance, ...]
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
    comparisons: tuple[Comparison, ...]
    refusals: tuple[Refusal, ...] = ()

    @property
    def title(self) -> str:
        """`scenario[case]`."""
        return f"{self.scenario}[{self.name}]"
