"""What nobody foresaw ends in one error, of the one thing it happened to."""

from __future__ import annotations

import errno

import pytest

from pciabi.errors import CannotTest, Interrupted
from pciabi.jobs.shared_readings import timed
from pciabi.system_faults import unforeseen


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("x"), "a fault in pciabi itself: KeyError: 'x' (please report it)"),
        (ValueError("a\nb"), "a fault in pciabi itself: ValueError: a (please report it)"),
        (
            OSError(errno.EMFILE, "Too many open files"),
            "Too many open files (ulimit -n is too low)",
        ),
        (OSError(errno.ENOENT, "No such file", "/x"), "/x: No such file"),
        (MemoryError(), "there is not memory enough"),
    ],
)
def test_it_is_one_line_that_says_what(error: Exception, words: str) -> None:
    found = unforeseen(error)
    assert str(found) == words
    assert found.exit_code == 3


def test_a_task_that_raises_anything_is_an_error_of_its_own() -> None:
    def carry_out(_task: object) -> object:
        raise RecursionError("too deep")

    found = timed(carry_out, None)  # type: ignore[arg-type]
    assert isinstance(found.error, CannotTest)
    assert found.error.evidence is not None
    assert "RecursionError: too deep" in found.error.evidence.console


def test_a_stop_is_no_error_of_a_task() -> None:
    def carry_out(_task: object) -> object:
        raise Interrupted(2)

    with pytest.raises(Interrupted):
        timed(carry_out, None)  # type: ignore[arg-type]
