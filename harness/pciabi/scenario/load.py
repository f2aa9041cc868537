"""Scenario files into cases: the matrix unfolded, the steps played through without a VM."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pciabi.documents import Location, Positions, read_with_positions
from pciabi.errors import InputError, SourcePosition
from pciabi.scenario.case import Aspect, Boot, Case, Comparison, Expectation, Tolerance
from pciabi.scenario.schema import DeviceModel, ScenarioModel, When
from pciabi.vm.config import Device, VmConfig

SUFFIX = ".pciabi.yaml"
MAX_CASES = 1000
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_ADDR = re.compile(r"(?:0x)?[0-9a-f]{1,2}(?:\.(?:0x)?[0-7])?", re.IGNORECASE)
# Where the address changes, these follow: a path may, and the interface name usually does.
_FOLLOWS_ADDRESS = (Aspect.PATH, Aspect.NAME)

Axes = Mapping[str, str]


def cases(path: Path) -> tuple[Case, ...]:
    """Every case of a scenario file, in the order of its matrix. Raises InputError."""
    model, positions = read_with_positions(path, ScenarioModel)
    combinations = list(_combinations(model, positions))
    if len(combinations) > MAX_CASES:
        raise InputError(f"the matrix has more than {MAX_CASES} cases", place=positions["matrix",])
    if not combinations:
        raise InputError("every combination is excluded", place=positions["exclude",])
    found = tuple(_Unfolding(path, model, positions, axes).case() for axes in combinations)
    names = Counter(case.name for case in found)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise InputError(
            f"two cases would both be called '{twice[0]}'",
            advice="give the axes values that differ when joined",
            place=positions["matrix",],
        )
    return found


def scenario_name(path: Path) -> str:
    """The file's stem, without `.pciabi`."""
    return path.name.removesuffix(SUFFIX) if path.name.endswith(SUFFIX) else path.stem


def _combinations(model: ScenarioModel, positions: Positions) -> Iterator[dict[str, str]]:
    for index, excluded in enumerate(model.exclude):
        for axis, value in excluded.items():
            _known(model, axis, [value], positions["exclude", index, axis])
    values = itertools.islice(itertools.product(*model.matrix.values()), MAX_CASES + 1)
    for combination in values:
        axes = dict(zip(model.matrix, combination, strict=True))
        if not any(excluded.items() <= axes.items() for excluded in model.exclude if excluded):
            yield axes


def _known(model: ScenarioModel, axis: str, values: list[str], place: SourcePosition) -> None:
    if axis not in model.matrix:
        axes = ", ".join(model.matrix) or "none"
        raise InputError(f"unknown axis '{axis}', the matrix has: {axes}", place=place)
    for value in values:
        if value not in model.matrix[axis]:
            allowed = ", ".join(model.matrix[axis])
            raise InputError(f"axis '{axis}' has no value '{value}', only: {allowed}", place=place)


