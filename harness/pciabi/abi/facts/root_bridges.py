"""What ACPI calls the root bridges: `_HID`, `_CID`, `_UID`, `_SEG` and `_BBN` of each; and the
NUMA node that each is near to, `_PXM`.

Windows names a root bridge by `_HID` and `_UID`, and every PCI device by the root bridge that it
is below: when QEMU 5.2 made `_UID` 0 of 1, each guest found all its PCI devices anew. Root
bridges are matched by the bus that they lead to, never by their names in AML. `_UID` is a number
or a text; one that is absent is no 0. All that is below an expander bridge with `numa_node=` has
its node by `_PXM`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.facts import acpi_tables
from pciabi.abi.family import Concern, MachineFamily, as_it_is
from pciabi.abi.judgement import breaking, notable
from pciabi.abi.kind import KEEP, Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.snapshot import Snapshot
from pciabi.pci.facts import UNREAD, Key
from pciabi.pci.function import Stored

_PXM = "_PXM"


@dataclass(frozen=True)
class RootBridge(Stored):
    """A root bridge, as ACPI declares it; None is what it does not declare."""

    hid: str | None
    cid: tuple[str, ...]
    uid: int | str | None
    seg: int | None
    bbn: int | None
    pxm: int | None

    @property
    def bus(self) -> int:
        """The bus that it leads to: 0 where `_BBN` is absent."""
        return self.bbn or 0

    def objects(self) -> Mapping[str, str]:
        """The printable values of its objects, by their names."""
        cid = " ".join(self.cid) or ABSENT
        uid = f'"{self.uid}"' if isinstance(self.uid, str) else _number(self.uid)
        numbers = {"_SEG": self.seg, "_BBN": self.bbn, _PXM: self.pxm}
        texts = {"_HID": self.hid or ABSENT, "_CID": cid, "_UID": uid}
        return texts | {name: _number(value) for name, value in numbers.items()}


KEY: Key[tuple[RootBridge, ...]] = Key("root-bridges")

CHANGED = Kind(
    "root-bridge",
    rank=300,
    advice=Advice(
        "Root bridge changed",
        "ACPI gives a root bridge another identity, and Windows takes every PCI device below it "
        "for new hardware; or another NUMA node (`_PXM`).",
        KEEP,
    ),
)
_IDENTITY = breaking("guests know a root bridge, and all that is below it, by it")
_PROXIMITY = notable("guests place memory and interrupts of what is below near the node")


def _number(value: int | None) -> str:
    return ABSENT if value is None else str(value)


def _differences(
    before: tuple[RootBridge, ...], after: tuple[RootBridge, ...], _: Both[Snapshot]
) -> Iterator[Difference]:
    old, new = _by_place(before), _by_place(after)
    for place in sorted(old.keys() | new.keys()):
        bus = f"root bus {place[0]:x}"
        one, two = old.get(place), new.get(place)
        if one is None or two is None:
            yield Difference(CHANGED, _IDENTITY, bus, _all_of(one), _all_of(two))
            continue
        had, has = one.objects(), two.objects()
        for name in had:
            if had[name] != has[name]:
                judgement = _PROXIMITY if name == _PXM else _IDENTITY
                yield Difference(CHANGED, judgement, f"{name} of {bus}", had[name], has[name])


def _by_place(bridges: tuple[RootBridge, ...]) -> Mapping[tuple[int, int], RootBridge]:
    """Root bridges by bus, and by their order among those of one bus."""
    found: dict[tuple[int, int], RootBridge] = {}
    for bridge in bridges:
        before = sum(1 for bus, _ in found if bus == bridge.bus)
        found[bridge.bus, before] = bridge
    return found


def _all_of(bridge: RootBridge | None) -> str:
    if bridge is None:
        return ABSENT
    present = (f"{name} {value}" for name, value in bridge.objects().items() if value != ABSENT)
    return ", ".join(present) or "without a name"


def _openings(both: Both[Snapshot]) -> Iterator[Opening]:
    before, after = (side.facts.get(KEY) is UNREAD for side in (both.before, both.after))
    yield from acpi_tables.openings_of("root bridges", both, before=before, after=after)


def _shown(bridges: tuple[RootBridge, ...]) -> Iterator[str]:
    for bridge in bridges:
        yield f"root bus {bridge.bus:x}: {_all_of(bridge)}"


FAMILY = MachineFamily(
    key=KEY,
    title="root bridges",
    rank=300,
    form=as_it_is(tuple[RootBridge, ...]),
    kinds=(CHANGED,),
    judgements=(_IDENTITY, _PROXIMITY),
    differences=_differences,
    concern=Concern.FIRMWARE_TABLES,
    openings=_openings,
    shown=_shown,
)
