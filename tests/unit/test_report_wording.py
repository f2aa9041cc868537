"""What the reports say: the same words everywhere, and never a pass for what was not seen."""

from __future__ import annotations

import pytest

from pciabi.report import printable
from pciabi.report.words import cases, story, verdicts
from pciabi.result.result import Result
from tests.unit import report_data as data


def test_a_sabotage_names_the_device_its_slots_and_its_names() -> None:
    words = story.entry_story(data.sabotage())
    assert words == "net0 removed; net1 0000:00:04.0 → 0000:00:03.0, enp0s4 → enp0s3"


def test_a_renumbering_names_every_renamed_interface() -> None:
    words = story.entry_story(data.renumbered())
    assert "net0 renumbered 0000:01:00.0 → 0000:02:00.0, enp1s0 → enp2s0" in words
    assert "net1 renumbered 0000:02:00.0 → 0000:03:00.0, enp2s0 → enp3s0" in words
    assert "port0 appeared" in words


def test_what_stays_is_said_with_its_place() -> None:
    assert story.entry_story(data.pinned()) == "net1 stays at 0000:00:04.0, enp0s4"
    assert story.entry_story(data.many()) == "nothing changed"


@pytest.mark.parametrize(
    ("result", "words", "tally"),
    [
        (
            data.run(data.control(), data.pinned()),
            "Compatible: all 2 cases held. "
            "One of them is a control, and it was seen to move as expected.",
            "2 held, 0 broke, 0 could not be tested",
        ),
        (data.run(data.pinned()), "Compatible: the only case held.", "1 held, 0 broke"),
        (
            data.run(data.control(), data.sabotage()),
            "Break: 1 of 2 cases broke: two-nics-pinned[pc-sabotaged]: net1 moved from "
            "0000:00:04.0 to 0000:00:03.0",
            "1 held (1 of them is a control, seen to move as expected), 1 broke",
        ),
        (
            data.run(data.idle_control()),
            "Break: the only case broke: two-nics-unpinned[idle]: the address of net1 was "
            "expected to change and did not",
            "0 held, 1 broke",
        ),
        (
            data.run(data.pinned(), data.sabotage(), data.untested()),
            "Error: 1 of 3 cases could not be tested, so nothing is proved about it. "
            "Of the others, 1 broke.",
            "1 held, 1 broke, 1 could not be tested",
        ),
        (data.run(), "Error: no case was run, so nothing is proved.", "0 held"),
    ],
)
def test_the_verdict_in_one_sentence(result: Result, words: str, tally: str) -> None:
    assert verdicts.verdict(result).startswith(words)
    assert verdicts.tally(result).startswith(tally)


def test_the_worst_failure_is_the_changed_address_and_not_the_first() -> None:
    result = data.renumbered()
    assert "appeared" in result.failures[0].message
    assert "renumbered" in cases.worst_failure(result).message


def test_hostile_text_loses_what_a_terminal_would_obey() -> None:
    hostile = "a\x1b[2Jb\x1b]0;title\x07c\x9b1md\r\n\u202ee\x00\ud800f\tg\x08"
    assert printable.block(hostile) == "abc\ufffd1md\n\ufffde\ufffd\ufffdf\tg\ufffd"
    assert printable.line(" x\n y ") == "x y"
    assert printable.ascii_line("é → \x1bcb") == "\\xe9 -> b"
