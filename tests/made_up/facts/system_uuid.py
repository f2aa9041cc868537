"""The UUID of the machine, by which guests and licences know it."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.difference import Difference
from pciabi.abi.family import Concern, MachineFamily, as_it_is, left_open_where_unread
from pciabi.abi.judgement import breaking
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both
from pciabi.abi.snapshot import Snapshot
from pciabi.pci.facts import Key

KEY: Key[str] = Key("system-uuid")

CHANGED = Kind(
    "system-uuid",
    rank=200,
    advice=Advice(
        "System UUID changed", "Guests know the machine by its UUID.", "State the old `-uuid`."
    ),
)
_KNOWN_BY_IT = breaking("guests know the machine by it")


def _differences(before: str, after: str, _: Both[Snapshot]) -> Iterator[Difference]:
    if before != after:
        yield Difference(CHANGED, _KNOWN_BY_IT, "system UUID", before, after)


FAMILY = MachineFamily(
    key=KEY,
    title="system UUID",
    rank=500,
    form=as_it_is(str),
    kinds=(CHANGED,),
    judgements=(_KNOWN_BY_IT,),
    differences=_differences,
    openings=left_open_where_unread(KEY, "system UUID"),
    # SMBIOS has it.
    concern=Concern.FIRMWARE_TABLES,
)
