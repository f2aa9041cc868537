"""One combination of a matrix put into a scenario's values. Pure."""

from __future__ import annotations

from pathlib import Path

from pciabi.documents import Location, Positions
from pciabi.errors import InputError, SourcePosition
from pciabi.scenario.schema import DeviceFields, ScenarioModel, When
from pciabi.vm import scenario
from pciabi.vm.config import Device, Firmware, VmConfig
from pciabi.vm.scenario import Axes


def must_be_known(
    model: ScenarioModel, axis: str, values: list[str], place: SourcePosition
) -> None:
    """Raise InputError for an axis the matrix does not have, or a value the axis does not."""
    if axis not in model.matrix:
        axes = ", ".join(model.matrix) or "none"
        raise InputError(f"unknown axis '{axis}', the matrix has: {axes}", place=place)
    for value in values:
        if value not in model.matrix[axis]:
            allowed = ", ".join(model.matrix[axis])
            raise InputError(f"axis '{axis}' has no value '{value}', only: {allowed}", place=place)


class Unfolding:
    """A scenario with one value for each axis."""

    def __init__(self, path: Path, model: ScenarioModel, positions: Positions, axes: Axes) -> None:
        self.path = path
        self.model = model
        self.positions = positions
        self.axes = axes

    def config(self) -> VmConfig:
        """The VM before any step."""
        machine_place = self.positions["machine",]
        return VmConfig(
            machine=self.filled(self.model.machine, machine_place),
            memory=self.model.memory,
            cpus=self.model.cpus,
            devices=self.devices(),
            machine_position=machine_place,
            default_devices=self.model.defaults,
            firmware=self.firmware(self.model.firmware, ("firmware",)),
        )

    def firmware(self, text: str, location: Location) -> Firmware:
        """A firmware by its name, filled in. Raises InputError."""
        place = self.place(location)
        word = self.filled(text, place)
        if word not in set(Firmware):
            allowed = ", ".join(Firmware)
            raise InputError(f"unknown firmware '{word}', only: {allowed}", place=place)
        return Firmware(word)

    def place(self, location: Location) -> SourcePosition:
        """Where a part of the file stands; for what is not written, what it would be part of."""
        while location not in self.positions:
            location = location[:-1]
        return self.positions[location]

    def filled(self, text: str, place: SourcePosition) -> str:
        """The text with every `${axis}` replaced. Raises InputError."""
        unknown = scenario.unknown_axis(text, self.axes)
        if unknown is not None:
            axes = ", ".join(self.axes) or "none"
            raise InputError(f"unknown axis '${{{unknown}}}', the matrix has: {axes}", place=place)
        return scenario.filled(text, self.axes)

    def applies(self, model: When, location: Location) -> bool:
        """Whether a device or step belongs to this case. Raises InputError."""
        wanted = {
            axis: [value] if isinstance(value, str) else value for axis, value in model.when.items()
        }
        for axis, values in wanted.items():
            must_be_known(self.model, axis, values, self.place((*location, "when", axis)))
        return scenario.applies(wanted, self.axes)

    def devices(self) -> tuple[Device, ...]:
        """The devices the VM has before any step. Raises InputError."""
        found: dict[str, Device] = {}
        for index, model in enumerate(self.model.devices):
            location: Location = ("devices", index)
            if self.applies(model, location):
                if model.id in found:
                    place = self.place((*location, "id"))
                    raise InputError(f"device id '{model.id}' is used twice", place=place)
                found[model.id] = self.device(model, location)
        return tuple(found.values())

    def device(self, model: DeviceFields, location: Location) -> Device:
        """One device, its values filled in. Raises InputError."""

        def fill(name: str, value: str) -> str:
            return self.filled(value, self.place((*location, name)))

        said = {"driver": model.driver, "id": model.id, "bus": model.bus, "addr": model.addr}
        known = {name: value for name, value in said.items() if value is not None}
        made = scenario.device(known, model.properties, fill, self.place(location))
        if made.addr is not None and not scenario.is_slot(made.addr):
            raise InputError(
                f"addr '{made.addr}' is not a slot in QEMU's syntax, such as 0x3 or 5.1",
                place=self.place((*location, "addr")),
            )
        return made
