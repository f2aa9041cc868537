"""What else than the devices read was replaced, the same in every report of a comparison. Pure.

What is not known of a device because of it stands beside the device.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.snapshot import Snapshot, Substitution
from pciabi.result.judged import JudgedComparison


def of_no_device(snapshot: Snapshot) -> tuple[Substitution, ...]:
    """The substitutions that are of the machine as a whole, or of what is not on PCI."""
    ids = {one.qdev_id for one in snapshot.functions} - {None}
    types = {one.device for one in snapshot.functions} - {None}
    found = {
        (one.option, one.inert): one
        for one in snapshot.substitutions
        if one.qdev_id not in ids and (one.qdev_id is not None or one.device not in types)
    }
    return tuple(found.values())


def lines(comparison: JudgedComparison) -> Iterator[str]:
    """Such as `substituted: -cpu max for -cpu host`, for each side where they are not the same."""
    before, after = _words(comparison.before.snapshot), _words(comparison.after.snapshot)
    apart = ((" before", before), (" after", after))
    sides = apart if before != after else (("", before),)
    yield from (f"substituted{side}: {words}" for side, words in sides if words)


def _words(snapshot: Snapshot) -> str:
    return "; ".join(f"{one.inert} for {one.option}" for one in of_no_device(snapshot))
