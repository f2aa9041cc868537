"""What is told of a gate while it runs: how far it is, how long it takes, what was not judged."""

from __future__ import annotations

from concurrent.futures import Future
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pciabi.errors import Interrupted
from pciabi.events import Event, ReadingsEnded, Said
from pciabi.gate.following import follow, telling_what_is_not_judged
from pciabi.report.terminal import gate_progress
from pciabi.report.terminal.output import PlainOutput, StyledOutput
from pciabi.report.words.remaining import remaining


@pytest.mark.parametrize(
    ("elapsed", "ended", "planned", "words"),
    [
        (0.5, 1, 100, ""),
        (9.0, 0, 100, ""),
        (10.0, 100, 100, ""),
        (10.0, 20, 100, "about 40 s to go"),
        (10.0, 1, 100, "about 16 min to go"),
        (5.0, 99, 100, "about 1 s to go"),
    ],
)
def test_the_rest_is_told_once_something_tells_of_it(
    elapsed: float, ended: int, planned: int, words: str
) -> None:
    assert remaining(elapsed, ended, planned) == words


@given(st.floats(0, 1e6), st.integers(0, 1000), st.integers(0, 1000))
def test_no_count_is_too_odd(elapsed: float, ended: int, planned: int) -> None:
    assert remaining(elapsed, min(ended, planned), planned).count("about") <= 1


def test_a_log_gets_a_line_now_and_then_and_none_of_a_short_gate() -> None:
    stream, now = StringIO(), [0.0]
    lines = gate_progress.Lines(PlainOutput(stream), lambda: now[0])
    for second in range(1, 31):
        now[0] = float(second)
        lines(ReadingsEnded(second, 30))
        if second == 9:
            assert stream.getvalue() == ""
    assert stream.getvalue().splitlines() == [
        "[10/30] machines read, about 20 s to go",
        "[20/30] machines read, about 10 s to go",
    ]


def test_what_is_said_is_printed_at_once() -> None:
    stream = StringIO()
    with gate_progress.watch(PlainOutput(stream)) as tell:
        tell(Said("not judged: a\x1b[2Jb"))
    assert stream.getvalue().startswith("not judged: a")
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_shows_a_bar_and_clears_it_away() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=80)
    with gate_progress.watch(StyledOutput(console)) as tell:
        tell(ReadingsEnded(3, 7))
        assert isinstance(tell, gate_progress.Bar)
        (task,) = tell._bar.tasks
        assert (task.completed, task.total) == (3, 7)
        tell(Said("[red]not judged[/red]"))
    shown = console.file.getvalue() if isinstance(console.file, StringIO) else ""
    assert "3/7" in shown
    assert "[red]not judged" in shown


def test_every_reading_is_counted_once_whoever_shares_it() -> None:
    futures: list[Future[int]] = [Future() for _ in range(4)]
    futures[1].set_result(0)
    told: list[Event] = []
    follow([*futures, *futures], told.append)
    futures[0].set_exception(OSError())
    futures[2].cancel()
    futures[3].set_result(0)
    assert told == [ReadingsEnded(number, 4) for number in (1, 2, 3)]


def test_a_stop_names_what_was_not_judged_and_is_still_a_stop() -> None:
    told: list[Event] = []
    judged = ["a"]
    names = ("a", "b", "c", "d", "e", "f", "g", "h")

    def judge_two() -> None:
        with telling_what_is_not_judged(names, judged, told.append):
            judged.append("b")
            raise Interrupted(15)

    with pytest.raises(Interrupted):
        judge_two()
    assert told == [Said("not judged: c, d, e, f, g and 1 more (2 of 8 were)")]
    with pytest.raises(KeyError), telling_what_is_not_judged(names, judged, told.append):
        raise KeyError
    assert len(told) == 1
