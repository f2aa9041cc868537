"""The pytest plugin: `*.pciabi.yaml` files are tests, one item for each case.

It is loaded into every pytest run of an environment pciabi is installed in, so it imports
what it needs only once there is a scenario to collect.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pciabi.pytest_items import ScenarioFile


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `pciabi run` that make sense here."""
    group = parser.getgroup("pciabi", "scenarios booted on real QEMU")
    group.addoption(
        "--pciabi-qemu",
        metavar="QEMU",
        help="a QEMU other than the one on PATH",
    )
    group.addoption(
        "--pciabi-accel",
        choices=["auto", "kvm", "tcg"],
        default="auto",
        help="auto: KVM where it really runs guest code, otherwise TCG",
    )
    group.addoption(
        "--pciabi-report-dir", metavar="DIR", help="write report.html and the others below DIR"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect `*.pciabi.yaml`, and no other project's YAML."""
    if not file_path.name.endswith(".pciabi.yaml"):
        return None
    return scenario_file(file_path, parent)


def scenario_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile:
    """The collector of a scenario file; for a conftest.py that keeps them under other names."""
    from pciabi.pytest_items import ScenarioFile

    return ScenarioFile.from_parent(parent, path=file_path)
