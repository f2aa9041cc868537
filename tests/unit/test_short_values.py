"""Long values in sentences: short, never the same where they were not, and saying what differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pciabi.result.short_values import MOST, short_values

FEATURES = [f"FEATURE_{number}" for number in range(30)]
# Long ones, and such as differ somewhere deep inside.
VALUES = st.text("ab, ", max_size=3 * MOST) | st.builds(
    lambda head, tail: head * MOST + tail,
    st.sampled_from(["a", "a, ", "ab"]),
    st.text("ab", max_size=9),
)


def test_a_list_shows_what_the_other_side_has_not() -> None:
    whole, less = ", ".join(FEATURES), ", ".join(FEATURES[:12] + FEATURES[14:])
    assert short_values(whole, less) == ("FEATURE_12, FEATURE_13, 28 alike", "28 alike")


def test_another_order_of_a_list_is_shown_where_it_begins() -> None:
    turned = [*FEATURES[:20], FEATURES[21], FEATURES[20], *FEATURES[22:]]
    before, after = short_values(", ".join(FEATURES), ", ".join(turned))
    assert before.startswith("...")
    assert "20, FEATURE_21" in before
    assert "21, FEATURE_20" in after


def test_a_hash_stays_whole_and_short_values_are_left_alone() -> None:
    assert short_values("a" * 64, "b" * 64) == ("a" * 64, "b" * 64)
    assert short_values("x, y", "x") == ("x, y", "x")


@given(VALUES, VALUES)
def test_short_and_still_different(before: str, after: str) -> None:
    shown = short_values(before, after)
    assert max(map(len, shown)) <= MOST
    assert (shown[0] == shown[1]) is (before == after)
    assert short_values(after, before) == (shown[1], shown[0])
