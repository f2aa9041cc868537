"""What a scenario's words mean: the one place that knows the rules of its format.

Two readers stand on it, and neither has a rule of its own. `pciabi.scenario.load` demands a whole
file and plays its steps, with pydantic, whose import alone takes longer than a lint of the file.
`pciabi.vm.formats.scenario` reads what a VM is made of, from files that may be half written.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pciabi.errors import SourcePosition
from pciabi.vm.config import Device

SUFFIX = ".pciabi.yaml"
"""What the names of scenario files end in."""
MAX_CASES = 1000

Axes = Mapping[str, str]
"""One value for each axis of the matrix."""
Fill = Callable[[str, str], str]
"""Puts the axes into the value of a field, by the field's name and the value."""

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_ADDR = re.compile(r"(?:0x)?[0-9a-f]{1,2}(?:\.(?:0x)?[0-7])?", re.IGNORECASE)
_PLACE = ("bus", "addr")


def combinations(
    matrix: Mapping[str, Sequence[str]], exclude: Sequence[Mapping[str, str]]
) -> Iterator[Axes]:
    """The cases of a matrix, in its order, without those that are excluded. No more are looked at
    than there may be, and one."""
    for values in itertools.islice(itertools.product(*matrix.values()), MAX_CASES + 1):
        axes = dict(zip(matrix, values, strict=True))
        if not any(excluded.items() <= axes.items() for excluded in exclude if excluded):
            yield axes


def applies(when: Mapping[str, Sequence[str]], axes: Axes) -> bool:
    """Whether what belongs to some cases only belongs to this one."""
    return all(axes.get(axis) in values for axis, values in when.items())


def unknown_axis(text: str, axes: Axes) -> str | None:
    """The first axis that a value names and that there is not, None where there is none."""
    named = (match[1] for match in _PLACEHOLDER.finditer(text))
    return next((axis for axis in named if axis not in axes), None)


def filled(text: str, axes: Axes) -> str:
    """A value with every `${axis}` replaced; one that there is not stays as it is written."""
    return _PLACEHOLDER.sub(lambda match: axes.get(match[1], match[0]), text)


def is_slot(addr: str) -> bool:
    """Whether a device's `addr` is a slot, or slot and function, in QEMU's syntax."""
    return _ADDR.fullmatch(addr) is not None


def device(
    said: Mapping[str, str],
    properties: Mapping[str, str],
    fill: Fill,
    position: SourcePosition | None,
) -> Device:
    """A device of the VM: what its own keys say, its further properties, and where it stands."""
    bus, addr = (fill(name, said[name]) if name in said else None for name in _PLACE)
    return Device(
        driver=fill("driver", said.get("driver", "")),
        id=said.get("id", ""),
        bus=bus,
        addr=addr,
        properties=tuple((name, fill("properties", text)) for name, text in properties.items()),
        position=position,
    )
