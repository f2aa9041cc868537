"""Scenario files into cases: the matrix unfolded, the steps played through without a VM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pciabi import resources
from pciabi.documents import Positions, read_with_positions
from pciabi.errors import InputError
from pciabi.scenario.case import Case
from pciabi.scenario.play import Play
from pciabi.scenario.schema import ScenarioModel
from pciabi.scenario.unfold import Unfolding, must_be_known
from pciabi.vm.scenario import MAX_CASES, SUFFIX, Axes, combinations


def cases(path: Path, raw: bytes | None = None) -> tuple[Case, ...]:
    """Every case of a scenario file, in the order of its matrix. `raw` is the file's content
    where that was read already. Raises InputError."""
    model, positions = read_with_positions(path, ScenarioModel, raw)
    combinations = list(_combinations(model, positions))
    if len(combinations) > MAX_CASES:
        raise InputError(f"the matrix has more than {MAX_CASES} cases", place=positions["matrix",])
    if not combinations:
        raise InputError("every combination is excluded", place=positions["exclude",])
    found = tuple(_case(Unfolding(path, model, positions, axes)) for axes in combinations)
    names = Counter(case.name for case in found)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise InputError(
            f"two cases would both be called '{twice[0]}'",
            advice="give the axes values that differ when joined",
            place=positions["matrix",],
        )
    return found


def scenario_name(path: Path) -> str:
    """The file's stem, without `.pciabi`."""
    return path.name.removesuffix(SUFFIX) if path.name.endswith(SUFFIX) else path.stem


def _combinations(model: ScenarioModel, positions: Positions) -> Iterator[Axes]:
    for index, excluded in enumerate(model.exclude):
        for axis, value in excluded.items():
            must_be_known(model, axis, [value], positions["exclude", index, axis])
    return combinations(model.matrix, model.exclude)


def _case(unfolding: Unfolding) -> Case:
    play = Play(unfolding)
    return Case(
        scenario=scenario_name(unfolding.path),
        file=unfolding.path,
        summary=unfolding.model.summary,
        name="-".join(unfolding.axes.values()) or "default",
        axes=tuple(unfolding.axes.items()),
        image=_image(unfolding),
        timeout=unfolding.model.timeout,
        boots=tuple(play.boots),
        comparisons=tuple(play.comparisons),
        refusals=tuple(play.refusals),
    )


def _image(unfolding: Unfolding) -> Path:
    place = unfolding.place(("image",))
    word = unfolding.filled(unfolding.model.image, place)
    try:
        return resources.image_recipe(word, unfolding.path.parent)
    except InputError as error:
        raise InputError(error.message, advice=error.advice, place=place) from None
