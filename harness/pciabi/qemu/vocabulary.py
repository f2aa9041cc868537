"""What a QEMU knows, whatever machine it runs: machine types, types of devices and other objects
with what each is made of, and which properties they take. It is asked, not assumed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from pciabi.errors import QemuError
from pciabi.qemu.answers import MACHINES, NAMES, NO_QMP, TYPES, MachineType, shaped
from pciabi.qemu.monitor import Monitor, Refused

ARGUMENTS = ("-machine", "none", "-nodefaults", "-no-user-config")
"""The arguments of a QEMU that is only asked: it makes no machine."""

DEVICE = "device"
PCI_DEVICE = "pci-device"
"""What every device and every PCI device is made of, by QEMU's name."""

_MACHINE_SUFFIX = "-machine"


def type_of_machine(name: str) -> str:
    """The type that a machine type is among QEMU's objects."""
    return name + _MACHINE_SUFFIX


@dataclass(frozen=True)
class Vocabulary:
    """What one QEMU knows. `parents` has every type, with the one it is made of (None for the
    last); `properties` those of the types that were asked of."""

    machines: tuple[MachineType, ...]
    parents: Mapping[str, str | None]
    properties: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def machine(self, name: str) -> MachineType | None:
        """The machine type of a name or an alias, None where it has none."""
        return next((one for one in self.machines if name in (one.name, one.alias)), None)

    def has(self, name: str) -> bool:
        """Whether it knows a type, abstract ones included."""
        return name in self.parents

    def ancestors(self, name: str) -> Iterator[str]:
        """A type it knows, then what that is made of, up to the last; nothing of another type."""
        seen: set[str] = set()
        at: str | None = name
        # A program that is no QEMU may name a ring.
        while at is not None and at not in seen and at in self.parents:
            yield at
            seen.add(at)
            at = self.parents[at]

    def is_made_of(self, name: str, ancestor: str) -> bool:
        """Whether a type is another one or made of it."""
        return ancestor in self.ancestors(name)


def ask(monitor: Monitor) -> Vocabulary:
    """Machine types and types, without properties. Raises QemuError, also for one that has none:
    then nothing would be known of what it lacks."""
    machines = _machines(monitor)
    answer = monitor.execute("qom-list-types", {"abstract": True})
    types = {one.name: one.parent for one in shaped(answer, TYPES, "qom-list-types")}
    if not machines or DEVICE not in types:
        command = "qom-list-types" if machines else "query-machines"
        raise QemuError(f"{NO_QMP}its answer to {command}: it names none")
    return Vocabulary(machines, types)


def ask_properties(monitor: Monitor, types: Collection[str]) -> Mapping[str, frozenset[str]]:
    """The names of the properties of types that QEMU knows, its own included (`realized`). One in
    a module that cannot be loaded is not among them.

    Raises QemuError.
    """
    found = {}
    for name in sorted(types):
        try:
            answer = monitor.execute("qom-list-properties", {"typename": name})
        except Refused:
            continue
        listed = shaped(answer, NAMES, "qom-list-properties")
        # Every type has one at least, and what says otherwise says nothing of what is gone.
        if listed:
            found[name] = frozenset(one.name for one in listed)
    return found


def _machines(monitor: Monitor) -> tuple[MachineType, ...]:
    """Those of `query-machines`, with compat properties where QEMU can tell them."""
    try:
        answer = monitor.execute("query-machines", {"compat-props": True})
    except Refused:
        answer = monitor.execute("query-machines")
    return shaped(answer, MACHINES, "query-machines")
