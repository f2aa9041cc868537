"""The table of faults: every row provoked by some test, and the page made from it."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.real import fault_table

TESTS = Path(__file__).parents[1]


def test_every_row_has_a_test_that_provokes_it() -> None:
    for module in sorted((TESTS / "real").glob("test_*.py")):
        if "@provokes(" in module.read_text():
            importlib.import_module(f"tests.real.{module.stem}")
    assert fault_table.FAULTS.keys() == fault_table.PROVOKED


def test_the_page_is_the_table() -> None:
    page = (TESTS.parent / "docs/faults.md").read_text()
    assert page == fault_table.page(), "run script/record-faults"
