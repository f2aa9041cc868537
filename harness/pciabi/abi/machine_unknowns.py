"""What two snapshots leave open about the machine as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.snapshot import MACHINE_TYPE, Snapshot, Substitution
from pciabi.abi.unknown import Unknown
from pciabi.pci.address import GuestAddress

_LABEL = "the VM"
# Where nothing was read there is nothing to name.
_NOWHERE = GuestAddress(0, 0, 0, 0)


def machine_unknowns(before: Snapshot, after: Snapshot) -> Iterator[Unknown]:
    """The machine type, where either side had another one than its configuration says. It is told
    of the first function, the host bridge."""
    old, new = _other_type(before), _other_type(after)
    if old or new:
        yield Unknown(
            device=f"{before.provenance.machine}-machine",
            id=None,
            label=_LABEL,
            field=MACHINE_TYPE,
            why_before=old,
            why_after=new,
            address_before=_first(before),
            address_after=_first(after),
            excused=old == new,
        )


def _other_type(snapshot: Snapshot) -> str:
    types = (one for one in snapshot.substitutions if MACHINE_TYPE in one.unknown)
    return "; ".join(dict.fromkeys(map(_told, types)))


def _told(one: Substitution) -> str:
    return f"{one.inert} stood in for {one.option}"


def _first(snapshot: Snapshot) -> GuestAddress:
    return min((function.address for function in snapshot.functions), default=_NOWHERE)
