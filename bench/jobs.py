#!/usr/bin/env python3
"""Times the same cases with one guest at a time and with several, in interleaved rounds.

Usage: bench/jobs.py [--rounds N] [--jobs N] [--select AXIS=VALUE[,VALUE]] [SCENARIO ...]

Run it with the project's Python (.venv/bin/python). Prints Markdown; docs/boot-speed.md keeps
a run's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import host
from paired import Rounds, table, turn
from pciabi.errors import CannotTest, PciabiError
from pciabi.qemu import binary

TARGET = 1.4
SCENARIOS = ("two-nics-pinned", "two-nics-unpinned")
SELECT = "nic=virtio-net-pci,vmxnet3"


def main() -> int:
    """Run the bench. Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("scenarios", nargs="*", default=SCENARIOS, help="shipped scenarios")
    parser.add_argument("--select", default=SELECT, help=f"which cases (default {SELECT})")
    parser.add_argument("--rounds", type=int, default=7, help="counted rounds (default 7)")
    parser.add_argument("--jobs", type=int, default=4, help="guests at once (default 4)")
    wanted = parser.parse_args()
    run = ["run", *wanted.scenarios, "--select", wanted.select, "--accel", "tcg"]
    try:
        said = [*host.facts(), host.qemu(binary.find(None))]
        print("\n".join(f"- {line}" for line in said))
        print(f"- `pciabi {' '.join(run)}`; {wanted.rounds} rounds", end="\n\n", flush=True)
        measured = rates(run, (1, wanted.jobs), wanted.rounds)
    except PciabiError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return error.exit_code
    rows = [row(name, measured) for name in measured.figures]
    print(table(("guests at once", "cases per minute", "times -j 1", "target"), rows))
    return 0


def rates(run: Sequence[str], counts: Sequence[int], rounds: int) -> Rounds:
    """Cases per minute for each number of guests at once, after a round that does not count."""
    names = {f"-j {count}": count for count in counts}
    figures: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        for name in turn(list(names), number):
            rate = cases_per_minute([*run, "-j", str(names[name])])
            print(f"round {number} {name}: {rate:.1f} cases per minute", file=sys.stderr)
            if number:
                figures[name].append(rate)
    return Rounds(figures)


def cases_per_minute(run: Sequence[str]) -> float:
    """The whole command as a user runs it, its start and its report included."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("pciabi")), *run, "--report-dir", folder]
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - started
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise CannotTest(f"pciabi ended with {done.returncode}: {last[0] if last else ''}")
        (report,) = Path(folder).glob("*/report.json")
        return len(json.loads(report.read_text())["cases"]) * 60 / seconds


def row(name: str, measured: Rounds) -> tuple[str, str, str, str]:
    """One line of the table."""
    rate = measured.spread(name).text(1)
    if name == "-j 1":
        return name, rate, "", ""
    ratio = measured.ratio(name, "-j 1")
    word = "met" if ratio.median >= TARGET else "missed"
    return name, rate, ratio.text(2), f"at least {TARGET}: {word}"


if __name__ == "__main__":
    sys.exit(main())
