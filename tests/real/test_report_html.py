"""The report in a real browser: what a guest printed stays text."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pciabi.report.writers import html
from tests.unit import gate_data
from tests.unit import report_data as data

HOSTILE = (
    "</pre></details><script>document.title='owned';document.body.innerHTML=''</script>"
    "<img src=x onerror=\"document.title='owned'\">\x1b[31mred\x1b[0m\x1b]0;owned\x07\r\n"
)


def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.environ.get("CI") == "true":
        pytest.fail("no chromium to open the report with: apt-get install chromium")
    pytest.skip("no chromium to open the report with: apt-get install chromium")


def document(path: Path, profile: Path) -> str:
    """The document after the browser has loaded it and run what there is to run."""
    done = subprocess.run(
        [
            browser(),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_a_hostile_guest_does_not_become_markup(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    result = data.run(data.control(), data.sabotage(HOSTILE), data.untested(HOSTILE))
    path.write_text(html.render(result), encoding="utf-8")
    found = document(path, tmp_path / "profile")
    assert "<title>error: pciabi report</title>" in found
    assert "Error: 1 of 3 cases could not be tested, so nothing is proved about it." in found
    assert "MOVED to 00:03.0" in found
    assert "<script" not in found
    assert "<img" not in found
    assert "&lt;script&gt;document.title='owned'" in found
    assert "\x1b" not in found


def test_hostile_configurations_do_not_become_markup_in_a_gate(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    result = gate_data.hostile()
    path.write_text(html.render(result), encoding="utf-8")
    found = document(path, tmp_path / "profile")
    assert "<title>error: pciabi gate</title>" in found
    assert "could not be judged, so nothing is proved of" in found
    assert found.count("<td") > 50
    for element in ("<script", "<img", '<a href="h'):
        assert element not in found
    assert "&lt;/td&gt;&lt;/table&gt;&lt;script&gt;alert(1)" in found
    assert "\x1b" not in found


def test_lspci_itself_says_what_a_gate_found() -> None:
    source = html.render(gate_data.broken())
    assert "+\tCapabilities: [60] Power Management version 3" in source
    assert "<summary>nvme0 (nvme): web, db</summary>" in source
    assert "0000:00:04.0 Non-Volatile memory controller [0108]" in source