class _Unfolding:
    """One case being made: the scenario with one value for each axis."""

    def __init__(self, path: Path, model: ScenarioModel, positions: Positions, axes: Axes) -> None:
        self.path = path
        self.model = model
        self.positions = positions
        self.axes = axes

    def case(self) -> Case:
        machine_place = self.positions["machine",]
        config = VmConfig(
            machine=self.filled(self.model.machine, machine_place),
            memory=self.model.memory,
            cpus=self.model.cpus,
            devices=self.devices(),
            machine_position=machine_place,
        )
        boots, comparisons = self.play(config)
        return Case(
            scenario=scenario_name(self.path),
            file=self.path,
            summary=self.model.summary,
            name="-".join(self.axes.values()) or "default",
            axes=tuple(self.axes.items()),
            image=self.model.image,
            timeout=self.model.timeout,
            boots=boots,
            comparisons=comparisons,
        )

    def place(self, location: Location) -> SourcePosition:
        while location not in self.positions:
            location = location[:-1]
        return self.positions[location]

    def filled(self, text: str, place: SourcePosition) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1] not in self.axes:
                axes = ", ".join(self.axes) or "none"
                raise InputError(
                    f"unknown axis '${{{match[1]}}}', the matrix has: {axes}", place=place
                )
            return self.axes[match[1]]

        return _PLACEHOLDER.sub(value, text)

    def applies(self, model: When, location: Location) -> bool:
        wanted = {
            axis: [value] if isinstance(value, str) else value for axis, value in model.when.items()
        }
        for axis, values in wanted.items():
            _known(self.model, axis, values, self.place((*location, "when", axis)))
        return all(self.axes[axis] in values for axis, values in wanted.items())

    def devices(self) -> tuple[Device, ...]:
        found: dict[str, Device] = {}
        for index, model in enumerate(self.model.devices):
            location: Location = ("devices", index)
            if self.applies(model, location):
                if model.id in found:
                    place = self.place((*location, "id"))
                    raise InputError(f"device id '{model.id}' is used twice", place=place)
                found[model.id] = self.device(model, location)
        return tuple(found.values())

    def device(self, model: DeviceModel, location: Location) -> Device:
        def text(name: str, value: str) -> str:
            return self.filled(value, self.place((*location, name)))

        addr = None if model.addr is None else text("addr", model.addr)
        if addr is not None and not _ADDR.fullmatch(addr):
            raise InputError(
                f"addr '{addr}' is not a slot in QEMU's syntax, such as 0x3 or 5.1",
                place=self.place((*location, "addr")),
            )
        return Device(
            driver=text("driver", model.driver),
            id=model.id,
            bus=None if model.bus is None else text("bus", model.bus),
            addr=addr,
            properties=tuple(
                (name, text("properties", value)) for name, value in model.properties.items()
            ),
            position=self.place(location),
        )

    def play(self, config: VmConfig) -> tuple[tuple[Boot, ...], tuple[Comparison, ...]]:
        boots: list[Boot] = []
        comparisons: list[Comparison] = []
        last_was_boot = False
        for index, step in enumerate(self.model.steps):
            location: Location = ("steps", index)
            if not self.applies(step, location):
                continue
            if step.boot is not None:
                boots.append(Boot(step.boot or f"boot {len(boots) + 1}", config))
                if len(boots) > 1:
                    comparisons.append(_comparison(boots, self.place(location)))
            elif step.remove is not None:
                self.must_have(config, step.remove, (*location, "remove"))
                config = config.without(step.remove)
            elif step.add is not None:
                config = self.added(config, step.add, (*location, "add"))
            elif step.expect is not None:
                place = self.place((*location, "expect"))
                if not last_was_boot or not comparisons:
                    raise InputError("expect must follow the second or a later boot", place=place)
                comparisons[-1] = self.expecting(comparisons[-1], boots, index)
            last_was_boot = step.boot is not None
        if not comparisons:
            raise InputError(
                "a scenario needs two boots or more, there is nothing to compare",
                place=self.positions["steps",],
            )
        return tuple(boots), tuple(comparisons)

    def must_have(self, config: VmConfig, device_id: str, location: Location) -> None:
        if config.device(device_id) is None:
            ids = ", ".join(device.id for device in config.devices) or "none"
            raise InputError(
                f"no device '{device_id}' at this point, there are: {ids}",
                place=self.place(location),
            )

    def added(self, config: VmConfig, model: DeviceModel, location: Location) -> VmConfig:
        if config.device(model.id) is not None:
            place = self.place((*location, "id"))
            raise InputError(f"device id '{model.id}' is used twice", place=place)
        before = getattr(model, "before", None)
        if before is not None:
            self.must_have(config, before, (*location, "before"))
        return config.with_device(self.device(model, location), before=before)

    def expecting(self, comparison: Comparison, boots: list[Boot], index: int) -> Comparison:
        expectations: list[Expectation] = []
        tolerances: list[Tolerance] = []
        models = self.model.steps[index].expect or {}
        for device_id, model in models.items():
            location: Location = ("steps", index, "expect", device_id)
            for boot in (boots[comparison.before], boots[comparison.after]):
                self.must_have(boot.config, device_id, location)
            for aspect in Aspect:
                judgement = getattr(model, aspect.value, None)
                if judgement is not None:
                    place = self.place((*location, aspect.value))
                    expectations.append(
                        Expectation(device_id, aspect, judgement == "changed", place)
                    )
                elif model.address == "changed" and aspect in _FOLLOWS_ADDRESS:
                    tolerances.append(Tolerance(device_id, aspect))
        return replace(comparison, expectations=tuple(expectations), tolerances=tuple(tolerances))


def _comparison(boots: list[Boot], position: SourcePosition) -> Comparison:
    before, after = ({device.id for device in boot.config.devices} for boot in boots[-2:])
    return Comparison(
        before=len(boots) - 2,
        after=len(boots) - 1,
        removed=frozenset(before - after),
        added=frozenset(after - before),
        expectations=(),
        tolerances=(),
        position=position,
    )
