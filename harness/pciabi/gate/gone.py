"""What of a configuration one QEMU knows and another one does not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.errors import SourcePosition
from pciabi.qemu.vocabulary import PCI_DEVICE, Vocabulary, type_of_machine
from pciabi.result.will_not_start import Gone, Missing
from pciabi.source.naming import Named, Sort

# A type without which QEMU refuses the option. It only warns of `-global` for one it lacks.
_TYPES: Mapping[Sort, Missing] = MappingProxyType(
    {
        Sort.DEVICE: Missing.DEVICE,
        Sort.OBJECT: Missing.OBJECT,
        # To QEMU each model is a type, to people a value of `-cpu`.
        Sort.PROCESSOR: Missing.VALUE,
    }
)
# In the name of a property that is one element of a list.
_ELEMENT = "["


@dataclass(frozen=True)
class Refused:
    """A VM that the earlier QEMU ran, with its versioned machine type there and the types of its
    PCI devices; `place` is what the later QEMU's refusal is about."""

    machine: str
    devices: frozenset[str]
    place: SourcePosition


@dataclass(frozen=True)
class Vocabularies:
    """What the two QEMUs know, asked for the properties of `types_to_ask`. `old` is None where
    nobody can be asked, as of a VM that was recorded: it ran, so all that it names was known."""

    old: Vocabulary | None
    new: Vocabulary

    def lacks_machine(self, name: str) -> bool:
        """Whether only the earlier one has a machine type."""
        had = self.old is None or self.old.machine(name) is not None
        return had and self.new.machine(name) is None

    def lacks_type(self, name: str) -> bool:
        """Whether only the earlier one has a type."""
        return (self.old is None or self.old.has(name)) and not self.new.has(name)

    def lacks_property(self, of: str, name: str) -> bool:
        """Whether only the earlier one has a property of a type."""
        new = self.new.properties.get(of)
        if new is None or name in new or _ELEMENT in name:
            return False
        return self.old is None or name in self.old.properties.get(of, ())

    def is_made_of(self, name: str, ancestor: str) -> bool:
        """Whether a type of the earlier one is another type or made of it."""
        return (self.old or self.new).is_made_of(name, ancestor)


def gone(named: Sequence[Named], refused: Refused, both: Vocabularies) -> tuple[Gone, ...]:
    """All that a configuration names and only the earlier QEMU knows, in the configuration's order,
    each once, at its first place."""
    found: dict[tuple[Missing, str], Gone] = {}
    for one in named:
        for missing in _gone(one, named, refused, both):
            found.setdefault((missing.what, missing.name), missing)
    return tuple(found.values())


def types_to_ask(named: Sequence[Named], machine: str) -> frozenset[str]:
    """The types whose properties tell what is gone; `machine` is a machine type's versioned
    name."""
    types = (one.type for one in named if one.properties and one.sort is not Sort.MACHINE)
    return frozenset((*types, type_of_machine(machine)))


def refused_value(named: Sequence[Named], place: SourcePosition) -> tuple[Gone, ...]:
    """The option at a place as a value that the later QEMU does not take: it knows all that the
    option names."""
    at = (one for one in named if one.place == place)
    return tuple(Gone(Missing.VALUE, one.written, one.place) for one in at)[:1]


def _gone(
    one: Named, named: Sequence[Named], refused: Refused, both: Vocabularies
) -> Iterator[Gone]:
    if one.sort is Sort.MACHINE:
        if _is_last_type(one, named) and both.lacks_machine(one.type):
            yield Gone(Missing.MACHINE_TYPE, one.type, one.place)
        yield from _machine_properties(one, refused, both)
    elif one.sort in _TYPES and both.lacks_type(one.type):
        name = one.written if one.sort is Sort.PROCESSOR else one.type
        yield Gone(_TYPES[one.sort], name, one.place)
    elif one.sort is not Sort.EVERY or _is_used(one, refused, both):
        for name in one.properties:
            if both.lacks_property(one.type, name):
                yield Gone(Missing.PROPERTY, f"{one.type}.{name}", one.place)


def _is_last_type(one: Named, named: Sequence[Named]) -> bool:
    """Whether it says the machine type that counts: of several QEMU takes the last."""
    types = [other for other in named if other.sort is Sort.MACHINE and other.type]
    return bool(types) and types[-1] is one


def _machine_properties(one: Named, refused: Refused, both: Vocabularies) -> Iterator[Gone]:
    machine = type_of_machine(refused.machine)
    for name in one.properties:
        # `smp.cpus` is a part of `smp`; in what shapes the machine `_` is as good as `-`.
        if both.lacks_property(machine, name.partition(".")[0].replace("_", "-")):
            yield Gone(Missing.PROPERTY, f"machine.{name}", one.place)


def _is_used(one: Named, refused: Refused, both: Vocabularies) -> bool:
    """Whether QEMU applies a `-global`: it does not look at those of devices that a VM has not,
    but for some of which it makes one by itself, as of virtio-net-pci. Of devices that are not on
    PCI nobody has looked whether they are there."""
    if one.place == refused.place or not both.is_made_of(one.type, PCI_DEVICE):
        return True
    return any(both.is_made_of(device, one.type) for device in refused.devices)
