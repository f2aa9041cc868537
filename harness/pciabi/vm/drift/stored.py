"""What differs between two domains as two libvirts store them: addresses, devices, models and
attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.errors import SourcePosition
from pciabi.vm.drift.device_pairs import paired
from pciabi.vm.drift.drift import MACHINE_TYPE, Drift, Kind
from pciabi.vm.drift.made_domain import MadeDomain
from pciabi.vm.drift.pci_place import PciPlace, pci_place
from pciabi.vm.libvirt_devices import device_model, model
from pciabi.vm.xml_tree import Element

# The host's side of a domain, which is no hardware of the guest's.
_HOSTS = frozenset({"emulator", "graphics", "audio"})
# Where a model stands in an element, by the words of `_facts`.
_MODELS = frozenset(
    {
        "@model",
        "@bus",
        "model@type",
        "model@name",
        "model@device",
        "target@type",
        "target/model@name",
        "driver@name",
    }
)
# What is no hardware: what belongs to the host, what libvirt makes up, and what is compared apart.
_PASSED_OVER: Mapping[str, str] = MappingProxyType(
    {
        "alias": "what libvirt calls it",
        "backend": "the host's side of the device",
        "mac@address": "libvirt makes one up where none is written, at random",
        "protocol": "the host's side of a redirected device",
        "source": "the host's side of the device",
        "cid@address": "libvirt makes one up",
    }
)
# What is no device and shapes hardware, by the element below <domain> and the words of `_facts`.
_OF_THE_MACHINE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "os": frozenset({"type@arch", "type@machine", "loader", "loader@type", "@firmware"}),
        "features": frozenset(),
        "clock": frozenset(),
        "pm": frozenset(),
    }
)
_TYPE = "type@machine"


def stored(before: MadeDomain, after: MadeDomain) -> Iterator[Drift]:
    """Everything that differs, in the order of the XML; the machine itself first."""
    yield from _of_the_machine(before.root, after.root)
    pairs = paired(*(_guests(made) for made in (before, after)))
    for old, new in pairs.both:
        yield from _between(_Device(before, old), _Device(after, new))
    for device in pairs.only_before:
        one = _Device(before, device)
        yield Drift(Kind.IMPLICIT, one.name, "", one.words, "", device.start, one.ids)
    for device in pairs.only_after:
        one = _Device(after, device)
        yield Drift(Kind.IMPLICIT, one.name, "", "", one.words, device.start, one.ids)


def _guests(made: MadeDomain) -> list[Element]:
    return [device for device in made.devices if device.name not in _HOSTS]


@dataclass(frozen=True)
class _Device:
    """A device of what a libvirt made."""

    of: MadeDomain
    element: Element

    @property
    def name(self) -> str:
        """What its owner calls it."""
        return name_of(self.element)

    @property
    def ids(self) -> tuple[str, ...]:
        found = self.of.id_of(self.element)
        return (found,) if found is not None else ()

    @property
    def place(self) -> PciPlace | None:
        return pci_place(self.of.devices, self.element)

    @property
    def words(self) -> str:
        """Its model and its place, as far as they are written."""
        place = self.place
        parts = [model(self.element), f"at {place}" if place is not None else ""]
        return " ".join(filter(None, parts)) or "there"


def name_of(element: Element) -> str:
    """What the owner of a domain calls one of its devices: as lint does, or `watchdog itco`,
    `input mouse`, `controller ccid 0`, `serial 0`."""
    found = device_model(element)
    if found is not None:
        return found.name
    own, target = element.attributes, element.child("target")
    if target is not None:
        told = target.attributes.get("name") or target.attributes.get("port", "")
        return f"{element.name} {told}".strip()
    kind = own.get("type") or model(element)
    return " ".join(filter(None, (element.name, kind, own.get("index", ""))))


def _between(before: _Device, after: _Device) -> Iterator[Drift]:
    place, ids = after.element.start, tuple(dict.fromkeys((*before.ids, *after.ids)))
    old, new = before.place, after.place
    if old is not None and new is not None and old.hops != new.hops:
        shown = (str(old), str(new)) if old.written != new.written else (old.path, new.path)
        yield Drift(Kind.ALLOCATION, after.name, "address", *shown, place, ids)
    for path, told in _differing(before.element, after.element):
        if path.startswith("address@") and not _is_compared(path, old, new):
            continue
        kind = Kind.MODEL if path in _MODELS else Kind.ATTRIBUTE
        yield Drift(kind, after.name, _shown(path), *told, place, ids)


def _is_compared(path: str, old: PciPlace | None, new: PciPlace | None) -> bool:
    """Whether a part of an address is one for itself: of PCI addresses it is the place that is,
    and what is said beside it."""
    on_pci = old is not None and new is not None
    return not on_pci or path == "address@multifunction"


def _of_the_machine(before: Element, after: Element) -> Iterator[Drift]:
    for name, wanted in _OF_THE_MACHINE.items():
        empty = Element(name, {}, after.start)
        old, new = (root.merged(name) or empty for root in (before, after))
        for path, told in _differing(old, new):
            if wanted and path not in wanted:
                continue
            is_type = path == _TYPE
            kind = Kind.MODEL if is_type else Kind.ATTRIBUTE
            field = MACHINE_TYPE if is_type else f"{name} {_shown(path)}".strip()
            yield Drift(kind, "machine", field, *told, _where(path, new))


def _where(path: str, element: Element) -> SourcePosition:
    child = element.child(path.partition("@")[0].partition("/")[0])
    return (child or element).start


def _differing(before: Element, after: Element) -> Iterator[tuple[str, tuple[str, str]]]:
    """The words whose values differ, with both values."""
    old, new = dict(_facts(before, "")), dict(_facts(after, ""))
    for path in dict.fromkeys((*old, *new)):
        told = old.get(path, ""), new.get(path, "")
        if told[0] != told[1] and not _is_passed_over(path):
            yield path, told


def _is_passed_over(path: str) -> bool:
    return any(path == one or path.startswith((f"{one}@", f"{one}/")) for one in _PASSED_OVER)


def _facts(element: Element, above: str) -> Iterator[tuple[str, str]]:
    """All that an element says: `model@type`, `target@chassis`, `driver` (an element's text, or
    `there` where it has none). Of several children of one name the later ones are numbered."""
    for name, value in element.attributes.items():
        yield f"{above}@{name}", value
    seen: dict[str, int] = {}
    for child in element.children:
        number = seen[child.name] = seen.get(child.name, 0) + 1
        own = child.name if number == 1 else f"{child.name}[{number}]"
        path = f"{above}/{own}" if above else own
        text = child.text.strip()
        if text or not child.attributes:
            yield path, text or "there"
        yield from _facts(child, path)


def _shown(path: str) -> str:
    """The words as people read them: `target chassis`, `model`."""
    return path.lstrip("@").replace("@", " ").replace("/", " ").replace("model type", "model")
