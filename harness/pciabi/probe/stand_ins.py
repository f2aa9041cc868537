"""The devices that others stand in for: whether the QEMU that is read has them at all.

A stand-in starts where the user's own device would be refused, so QEMU is asked for what it was
not told of. Drivers that QEMU keeps in modules count: `qom-list-types` loads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pciabi.abi.snapshot import PlacedFunction
from pciabi.errors import Refusal
from pciabi.pci.facts import Facts
from pciabi.probe.type_answers import TypeAnswers
from pciabi.qemu.inert.stand_ins import Model, Sort
from pciabi.qemu.monitor import Monitor

_WORDS = {
    Sort.DEVICE: ("device ", "is not a valid device model name"),
    Sort.OBJECT: ("", "is not a valid object type"),
}


def must_be_there(monitor: Monitor, models: Sequence[Model], by: str, answers: TypeAnswers) -> None:
    """Raise Refusal, at its place, for a driver or a property that QEMU does not have; `by`
    says which QEMU that is, `answers` are those it has given before."""
    sorts = tuple(dict.fromkeys(model.sort for model in models))
    lists = answers.names(
        monitor,
        *(("qom-list-types", {"implements": sort.value, "abstract": False}) for sort in sorts),
    )
    listed = dict(zip(sorts, lists, strict=True))
    for model in models:
        if model.driver not in listed[model.sort]:
            what, lacks = _WORDS[model.sort]
            raise Refusal(
                f"QEMU refuses {what}{model.label}: '{model.driver}' {lacks}",
                advice=by,
                place=model.place,
            )
    _must_take(monitor, models, by, answers)


def _must_take(monitor: Monitor, models: Sequence[Model], by: str, answers: TypeAnswers) -> None:
    asked = tuple(dict.fromkeys(model.asked_of for model in models if model.properties))
    lists = answers.names(
        monitor, *(("device-list-properties", {"typename": driver}) for driver in asked)
    )
    takes = dict(zip(asked, lists, strict=True))
    for model in models:
        for name, place in model.properties:
            if not {name, name.partition(".")[0]} & takes[model.asked_of]:
                raise Refusal(
                    f"QEMU refuses device {model.label}: "
                    f"Property '{model.driver}.{name}' not found",
                    advice=by,
                    place=place,
                )


def identified(
    functions: Sequence[PlacedFunction], stated: Mapping[str, Facts]
) -> tuple[PlacedFunction, ...]:
    """The functions with what a guest would tell them by, where that is the user's own device;
    `stated` are those facts by qdev id."""
    return tuple(
        one.having(one.facts.updated(stated.get(one.qdev_id or "", Facts()))) for one in functions
    )
