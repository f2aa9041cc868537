"""The ACPI tables that QEMU makes: which there are, a hash of each, and the buses that MCFG's
windows reach.

A guest learns from them what configuration space does not tell. A table that comes or goes turns
a feature of the guest on or off. Their bytes differ between releases without any guest noticing;
what matters in their AML is told by families of its own. Left out of the hashes is what others
decide: addresses and checksums, which the firmware fills in, and where MCFG's windows are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.family import Concern, MachineFamily, as_it_is
from pciabi.abi.judgement import benign, notable
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both, Opening, Reason, left_out
from pciabi.abi.snapshot import ACPI_TABLES, Snapshot
from pciabi.pci.facts import UNREAD, Key
from pciabi.pci.function import Stored


@dataclass(frozen=True)
class AcpiTable(Stored):
    """A table: its signature, its maker's name for it, and a hash of its bytes, shortened."""

    signature: str
    oem_table_id: str
    hash: str


@dataclass(frozen=True)
class EcamWindow(Stored):
    """The buses of a segment whose configuration space MCFG says where to find."""

    segment: int
    first_bus: int
    last_bus: int


@dataclass(frozen=True)
class AcpiTables(Stored):
    """The tables, in their order; none where ACPI is switched off. `problem` says why it is not
    known what they declare, and is None where it is."""

    tables: tuple[AcpiTable, ...]
    windows: tuple[EcamWindow, ...]
    problem: str | None


KEY: Key[AcpiTables] = Key("acpi-tables")
OF_FIRMWARE = AcpiTables((), (), "the firmware makes them")
"""Those of machine types up to 1.6, for which QEMU makes none."""

CHANGED = Kind(
    "acpi-table",
    rank=330,
    advice=Advice(
        "ACPI tables changed",
        "An ACPI table came or went, or its bytes differ.",
        "Look at what the table is for; keep the old machine type where a guest needs it.",
    ),
)
_SET = notable("a guest turns features on and off by the tables it finds")
_WINDOWS = notable("PCIEXBAR decides it, which the firmware writes")
_AML = benign(
    "methods and names in AML change between releases; what devices it declares is compared"
)
_CONTENT = benign("no more is compared of these tables than that they are there")

Hashes = Mapping[str, tuple[str, ...]]
"""The hashes of tables by what the tables are called."""

_PRESENCE = {False: ABSENT, True: "present"}
_AML_TABLES = frozenset({"DSDT", "SSDT"})


def _differences(before: AcpiTables, after: AcpiTables, _: Both[Snapshot]) -> Iterator[Difference]:
    if _is_unknown(before) or _is_unknown(after):
        return
    old, new = _by_name(before.tables, after.tables)
    for name in sorted(old.keys() ^ new.keys()):
        before_it, after_it = (_PRESENCE[name in side] for side in (old, new))
        yield Difference(CHANGED, _SET, f"ACPI table {name}", before_it, after_it)
    changed = [name for name in old if name in new and old[name] != new[name]]
    aml = [name for name in changed if name.partition(" ")[0] in _AML_TABLES]
    if aml:
        yield Difference(CHANGED, _AML, "AML", _hashes(aml, old), _hashes(aml, new))
    others = [name for name in changed if name not in aml]
    if others:
        field = "content of ACPI tables"
        yield Difference(CHANGED, _CONTENT, field, _hashes(others, old), _hashes(others, new))
    if before.windows != after.windows:
        yield Difference(CHANGED, _WINDOWS, "MCFG", _reach(before), _reach(after))


def _by_name(before: Sequence[AcpiTable], after: Sequence[AcpiTable]) -> tuple[Hashes, Hashes]:
    """The hashes by signature; by the maker's name as well where a side has several tables of a
    signature."""
    sides = [[one.signature for one in side] for side in (before, after)]
    several = {name for side in sides for name in side if side.count(name) > 1}

    def hashes(side: Sequence[AcpiTable]) -> Hashes:
        found: dict[str, tuple[str, ...]] = {}
        for one in side:
            name = f"{one.signature} {one.oem_table_id}".rstrip()
            key = name if one.signature in several else one.signature
            found[key] = tuple(sorted((*found.get(key, ()), one.hash)))
        return found

    return hashes(before), hashes(after)


def _hashes(names: Iterable[str], found: Hashes) -> str:
    return ", ".join(f"{name} {' '.join(found[name])}" for name in names)


def _reach(tables: AcpiTables) -> str:
    shown = (
        f"segment {one.segment}, buses {one.first_bus:02x} to {one.last_bus:02x}"
        for one in tables.windows
    )
    return "; ".join(shown) or ABSENT


def _is_unknown(tables: AcpiTables) -> bool:
    """Whether not even the tables could be told apart."""
    return tables.problem is not None and not tables.tables


def openings_of(
    field: str, both: Both[Snapshot], *, before: bool, after: bool
) -> Iterator[Opening]:
    """What is left open on these sides of something that the tables tell, and why it is."""
    if before or after:
        silent = both.silent(field, before=before, after=after)
        old = _why_unread(both.before) if before else None
        new = _why_unread(both.after) if after else None
        yield Opening(field, old or silent.why_before, new or silent.why_after)


def _why_unread(snapshot: Snapshot) -> Reason | None:
    """Why what the tables tell was not read; None where nobody looked."""
    tables = snapshot.facts.get(KEY)
    if tables is UNREAD or tables.problem is None:
        return None
    return Reason(tables.problem, frozenset({tables.problem}))


def _openings(both: Both[Snapshot]) -> Iterator[Opening]:
    sides = both.before, both.after
    unread_before, unread_after = (side.facts.get(KEY) is UNREAD for side in sides)
    silent = both.silent(ACPI_TABLES, before=unread_before, after=unread_after)
    before = silent.why_before or _why_open(both.before)
    after = silent.why_after or _why_open(both.after)
    if before or after:
        yield Opening(ACPI_TABLES, before, after)


def _why_open(snapshot: Snapshot) -> Reason | None:
    """Why the tables that were read are not all that the user's machine has."""
    why = _why_unread(snapshot), left_out(snapshot, ACPI_TABLES)
    reasons = [reason for reason in why if reason is not None]
    if not reasons:
        return None
    words = "; ".join(reason.words for reason in reasons)
    return Reason(words, frozenset().union(*(reason.kinds for reason in reasons)))


def _shown(tables: AcpiTables) -> Iterator[str]:
    names = ", ".join(one.signature for one in tables.tables) or "none"
    yield f"ACPI tables: {names}"
    if tables.windows:
        yield f"MCFG: {_reach(tables)}"
    if tables.problem is not None:
        yield f"ACPI tables: what they declare is not known: {tables.problem}"


FAMILY = MachineFamily(
    key=KEY,
    title="ACPI tables",
    rank=330,
    form=as_it_is(AcpiTables),
    kinds=(CHANGED,),
    judgements=(_SET, _WINDOWS, _AML, _CONTENT),
    differences=_differences,
    concern=Concern.FIRMWARE_TABLES,
    openings=_openings,
    shown=_shown,
)
