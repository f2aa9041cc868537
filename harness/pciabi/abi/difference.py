"""A difference between two functions before it is judged. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.abi.change import Kind
from pciabi.abi.severity import Aspect

ABSENT = "absent"


@dataclass(frozen=True)
class Difference:
    """What differs (`kind`, `field`, place, printable values) and what the judgement rests on.

    `offset` and `mask` as in `Change`.
    """

    kind: Kind
    aspect: Aspect
    field: str
    offset: int | None
    mask: int | None
    before: str
    after: str
