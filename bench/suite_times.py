"""Where the suite's time goes: the seconds of processor and of wall time of each test file.

Usage: .venv/bin/pytest -q -p suite_times [-n 3 --dist loadfile] tests/real

The processor's seconds are those of the test's process and of every program it has waited for,
guests included; unlike the wall's they are much the same on a busy machine. docs/suite-speed.md
holds what came of it.
"""

from __future__ import annotations

import resource
import time
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass

import pytest

_CPU, _WALL = "processor seconds", "wall seconds"
_BEGUN = pytest.StashKey[tuple[float, float]]()


def _processor_seconds() -> float:
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


@dataclass
class _Sum:
    tests: int = 0
    processor: float = 0
    wall: float = 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note when a test, with its fixtures, begins."""
    item.stash[_BEGUN] = (_processor_seconds(), time.monotonic())
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hand on what it took with its last report, which a worker sends to where all are summed."""
    if call.when == "teardown":
        processor, wall = item.stash[_BEGUN]
        item.user_properties.append((_CPU, _processor_seconds() - processor))
        item.user_properties.append((_WALL, time.monotonic() - wall))
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the files, those that take the processor longest first."""
    files: dict[str, _Sum] = defaultdict(_Sum)
    for reports in terminalreporter.stats.values():
        for report in reports:
            took = dict(getattr(report, "user_properties", ()))
            if _CPU in took and report.when == "teardown":
                one = files[report.nodeid.partition("::")[0]]
                one.tests += 1
                one.processor += took[_CPU]
                one.wall += took[_WALL]
    terminalreporter.write_line("\ntests  processor    wall  file")
    for name, one in sorted(files.items(), key=lambda each: -each[1].processor):
        terminalreporter.write_line(
            f"{one.tests:5}  {one.processor:7.1f} s {one.wall:6.1f} s  {name}"
        )
