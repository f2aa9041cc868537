"""What scenarios can do beyond adding and removing is in every report, in the same words."""

from __future__ import annotations

import io
import json as jsonlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pciabi.report.terminal.output import PlainOutput
from pciabi.report.terminal.printing import print_result
from pciabi.report.writers import html, json, junit
from pciabi.result.failure import Aspect
from pciabi.result.result import Result
from tests.unit import report_data as data
from tests.unit.test_report_html import Page


def terminal(result: Result) -> str:
    file = io.StringIO()
    print_result(result, Path("report.html"), PlainOutput(file))
    return file.getvalue()


REPORTS: dict[str, Callable[[Result], str]] = {
    "terminal": terminal,
    "html": lambda result: Page(html.render(result)).words(),
    "junit": junit.render,
    "json": json.render,
}


@pytest.mark.parametrize("report", REPORTS)
def test_a_renumbered_device_has_not_moved_and_its_interface_has_another_name(report: str) -> None:
    found = REPORTS[report](data.run(data.renumbered_control()))
    for words in ("renumbered", "0000:01:00.0", "0000:02:00.0", "enp1s0", "enp2s0"):
        assert words in found
    assert not re.search(r"\bmoved\b", found, re.IGNORECASE)
    if report in ("terminal", "junit", "html"):
        assert "renumbered as expected" in found


@pytest.mark.parametrize("report", REPORTS)
def test_a_device_out_of_reach_is_a_break_that_says_why(report: str) -> None:
    found = REPORTS[report](data.run(data.unreachable()))
    assert f"net1 vanished (unreachable: {data.WHY_UNREACHABLE})" in found
    assert ("<failure" if report == "junit" else "reak") in found


def test_where_it_is_out_of_reach_is_in_the_report_for_people_and_for_programs() -> None:
    result = data.run(data.unreachable())
    page = Page(html.render(result)).words()
    assert f"Unreachablenet1 (virtio-net-pci) at 0/04.0: {data.WHY_UNREACHABLE}" in page
    assert "UNREACHABLE" in page
    after = jsonlib.loads(json.render(result))["cases"][0]["boots"][1]
    assert after["unreachable"] == [
        {
            "path": "0/04.0",
            "id": "net1",
            "device": "virtio-net-pci",
            "reason": data.WHY_UNREACHABLE,
        }
    ]


def test_an_expected_loss_is_told_as_such() -> None:
    gone = data.expectation("net1", Aspect.PRESENCE, "changed")
    found = terminal(data.run(data.unreachable(gone)))
    assert found.startswith("vanished as expected: multifunction[pc-function0]: net1 vanished")
    page = Page(html.render(data.run(data.unreachable(gone)))).words()
    assert "UNREACHABLE" not in page


@pytest.mark.parametrize("report", REPORTS)
def test_a_refusal_is_in_every_report_with_qemus_own_words(report: str) -> None:
    found = REPORTS[report](data.run(data.refused()))
    assert "slot 2 function 0 not available for e1000, in use by e1000,id=net0" in found
    if report != "json":
        assert "QEMU refused net1 as expected" in found
    assert data.refused().verdict == "compatible"


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize(
    ("blamed", "words", "sentence"),
    [
        (None, None, "QEMU was expected to refuse net1, and started"),
        ("net0", "not available", "QEMU was expected to refuse net1, and refused net0"),
        ("net1", "no such bus", "expected to refuse net1 saying 'not available', and said"),
    ],
)
def test_a_refusal_that_did_not_come_is_a_break_at_its_line(
    report: str, blamed: str | None, words: str | None, sentence: str
) -> None:
    result = data.run(data.refused(words, blamed))
    assert (result.verdict, result.exit_code) == ("break", 1)
    found = REPORTS[report](result)
    assert sentence in found
    if report == "json":
        failure = jsonlib.loads(found)["cases"][0]["failures"][0]
        assert (failure["aspect"], failure["line"]) == ("refusal", 17)
    else:
        assert "scenarios/example.yaml:17" in found


@pytest.mark.parametrize("report", REPORTS)
def test_what_qemu_says_stays_text(report: str) -> None:
    hostile = "not available \x1b[31m<script>alert(1)</script>]]>&\u202e\x00"
    source = data.run(data.refused(hostile))
    found = html.render(source) if report == "html" else REPORTS[report](source)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", found)
    assert "alert(1)" in found
    if report in ("html", "junit"):
        assert "<script" not in found
