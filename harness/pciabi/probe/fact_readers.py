"""Who reads the facts of a family, where their source is: one module each, found by looking.

`probe/readers` ask QEMU about a machine it has started (`Emulated`), paused or running;
`probe/guest_readers` look through what a guest has said. What stands in configuration space or
lspci's text comes with the function itself, from `probe.enumeration` and `pci.listing`.
A module has `READERS`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Generic, TypeVar

from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.address import TopologyPath
from pciabi.pci.facts import UNREAD, Facts, Key, Unread
from pciabi.qemu.config_access import ConfigAccess
from pciabi.qemu.device_tree import TreeFunction
from pciabi.qemu.fw_cfg import FwCfg
from pciabi.qemu.monitor import Monitor
from pciabi.qemu.qtest import Qtest

Asked = TypeVar("Asked")
V = TypeVar("V")


@dataclass(frozen=True)
class Paused:
    """The ways into a machine that runs no guest: its memory and I/O ports, its configuration
    space, and the files that QEMU has for the firmware.

    Buses have numbers, and nothing else is written: a reader leaves what it writes as it found
    it, or writes only what no other reader reads. Nobody reads configuration space any more.
    """

    qtest: Qtest
    access: ConfigAccess
    firmware: FwCfg


@dataclass(frozen=True)
class Emulated:
    """A machine that QEMU has started, and what it has said of it already.

    `tree` are its functions by path, those that no guest finds included; `stated_macs` the MAC
    addresses that the configuration states. `paused` is None where a guest runs, for the machine
    is the guest's then.
    """

    monitor: Monitor
    tree: Mapping[TopologyPath, TreeFunction]
    stated_macs: frozenset[str]
    paused: Paused | None


@dataclass(frozen=True)
class FunctionReader(Generic[Asked, V]):
    """Reads the facts of one family: that of a function, UNREAD where the source does not
    tell it."""

    key: Key[V]
    read: Callable[[Asked, PlacedFunction], V | Unread]


@dataclass(frozen=True)
class FunctionsReader(Generic[Asked, V]):
    """Reads the facts of one family of all functions at once, by path: for each answer is waited
    for. A function that is not among them has UNREAD."""

    key: Key[V]
    read: Callable[[Asked, Sequence[PlacedFunction]], Mapping[TopologyPath, V]]


@dataclass(frozen=True)
class MachineReader(Generic[Asked, V]):
    """Reads the one fact of a family about the machine."""

    key: Key[V]
    read: Callable[[Asked], V | Unread]


Reader = FunctionReader[Any, Any] | FunctionsReader[Any, Any] | MachineReader[Any, Any]


@cache
def readers_in(package: ModuleType) -> Sequence[Reader]:
    """All readers in the modules of a package, by the names of the modules."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = (importlib.import_module(f"{package.__name__}.{name}") for name in names)
    return tuple(reader for module in modules for reader in module.READERS)


def chosen_readers(package: ModuleType, families: frozenset[str]) -> Sequence[Reader]:
    """The readers in a package that read facts of these families, given by name."""
    return tuple(reader for reader in readers_in(package) if reader.key.name in families)


def with_facts(
    functions: Sequence[PlacedFunction], source: object, readers: Iterable[Reader]
) -> tuple[PlacedFunction, ...]:
    """The functions with the facts that these readers find in the source."""
    facts = [function.facts for function in functions]
    for reader in readers:
        if isinstance(reader, MachineReader):
            continue
        found = _read(reader, functions, source)
        facts = [known.having(reader.key, fact) for known, fact in zip(facts, found, strict=True)]
    return tuple(function.having(known) for function, known in zip(functions, facts, strict=True))


def _read(
    reader: FunctionReader[Any, Any] | FunctionsReader[Any, Any],
    functions: Sequence[PlacedFunction],
    source: object,
) -> list[Any]:
    if isinstance(reader, FunctionReader):
        return [reader.read(source, function) for function in functions]
    by_path = reader.read(source, functions)
    return [by_path.get(function.path, UNREAD) for function in functions]


def machine_facts(source: object, readers: Iterable[Reader]) -> Facts:
    """The facts about the machine that these readers find in the source."""
    facts = Facts()
    for reader in readers:
        if isinstance(reader, MachineReader):
            facts = facts.having(reader.key, reader.read(source))
    return facts
