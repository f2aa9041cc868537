"""Values of JSON held against the types of a manifest."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.distribution.plain_values import plain_value


@dataclass(frozen=True)
class Part:
    name: str
    size: int


@dataclass(frozen=True)
class Whole:
    version: tuple[int, int, int]
    parts: tuple[Part, ...]
    files: tuple[tuple[str, str], ...]


PARTS = st.builds(Part, st.text(), st.integers())
WHOLES = st.builds(
    Whole,
    st.tuples(st.integers(), st.integers(), st.integers()),
    st.lists(PARTS).map(tuple),
    st.lists(st.tuples(st.text(), st.text())).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(WHOLES)
def test_what_was_written_comes_back(whole: Whole) -> None:
    assert plain_value(Whole, json.loads(json.dumps(asdict(whole)))) == whole


@given(JSON)
def test_anything_else_is_an_error_of_one_kind(value: Any) -> None:
    with pytest.raises(ValueError, match=r"is no|has not"):
        plain_value(Whole, value)


@pytest.mark.parametrize(
    "change",
    [
        {"version": [1, 2]},
        {"version": [1, 2, True]},
        {"version": [1, 2, "3"]},
        {"version": {"0": 1}},
        {"parts": [{"name": "a"}]},
        {"parts": [{"name": "a", "size": 1, "more": 1}]},
        {"parts": "ab"},
        {"files": [["a", 1]]},
        {"files": [["a", "b", "c"]]},
        {"more": 1},
    ],
)
def test_every_part_has_its_type(change: dict[str, Any]) -> None:
    good = {"version": [1, 2, 3], "parts": [], "files": []}
    assert plain_value(Whole, good) == Whole((1, 2, 3), (), ())
    with pytest.raises(ValueError, match=r"is no|has not"):
        plain_value(Whole, {**good, **change})
