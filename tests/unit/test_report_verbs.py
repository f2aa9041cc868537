"""What scenarios can do beyond adding and removing is in every report, in the same words."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from pciabi.report import html, json, junit, text
from pciabi.scenario.result import RunResult
from tests.unit import report_data as data
from tests.unit.test_report_html import Page


def terminal(result: RunResult) -> str:
    file = io.StringIO()
    text.print_result(result, Path("report.html"), Console(file=file))
    return file.getvalue()


REPORTS: dict[str, Callable[[RunResult], str]] = {
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
