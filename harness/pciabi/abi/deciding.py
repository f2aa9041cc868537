"""Which property decides what differs, said beside it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pciabi.abi.decided_facts import facts_decided_by
from pciabi.abi.difference import Difference
from pciabi.abi.facts import properties
from pciabi.abi.pair import Pair
from pciabi.pci.virtio import type_if_virtio
from pciabi.pci.virtio_properties import feature_decided_by


@dataclass(frozen=True)
class Decides:
    """What a property of a device decides: the fields whose names begin so, and the one that is a
    virtio feature's, empty where it decides no feature."""

    fields: tuple[str, ...]
    feature: str

    def is_about(self, field: str) -> bool:
        """Whether it decides a field."""
        return field == self.feature if self.feature else field.startswith(self.fields)


def decided_by(name: str, pair: Pair) -> Decides:
    """What a property decides of a device; nothing where that is in doubt."""
    feature = feature_decided_by(name, type_if_virtio(pair.before.function))
    if feature is not None:
        return Decides((), f"virtio feature {feature[1]}")
    decided = facts_decided_by(name, (pair.before.device, pair.after.device))
    return Decides(tuple(field for facts in decided for field in facts.fields), "")


@dataclass(frozen=True)
class _Deciding:
    """A property that differs, in words, and what it decides."""

    words: str
    decides: Decides


def with_deciding_properties(differences: Sequence[Difference], pair: Pair) -> list[Difference]:
    """The differences of one device; the reason of each that a property decides, which differs as
    well, names that property."""
    deciding = list(_deciding(differences, pair))
    return [_told_with(one, deciding) for one in differences] if deciding else list(differences)


def _told_with(difference: Difference, deciding: Sequence[_Deciding]) -> Difference:
    if difference.kind == properties.CHANGED:
        return difference
    words = [one.words for one in deciding if one.decides.is_about(difference.field)]
    if not words:
        return difference
    judgement = difference.judgement
    verb = "decides" if len(words) == 1 else "decide"
    noun = "property" if len(words) == 1 else "properties"
    reason = f"{judgement.reason}; the {noun} {' and '.join(words)} {verb} it"
    return replace(difference, judgement=replace(judgement, reason=reason))


def _deciding(differences: Sequence[Difference], pair: Pair) -> Iterator[_Deciding]:
    for one in differences:
        name = properties.name_in(one.field) if one.kind == properties.CHANGED else None
        if name is not None:
            yield _Deciding(f"{name} ({one.before} → {one.after})", decided_by(name, pair))
