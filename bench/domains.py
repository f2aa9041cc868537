#!/usr/bin/env python3
"""How long `pciabi diff` takes over one libvirt domain, and `pciabi gate` over a folder as
/etc/libvirt/qemu is, from their start to their exit, held against the same QEMUs that only start
and quit, as many at once.

Usage: PYTHONPATH=. bench/domains.py [ROUNDS]   (default 5; run it with the project's own Python)

The domains are those of tests/real/etc_libvirt.py, no two of them alike. Prints Markdown, which
`script/record-speed domains` puts into docs/domains.md.
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
from pciabi.source import domain_dialect
from pciabi.vm import xml_tree
from pciabi.vm.domain import line
from start import start_and_quit
from tests.real.etc_libvirt import fill

PCIABI = Path(sys.executable).with_name("pciabi")
# What found something has judged it: only an error has not.
_JUDGED = (0, 1)


@dataclass(frozen=True)
class Comparison:
    """A command over so many domains on two QEMUs; `target` is in seconds."""

    command: str
    count: int
    before: str
    after: str
    target: float

    def seconds(self, folder: Path, bytecode: Path) -> float:
        """The wall time of one. Raises SystemExit where a domain could not be judged."""
        (first, *_) = sorted(folder.glob("*.xml"))
        named = [str(first), str(first)] if self.command == "diff" else [str(folder)]
        sides = ("--from", self.before, "--to", self.after)
        words = [str(PCIABI), self.command, *named, *sides]
        # As an installer leaves it: all modules compiled.
        variables = {**os.environ, "PYTHONPYCACHEPREFIX": str(bytecode)}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        started = time.monotonic()
        done = subprocess.run(words, capture_output=True, text=True, env=variables, check=False)
        taken = time.monotonic() - started
        if done.returncode not in _JUDGED:
            raise SystemExit(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return taken

    def floor(self, folder: Path) -> float:
        """The wall time of the machines that it starts, which are paused and quit."""
        qemus = [binary.find(name) for name in (self.before, self.after)]
        starts = []
        for path in sorted(folder.glob("*.xml"))[: self.count]:
            (root,) = xml_tree.read(str(path), path.read_text()).below("domain")
            for qemu in qemus:
                libvirt = domain_dialect.libvirt_for(qemu, None)
                spoken = domain_dialect.spoken(root, libvirt, qemu)
                written = line.command_line(root, spoken)
                starts.append((*qemu.command, *inert(written, qemu.banner).arguments))
        jobs = os.cpu_count() if self.command == "gate" else 1
        started = time.monotonic()
        with ThreadPoolExecutor(jobs) as executor:
            list(executor.map(start_and_quit, starts))
        return time.monotonic() - started

    def row(self, measured: list[tuple[float, float]]) -> list[str]:
        """A line of the table."""
        whole = Spread.of([seconds for seconds, _ in measured])
        floor = Spread.of([seconds for _, seconds in measured])
        ratio = Spread.of([seconds / bare for seconds, bare in measured])
        name = f"{self.command}, {self.count} domains, {self.before} to {self.after}"
        met = "met" if whole.median < self.target else "missed"
        target = f"under {self.target:g} s: {met}"
        return [name, whole.text(2), floor.text(2), ratio.text(2), target]


COMPARISONS = (
    Comparison("diff", 1, "7.2", "10.0", 1.0),
    Comparison("diff", 1, "7.2", "11.1", 1.0),
    Comparison("gate", 20, "7.2", "7.2", 3.0),
    Comparison("gate", 20, "7.2", "11.1", 3.0),
)


def main(arguments: list[str]) -> int:
    """Measure all, each in every round. Returns the exit code."""
    rounds = int(arguments[0]) if arguments else 5
    print("\n".join(host.facts()))
    for name in (None, "10.0", "11.1"):
        print(host.qemu(binary.find(name)))
    taken: dict[Comparison, list[tuple[float, float]]] = {one: [] for one in COMPARISONS}
    with tempfile.TemporaryDirectory() as work:
        folders = {count: Path(work) / str(count) for count in (1, 20)}
        for count, folder in folders.items():
            fill(folder, count)
        bytecode = Path(work) / "bytecode"
        # Rounds that do not count, of the smallest, compile the modules.
        for one in COMPARISONS:
            Comparison(one.command, 1, one.before, one.after, 0).seconds(folders[1], bytecode)
        for _ in range(rounds):
            for one in COMPARISONS:
                folder = folders[one.count]
                taken[one].append((one.seconds(folder, bytecode), one.floor(folder)))
    rows = [one.row(measured) for one, measured in taken.items()]
    print(f"\nMedians of {rounds} rounds (least to greatest), in seconds.\n")
    print(table(["command", "takes", "its QEMUs, paused and quit", "ratio", "target"], rows))
    load = " ".join(f"{average:.2f}" for average in os.getloadavg())
    print(f"\nload average at the end: {load}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
