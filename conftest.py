"""Collects the scenarios that ship with pciabi: `pytest scenarios/`."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.pytest_plugin import scenario_file

SHIPPED = Path(__file__).parent / "scenarios"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A shipped scenario is named for what it does, without the suffix `.pciabi.yaml`."""
    if file_path.parent == SHIPPED and file_path.suffix == ".yaml":
        return scenario_file(file_path, parent)
    return None
