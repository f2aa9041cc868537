"""Which cases of a scenario's matrix a user means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pciabi.errors import InputError
from pciabi.scenario.case import Case


def select(cases: Sequence[Case], wanted: Mapping[str, frozenset[str]]) -> tuple[Case, ...]:
    """The cases whose axes have one of the wanted values; a case without the axis stays.

    Raises InputError where a wanted axis or value is in no case, or no case is left.
    """
    for axis, values in wanted.items():
        present = {dict(case.axes)[axis] for case in cases if axis in dict(case.axes)}
        if not present:
            axes = sorted({name for case in cases for name, _ in case.axes})
            raise InputError(f"no case has an axis '{axis}', there are: {', '.join(axes)}")
        unknown = sorted(values - present)
        if unknown:
            raise InputError(
                f"axis '{axis}' has no value '{unknown[0]}', only: {', '.join(sorted(present))}"
            )
    chosen = tuple(
        case
        for case in cases
        if all(value in wanted.get(axis, {value}) for axis, value in case.axes)
    )
    if not chosen:
        raise InputError("no case is left of the selection")
    return chosen
