"""The bench's arithmetic: what is compared with what, and in which order things are measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paired import Rounds, Spread, table, turn

SECONDS = st.floats(0.01, 1000)


def test_ratio_is_the_median_of_the_rounds_and_not_of_the_medians() -> None:
    rounds = Rounds({"mine": [2.0, 30.0, 4.0], "theirs": [1.0, 10.0, 8.0]})
    assert rounds.ratio("mine", "theirs") == Spread(2.0, 0.5, 3.0)
    assert rounds.spread("mine") == Spread(4.0, 2.0, 30.0)


@given(st.lists(st.tuples(SECONDS, SECONDS, st.floats(0.1, 10)), min_size=1))
def test_a_drift_that_hits_a_whole_round_leaves_the_ratio(
    rounds: list[tuple[float, float, float]],
) -> None:
    calm = Rounds({"a": [a for a, _, _ in rounds], "b": [b for _, b, _ in rounds]})
    drifted = Rounds({"a": [a * x for a, _, x in rounds], "b": [b * x for _, b, x in rounds]})
    assert drifted.ratio("a", "b").median == pytest.approx(calm.ratio("a", "b").median)


def test_unequal_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="same rounds"):
        Rounds({"a": [1.0], "b": [1.0, 2.0]})
    with pytest.raises(ValueError, match="nothing"):
        Rounds({"a": []}).spread("a")


@given(st.lists(st.text(min_size=1), min_size=1, max_size=6, unique=True))
def test_everyone_comes_first_equally_often(names: list[str]) -> None:
    orders = [turn(names, number) for number in range(len(names))]
    assert {order[0] for order in orders} == set(names)
    assert all(sorted(order) == sorted(names) for order in orders)


def test_table_is_markdown_with_aligned_columns() -> None:
    assert table(("a", "second"), [("first", "2")]).splitlines() == [
        "| a     | second |",
        "| ----- | ------ |",
        "| first | 2      |",
    ]
