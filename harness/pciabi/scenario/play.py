"""The steps of one case played through without a VM: what to boot, and what to compare. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pciabi.abi.families import machine_families
from pciabi.documents import Location
from pciabi.errors import InputError, SourcePosition
from pciabi.result.expectations import Expectation, Expectations, Tolerance
from pciabi.result.failure import MACHINE, Aspect
from pciabi.scenario.case import Boot, Refusal
from pciabi.scenario.schema import AddModel, ExpectModel, HotplugModel, RefusedModel, StepModel
from pciabi.scenario.unfold import Unfolding
from pciabi.vm.config import Device

# Where the address changes, these follow: a path may, the interface name usually does, and ACPI
# tells of another slot.
_FOLLOWS_ADDRESS = (Aspect.PATH, Aspect.NAME, Aspect.FIRMWARE_TABLES)


class Play:
    """The steps of one case, in order. `boots`, `comparisons` and `refusals` are what they
    amount to."""

    def __init__(self, unfolding: Unfolding) -> None:
        """Play all steps. Raises InputError where one makes no sense at its point."""
        self.unfolding = unfolding
        self.config = unfolding.config()
        self.boots: list[Boot] = []
        self.comparisons: list[Expectations] = []
        self.refusals: list[Refusal] = []
        self._read_last = False
        for index, step in enumerate(unfolding.model.steps):
            location: Location = ("steps", index)
            if unfolding.applies(step, location):
                self._step(step, location)
        if not self.comparisons and not self.refusals:
            raise InputError(
                "a scenario needs two boots or more, or a refusal: there is nothing to compare",
                place=unfolding.place(("steps",)),
            )

    def _step(self, step: StepModel, location: Location) -> None:
        if step.boot is not None:
            self._boot(step.boot, location)
        elif step.remove is not None:
            self._must_have(step.remove, (*location, "remove"))
            self.config = self.config.without(step.remove)
        elif step.add is not None:
            self._add(step.add, (*location, "add"))
        elif step.firmware is not None:
            firmware = self.unfolding.firmware(step.firmware, (*location, "firmware"))
            self.config = replace(self.config, firmware=firmware)
        elif step.refused is not None:
            self._refused(step.refused, (*location, "refused"))
        elif step.expect is not None:
            self._expect(step.expect, (*location, "expect"))
        elif step.hotplug is not None:
            self._hotplug(step.hotplug, (*location, "hotplug"))
        self._read_last = step.boot is not None or step.hotplug is not None

    def _boot(self, label: str, location: Location) -> None:
        self.boots.append(Boot(label or f"boot {len(self.boots) + 1}", self.config))
        if len(self.boots) > 1:
            self.comparisons.append(_comparison(self.boots, self.unfolding.place(location)))

    def _hotplug(self, model: HotplugModel, location: Location) -> None:
        place = self.unfolding.place(location)
        if not self._read_last:
            raise InputError("hotplug must follow a boot: the VM has to run", place=place)
        device = self._add(model, location)
        if device.pinned_function:
            raise InputError(
                f"addr '{device.addr}' is not function 0, and a running guest looks for no other",
                advice="give a slot alone",
                place=self.unfolding.place((*location, "addr")),
            )
        boot = self.boots[-1]
        self.boots[-1] = replace(boot, plugged=(*boot.plugged, device))
        if self.comparisons:
            self.comparisons[-1] = _comparison(self.boots, self.comparisons[-1].position)

    def _add(self, model: AddModel | HotplugModel, location: Location) -> Device:
        if self.config.device(model.id) is not None:
            place = self.unfolding.place((*location, "id"))
            raise InputError(f"device id '{model.id}' is used twice", place=place)
        if model.before is not None:
            self._must_have(model.before, (*location, "before"))
        device = self.unfolding.device(model, location)
        self.config = self.config.with_device(device, before=model.before)
        return device

    def _refused(self, model: RefusedModel, location: Location) -> None:
        self._must_have(model.device, (*location, "device"))
        place = self.unfolding.place(location)
        saying = self.unfolding.filled(model.saying or "", place)
        self.refusals.append(Refusal(self.config, model.device, saying, place))

    def _expect(self, models: dict[str, ExpectModel], location: Location) -> None:
        if not self._read_last or not self.comparisons:
            raise InputError(
                "expect must follow the second or a later boot",
                place=self.unfolding.place(location),
            )
        comparison = self.comparisons[-1]
        expectations: list[Expectation] = []
        tolerances: list[Tolerance] = []
        for device_id, model in models.items():
            if device_id == MACHINE:
                self._must_be_of_the_machine(model, (*location, device_id))
            else:
                for boot in (self.boots[comparison.before], self.boots[comparison.after]):
                    self._must_be_among(boot.device_ids, device_id, (*location, device_id))
                self._must_be_comparable(model, (*location, device_id))
            for aspect in Aspect:
                judgement = getattr(model, _field(aspect), None)
                if judgement is not None:
                    place = self.unfolding.place((*location, device_id, aspect.value))
                    changed = judgement == "changed"
                    expectations.append(Expectation(device_id, aspect, changed, place))
                elif model.address == "changed" and aspect in _FOLLOWS_ADDRESS:
                    tolerances.append(Tolerance(device_id, aspect))
        self.comparisons[-1] = replace(
            comparison, expectations=tuple(expectations), tolerances=tuple(tolerances)
        )

    def _must_be_of_the_machine(self, model: ExpectModel, location: Location) -> None:
        """The machine is nowhere, and has no name that could change; of what no family of facts
        tells, nothing could ever fail."""
        known = {family.concern.value for family in machine_families()}
        for aspect in Aspect:
            if _field(aspect) in model.model_fields_set and aspect not in known:
                raise InputError(
                    f"{MACHINE} has no {aspect}, only: {', '.join(sorted(known))}",
                    place=self.unfolding.place((*location, aspect.value)),
                )

    def _must_be_comparable(self, model: ExpectModel, location: Location) -> None:
        """A device that only one guest finds has nothing else that could be compared."""
        others = [
            aspect.value
            for aspect in Aspect
            if _field(aspect) in model.model_fields_set and aspect is not Aspect.PRESENCE
        ]
        if model.presence == "changed" and others:
            raise InputError(
                f"a device whose presence changes has no {others[0]} to compare",
                place=self.unfolding.place((*location, others[0])),
            )

    def _must_have(self, device_id: str, location: Location) -> None:
        self._must_be_among([d.id for d in self.config.devices], device_id, location)

    def _must_be_among(self, ids: Sequence[str], device_id: str, location: Location) -> None:
        if device_id not in ids:
            raise InputError(
                f"no device '{device_id}' at this point, there are: {', '.join(ids) or 'none'}",
                place=self.unfolding.place(location),
            )


def _field(aspect: Aspect) -> str:
    """The field of ExpectModel that says what is expected of an aspect."""
    return aspect.value.replace("-", "_")


def _comparison(boots: list[Boot], position: SourcePosition) -> Expectations:
    before, after = (set(boot.device_ids) for boot in boots[-2:])
    return Expectations(
        before=len(boots) - 2,
        after=len(boots) - 1,
        removed=frozenset(before - after),
        added=frozenset(after - before),
        expectations=(),
        tolerances=(),
        position=position,
    )
