"""A difference between two subjects, with the judgement of the family that tells it. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.abi.judgement import Judgement
from pciabi.abi.kind import Kind

ABSENT = "absent"


@dataclass(frozen=True)
class Difference:
    """What differs, and how bad that is.

    `field` names the register or fact in the field's standard words, `before` and `after` are
    printable values. `offset` and `mask` as in `Change`.
    """

    kind: Kind
    judgement: Judgement
    field: str
    before: str
    after: str
    offset: int | None = None
    mask: int | None = None
