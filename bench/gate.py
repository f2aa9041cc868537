#!/usr/bin/env python3
"""How long `pciabi gate` takes over many VMs, from its start to its exit, held against the same
QEMUs that only start and quit, as many at once.

Usage: PYTHONPATH=. bench/gate.py [ROUNDS]      (default 5; run it with the project's own Python)

The VMs are varied QEMU command lines (tests/real/varied_command_lines.py), some twenty functions
each, no two of them alike. Prints Markdown, which `script/record-speed gate` puts into
docs/gate-speed.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import host
from paired import Spread, table
from pciabi.qemu import binary
from pciabi.qemu.inert.hardware import inert
from pciabi.vm import reading
from start import start_and_quit
from tests.real.varied_command_lines import command_line

PCIABI = Path(sys.executable).with_name("pciabi")
WRITTEN_FOR = "7.2"
TARGET_SECONDS = 3.0
# What found something has judged it: only an error has not.
_JUDGED = (0, 1)


@dataclass(frozen=True)
class Gate:
    """So many VMs on two QEMUs, so many machines read at once; `target` is in seconds, None where
    none was set."""

    count: int
    before: str
    after: str
    jobs: int
    target: float | None = None

    def seconds(self, folder: Path) -> float:
        """The wall time of one. Raises SystemExit where a VM could not be judged."""
        files = [str(folder / f"vm-{seed:03}.args") for seed in range(self.count)]
        sides = ("--from", self.before, "--to", self.after)
        words = [str(PCIABI), "gate", *files, *sides, "-j", str(self.jobs)]
        started = time.monotonic()
        # As an installer leaves it: all modules compiled.
        variables = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(words, capture_output=True, text=True, env=variables, check=False)
        taken = time.monotonic() - started
        if done.returncode not in _JUDGED:
            raise SystemExit(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return taken

    def floor(self, folder: Path) -> float:
        """The wall time of the machines that it starts, which are paused and quit."""
        found = [binary.find(name) for name in (self.before, self.after)]
        starts = []
        for seed in range(self.count):
            line = reading.read(folder / f"vm-{seed:03}.args")
            starts += [(*qemu.command, *inert(line, qemu.banner).arguments) for qemu in found]
        started = time.monotonic()
        with ThreadPoolExecutor(self.jobs) as executor:
            list(executor.map(start_and_quit, starts))
        return time.monotonic() - started

    def row(self, measured: list[tuple[float, float]]) -> list[str]:
        """A line of the table."""
        whole = Spread.of([seconds for seconds, _ in measured])
        floor = Spread.of([seconds for _, seconds in measured])
        ratio = Spread.of([seconds / bare for seconds, bare in measured])
        name = f"{self.count} VMs, {self.before} to {self.after}, -j {self.jobs}"
        target = ""
        if self.target is not None:
            met = "met" if whole.median < self.target else "missed"
            target = f"under {self.target:g} s: {met}"
        return [name, whole.text(2), floor.text(2), ratio.text(2), target]


GATES = (
    Gate(20, "7.2", "10.0", 2, TARGET_SECONDS),
    Gate(20, "7.2", "7.2", 2, TARGET_SECONDS),
    Gate(20, "7.2", "10.0", 1),
    Gate(100, "7.2", "10.0", 2),
    Gate(100, "7.2", "10.0", 1),
)


def main(arguments: list[str]) -> int:
    """Measure all, each in every round. Returns the exit code."""
    rounds = int(arguments[0]) if arguments else 5
    print("\n".join(host.facts()))
    for name in (None, "10.0"):
        print(host.qemu(binary.find(name)))
    taken: dict[Gate, list[tuple[float, float]]] = {gate: [] for gate in GATES}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(max(gate.count for gate in GATES)):
            text = command_line(seed, WRITTEN_FOR)
            (Path(folder) / f"vm-{seed:03}.args").write_text(text)
        # A round that does not count, of the smallest, compiles the modules.
        Gate(1, WRITTEN_FOR, WRITTEN_FOR, 1).seconds(Path(folder))
        for _ in range(rounds):
            for gate in GATES:
                taken[gate].append((gate.seconds(Path(folder)), gate.floor(Path(folder))))
    rows = [gate.row(measured) for gate, measured in taken.items()]
    print(f"\nMedians of {rounds} rounds (least to greatest), in seconds.\n")
    print(table(["gate", "takes", "its QEMUs, paused and quit", "ratio", "target"], rows))
    load = " ".join(f"{average:.2f}" for average in os.getloadavg())
    print(f"\nload average at the end: {load}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
