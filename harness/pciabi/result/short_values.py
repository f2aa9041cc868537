"""The two values of a change in few enough characters for a sentence. Pure.

Some facts are long: a hash, all the features that a device offers. A sentence has what differs;
JSON documents and snapshots have the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

MOST = 72
"""So many characters a value may have that is shown as it is."""

_BETWEEN = ", "
_LEFT_OUT = "..."
# So much of what is the same stands in front of the first difference.
_CONTEXT = 8


def short_values(before: str, after: str) -> tuple[str, str]:
    """Both values, shortened where one is long; different ones stay different.

    Of lists what both hold is counted: `GUEST_USO4, 28 alike`. Of other values the part around
    the first difference stays.
    """
    if max(len(before), len(after)) <= MOST:
        return before, after
    old, new = before.split(_BETWEEN), after.split(_BETWEEN)
    lists = _differing(old, new), _differing(new, old)
    if max(len(old), len(new)) > 1 and lists[0] != lists[1]:
        before, after = lists
    return _cut(before, after), _cut(after, before)


def _differing(items: Sequence[str], others: Sequence[str]) -> str:
    own = [item for item in items if item not in others]
    alike = len(items) - len(own)
    return _BETWEEN.join((*own, f"{alike} alike") if alike else own)


def _cut(value: str, other: str) -> str:
    if len(value) <= MOST:
        return value
    same = takewhile(lambda pair: pair[0] == pair[1], zip(value, other, strict=False))
    differs_at = sum(1 for _ in same)
    start = 0 if differs_at < MOST // 2 else differs_at - _CONTEXT
    end = start + MOST - 2 * len(_LEFT_OUT)
    front, back = (_LEFT_OUT if start else ""), (_LEFT_OUT if end < len(value) else "")
    return f"{front}{value[start:end]}{back}"
