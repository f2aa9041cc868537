"""What SMBIOS tells a guest of the machine: what kind of entry point leads to the table, what the
structures of types 1 to 3 call the machine, and which PCI devices structures of types 9 and 41
name.

Installers, licences and inventories know a machine by those names; QEMU puts the machine type in
two of them. Linux makes `eno1` of the number that a structure of type 41 gives a NIC. Structures
of other types are not compared: processors and memory (4, 16, 17, 19) are no PCI hardware, and
free strings (11) are not read. Type 0 tells of the firmware, which makes it where no option does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.family import Concern, MachineFamily, as_it_is
from pciabi.abi.judgement import breaking, notable
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both, Opening, Reason, left_out
from pciabi.abi.snapshot import SMBIOS_TABLES, Snapshot
from pciabi.pci.facts import UNREAD, Key
from pciabi.pci.function import Stored
from pciabi.smbios.entry_point import EntryPoint
from pciabi.smbios.named_devices import NamedDevice
from pciabi.smbios.named_fields import NamedField

CHANGED = Kind(
    "smbios",
    rank=240,
    advice=Advice(
        "SMBIOS changed",
        "What SMBIOS calls the machine, a device that it names, or its entry point differs.",
        "State the old text with `-smbios type=…` (libvirt's <sysinfo>), keep `-smbios type=41` "
        "as it was, and set `smbios-entry-point-type=` of the machine.",
    ),
)
_NAMES_A_DEVICE = breaking("guests name the device by it, as Linux does with `eno1`")
_NAMES_NO_DEVICE = notable("it names a place where no device is")
_NAME = notable("installers, licences and inventories read it, and no driver depends on it")
_ENTRY_POINT = notable("an old guest that does not know the new kind finds no table at all")

_FIRMWARES = "the firmware makes them, QEMU has none for this machine type"


@dataclass(frozen=True)
class Smbios(Stored):
    """What the table says: the entry point that leads to it, the texts that name the machine, and
    the devices and slots that have a name."""

    entry_point: EntryPoint
    texts: tuple[NamedField, ...]
    devices: tuple[NamedDevice, ...]


KEY: Key[Smbios | None] = Key("smbios")
"""None where QEMU makes no table for the machine, and the firmware makes its own."""


def _differences(
    before: Smbios | None, after: Smbios | None, both: Both[Snapshot]
) -> Iterator[Difference]:
    sides = both.before, both.after
    if before is None or after is None or any(left_out(side, SMBIOS_TABLES) for side in sides):
        return
    if before.entry_point != after.entry_point:
        entries = str(before.entry_point), str(after.entry_point)
        yield Difference(CHANGED, _ENTRY_POINT, "SMBIOS entry point", *entries)
    yield from _text_differences(before, after)
    yield from _device_differences(before, after, both)


def _text_differences(before: Smbios, after: Smbios) -> Iterator[Difference]:
    old, new = ({(t.structure, t.field): t.text for t in side.texts} for side in (before, after))
    for structure, field in dict.fromkeys((*old, *new)):
        one, two = (side.get((structure, field), ABSENT) for side in (old, new))
        if one != two:
            yield Difference(CHANGED, _NAME, f"{structure}: {field}", one, two)


def _device_differences(
    before: Smbios, after: Smbios, both: Both[Snapshot]
) -> Iterator[Difference]:
    taken = {str(one.address) for side in (both.before, both.after) for one in side.functions}
    old, new = _by_place(before), _by_place(after)
    for structure, address in sorted(old.keys() | new.keys()):
        one, two = (side.get((structure, address), ABSENT) for side in (old, new))
        if one != two:
            judgement = _NAMES_A_DEVICE if address in taken else _NAMES_NO_DEVICE
            yield Difference(CHANGED, judgement, f"{structure}: {address}", one, two)


def _by_place(smbios: Smbios) -> dict[tuple[str, str], str]:
    """What is said of each place, by all structures that name it."""
    said: dict[tuple[str, str], list[str]] = {}
    for device in smbios.devices:
        said.setdefault(_place(device), []).append(str(device))
    return {place: "; ".join(names) for place, names in said.items()}


def _place(device: NamedDevice) -> tuple[str, str]:
    """What tells it from others."""
    return device.structure, device.address or "off PCI"


def _openings(both: Both[Snapshot]) -> Iterator[Opening]:
    sides = (both.before, both.after)
    unread_before, unread_after = (side.facts.get(KEY) is UNREAD for side in sides)
    if unread_before and unread_after:
        # Nobody looked at it, and the scope says so.
        return
    silent = both.silent(SMBIOS_TABLES, before=unread_before, after=unread_after)
    before, after = (_why_not_known(side) for side in sides)
    before, after = before or silent.why_before, after or silent.why_after
    if before or after:
        yield Opening(SMBIOS_TABLES, before, after)


def _why_not_known(snapshot: Snapshot) -> Reason | None:
    """Why the tables are not those of the user's machine, though they were asked for."""
    reason = left_out(snapshot, SMBIOS_TABLES)
    if reason is None and snapshot.facts.get(KEY) is None:
        return Reason(_FIRMWARES, frozenset({_FIRMWARES}))
    return reason


def _shown(smbios: Smbios | None) -> Iterator[str]:
    if smbios is None:
        yield f"SMBIOS: {_FIRMWARES}"
        return
    yield f"SMBIOS entry point: {smbios.entry_point}"
    for structure in dict.fromkeys(text.structure for text in smbios.texts):
        fields = (f"{t.field} {t.text!r}" for t in smbios.texts if t.structure == structure)
        yield f"{structure}: {', '.join(fields)}"
    for device in smbios.devices:
        yield f"{': '.join(_place(device))}: {device}"


FAMILY = MachineFamily(
    key=KEY,
    title="SMBIOS names and devices (types 1 to 3, 9 and 41)",
    rank=240,
    form=as_it_is(Smbios | None),
    kinds=(CHANGED,),
    judgements=(_NAMES_A_DEVICE, _NAMES_NO_DEVICE, _NAME, _ENTRY_POINT),
    differences=_differences,
    openings=_openings,
    shown=_shown,
    concern=Concern.FIRMWARE_TABLES,
)
