#!/usr/bin/env python3
"""Holds each QEMU against itself: whatever a gate then says has changed, it made up.

Usage: PYTHONPATH=. bench/gate_truth.py [CONFIGURATIONS]      (default 200)

Varied configurations, the same each time: every machine family, random devices with random places,
backends, processors, memory and firmware tables (tests/real/varied_command_lines.py). Prints a
table in Markdown, which `script/record-speed gate_truth` puts into docs/gate-truth.md; the exit
code is 1 where anything changed or could not be judged.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import host as machine
from paired import table
from pciabi.abi.choice import chosen_by_default
from pciabi.abi.judgement import Severity
from pciabi.cancellation import Cancellation
from pciabi.gate.configurations import named_by
from pciabi.gate.question import Question
from pciabi.gate.run import run
from pciabi.gate.workers import threads
from pciabi.probe.host import Host
from pciabi.qemu.wish import Wish
from pciabi.result.policy import Policy
from pciabi.result.result import Result
from pciabi.result.verdict import Verdict
from pciabi.source.request import Probe, Request
from tests.real.varied_command_lines import command_line

RELEASES = ("5.2", "7.2", "10.0", "11.1")
COUNT = 200


@dataclass(frozen=True)
class Truth:
    """What came of configurations that a QEMU was held against itself over. `changes` are those of
    any severity; `unknown` is what nobody could read, the same on both sides."""

    release: str
    result: Result

    @property
    def compatible(self) -> int:
        """Configurations of which nothing changed."""
        return Counter(entry.verdict for entry in self.result.entries)[Verdict.COMPATIBLE]

    @property
    def changes(self) -> int:
        """All of them, benign ones too."""
        return sum(
            len(one.of(severity)) for one in self.result.comparisons for severity in Severity
        )

    @property
    def functions(self) -> int:
        """How many were compared."""
        return sum(len(one.matching.pairs) for one in self.result.comparisons)

    @property
    def holds(self) -> bool:
        """Whether every configuration was judged, and nothing of any changed."""
        return self.compatible == len(self.result.entries) and not self.changes

    def row(self) -> list[str]:
        """A line of the table."""
        assert self.result.coverage is not None
        unknown = sum(one.unknown_count for one in self.result.comparisons)
        numbers = (len(self.result.entries), self.functions, self.compatible, self.changes, unknown)
        return [
            self.release,
            *(f"{number:,}" for number in numbers),
            f"{self.result.seconds:.0f} s",
        ]


def truth(release: str, count: int, folder: Path) -> Truth:
    """A QEMU held against itself over so many configurations, which are written into a folder."""
    for seed in range(count):
        (folder / f"vm-{seed:03}.args").write_text(command_line(seed, release))
    host = Host(Cancellation())
    named = named_by([str(folder)], (), {})
    question = Question(named.judged, _on(release), _on(release), Policy())
    with threads(host, len(os.sched_getaffinity(0))) as workers:
        return Truth(release, run(question, named.skipped, host, workers))


def _on(release: str) -> Request:
    """A side; each is one of its own, so that it is read by itself."""
    qemu = None if release == "7.2" else release
    return Request("", qemu, None, (), Probe.COLD, Wish.AUTO, {}, chosen_by_default())


def complaints(found: Truth) -> Iterator[str]:
    """Every configuration that shows something else, or nothing."""
    for entry in found.result.entries:
        changes = [change for one in entry.comparisons for change in one.comparison.changes]
        if entry.error is not None or changes:
            what = entry.error or f"{changes[0].field} of {changes[0].label}"
            yield f"QEMU {found.release}, {Path(entry.subject.group).name}: {what}"


def main(arguments: list[str]) -> int:
    """Hold each against itself. Returns the exit code."""
    count = int(arguments[0]) if arguments else COUNT
    found = []
    for release in RELEASES:
        with tempfile.TemporaryDirectory() as folder:
            found.append(truth(release, count, Path(folder)))
    print("\n".join(machine.facts()), end="\n\n")
    columns = ("QEMU", "configurations", "functions", "equal", "changes", "unknown", "in")
    print(table(list(columns), [one.row() for one in found]))
    for one in found:
        for complaint in complaints(one):
            print(complaint, file=sys.stderr)
    return 0 if all(one.holds for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
