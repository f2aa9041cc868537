"""What differs between two capability lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.field_differences import field_differences
from pciabi.abi.field_kinds import BROKEN_LIST, CAPABILITY, CAPABILITY_LIST
from pciabi.pci.capabilities import Capability, Finding
from pciabi.pci.layout import Topic

Key = tuple[bool, int, str, int]
Keyed = Callable[[Sequence[Capability]], Mapping[Key, Capability]]
_SELF_EXPLAINING = frozenset({Topic.INTERRUPT, Topic.IDENTITY})


def capability_differences(
    before: Sequence[Capability],
    after: Sequence[Capability],
    keyed: Keyed,
    *,
    read_cold: bool,
) -> Iterator[Difference]:
    """Capabilities that came, went, moved, changed order, or differ in a field.

    `keyed` says which of them are the same one; `read_cold` as in `field_differences`.
    """
    old, new = keyed(before), keyed(after)
    for key, capability in old.items():
        if key not in new:
            yield _presence(capability, _place(capability), ABSENT)
    for key, capability in new.items():
        if key not in old:
            yield _presence(capability, ABSENT, _place(capability))
    for key, capability in old.items():
        if key in new:
            yield from _one_capability(capability, new[key], read_cold=read_cold)
    yield from _order(old, new)


def finding_differences(
    before: Sequence[Finding], after: Sequence[Finding]
) -> Iterator[Difference]:
    """Breakage of the lists that is not the same on both sides."""
    if tuple(before) != tuple(after):
        yield Difference(
            CAPABILITY,
            BROKEN_LIST,
            "soundness of the capability lists",
            _soundness(before),
            _soundness(after),
        )


def keyed_by_content(capabilities: Sequence[Capability]) -> Mapping[Key, Capability]:
    """By what they are, the second of a kind apart from the first, wherever they stand."""
    seen: Counter[tuple[bool, int, str]] = Counter()
    keyed: dict[Key, Capability] = {}
    for capability in capabilities:
        kind = (capability.extended, capability.id, capability.name)
        keyed[(*kind, seen[kind])] = capability
        seen[kind] += 1
    return keyed


def keyed_by_place(capabilities: Sequence[Capability]) -> Mapping[Key, Capability]:
    """By id and offset: names need more than a heading to be told."""
    return {(c.extended, c.id, "", c.offset): c for c in capabilities}


def _place(capability: Capability) -> str:
    return f"at 0x{capability.offset:02x}"


def _presence(capability: Capability, before: str, after: str) -> Difference:
    return Difference(
        CAPABILITY,
        CAPABILITY_LIST,
        f"{capability.name} capability",
        before,
        after,
        capability.offset,
    )


def _one_capability(
    before: Capability, after: Capability, *, read_cold: bool
) -> Iterator[Difference]:
    if before.offset != after.offset:
        yield Difference(
            CAPABILITY,
            CAPABILITY_LIST,
            f"{before.name} capability",
            _place(before),
            _place(after),
            before.offset,
        )

    def name(topic: Topic, field: str) -> str:
        return field if topic in _SELF_EXPLAINING else f"{before.name}: {field}"

    yield from field_differences(before.fields, after.fields, name, read_cold=read_cold)


def _order(old: Mapping[Key, Capability], new: Mapping[Key, Capability]) -> Iterator[Difference]:
    before = [key for key in old if key in new]
    after = [key for key in new if key in old]
    if before != after:
        yield Difference(
            CAPABILITY,
            CAPABILITY_LIST,
            "order of capabilities",
            ", ".join(old[key].name for key in before),
            ", ".join(new[key].name for key in after),
        )


def _soundness(findings: Sequence[Finding]) -> str:
    return "; ".join(finding.message for finding in findings) or "sound"
