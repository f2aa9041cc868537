"""All families of facts: one module each in `abi/facts`, found by looking, in no list."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pciabi.abi import facts as package
from pciabi.abi.family import Concern, Family, FunctionFamily, MachineFamily
from pciabi.abi.kind import Kind
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.pci.facts import UNREAD


@cache
def families() -> tuple[FunctionFamily[Any] | MachineFamily[Any], ...]:
    """All families, by rank."""
    found = [module.FAMILY for module in _modules()]
    return tuple(sorted(found, key=lambda family: (family.rank, family.key.name)))


@cache
def function_families() -> tuple[FunctionFamily[Any], ...]:
    """The families of which each function has its own facts, by rank."""
    return tuple(one for one in families() if isinstance(one, FunctionFamily))


@cache
def machine_families() -> tuple[MachineFamily[Any], ...]:
    """The families of which the machine has one fact, by rank."""
    return tuple(one for one in families() if isinstance(one, MachineFamily))


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind of change that some family tells, in the order of reports."""
    return tuple(
        sorted({kind for family in families() for kind in family.kinds}, key=lambda k: k.place)
    )


@cache
def concerns() -> Mapping[Kind, Concern]:
    """What a change of each kind is a change of."""
    return {kind: family.concern for family in families() for kind in family.kinds}


def shown(subject: PlacedFunction | Snapshot) -> Iterator[str]:
    """The facts of a subject in lines for people, as far as their families have any."""
    of_function = isinstance(subject, PlacedFunction)
    found: tuple[Family[Any, Any], ...] = function_families() if of_function else machine_families()
    for family in found:
        fact = family.fact_of(subject)
        if fact is not UNREAD:
            yield from family.shown(fact)


def manuals() -> dict[str, str]:
    """What each family's module says of it, by the family's name."""
    return {module.FAMILY.key.name: inspect.getdoc(module) or "" for module in _modules()}


def _modules() -> list[Any]:
    return [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    ]
