#!/usr/bin/env python3
"""How long the cold probe takes, held against the same QEMU that only starts and quits.

Usage: bench/probe.py [ROUNDS]      (default 40; run it with the project's own Python)

Both are the same program with the same connections; each round measures both, in turns the one
or the other first. Prints Markdown.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from paired import Rounds, table, turn
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.probe.hypervisor import PAUSED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu import binary

SECONDS = 60.0
NICS = ("virtio-net-pci,id=net0", "e1000e,id=net1")


@dataclass(frozen=True)
class Subject:
    """A machine of six functions, and how many times the floor its reading may take."""

    machine: str
    target: float

    @property
    def hardware(self) -> Hardware:
        """Its arguments."""
        devices = [word for nic in NICS for word in ("-device", nic)]
        return Hardware(("-nodefaults", "-no-user-config", "-machine", self.machine, *devices))


SUBJECTS = (Subject("q35", 1.15), Subject("pc", 1.35))


def start_and_quit(hardware: Hardware, qemu: binary.Binary, cancellation: Cancellation) -> None:
    """The floor: QEMU started paused, one QMP command answered, quit."""
    machine = Machine(qemu, hardware.arguments, PAUSED)
    with (
        OWN_QEMU.start(machine, cancellation) as running,
        running.monitor(Deadline.after(SECONDS)) as qmp,
    ):
        qmp.execute("query-status")
        qmp.execute("quit")
        if running.process.ended_within(SECONDS) is None:
            raise QemuError("QEMU did not quit")


def timed(action: Callable[[], object]) -> float:
    """Its wall time in seconds."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def measured(subject: Subject, rounds: int, qemu: binary.Binary) -> tuple[str, ...]:
    """One machine's row of the table, after a round that does not count."""
    cancellation = Cancellation()
    actions = {
        "floor": lambda: start_and_quit(subject.hardware, qemu, cancellation),
        "probe": lambda: cold_probe(subject.hardware, qemu, cancellation, Deadline.after(SECONDS)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + 1):
        for name in turn(list(actions), number):
            taken = timed(actions[name])
            if number:
                seconds[name].append(taken)
    done = Rounds(seconds)
    ratio = done.ratio("probe", "floor")
    word = "met" if ratio.median <= subject.target else "missed"
    return (
        subject.machine,
        done.spread("floor").text(3),
        done.spread("probe").text(3),
        ratio.text(3),
        f"at most {subject.target}: {word}",
    )


def main(arguments: list[str]) -> int:
    """Measure every machine. Returns the exit code."""
    if len(arguments) > 1 or not all(word.isdigit() for word in arguments):
        print("usage: bench/probe.py [ROUNDS]")
        return 2
    qemu = binary.find(None)
    rounds = int(arguments[0]) if arguments else 40
    print(f"{qemu.banner}; medians of {rounds} rounds (least to greatest), in seconds\n")
    heading = ("machine", "start and quit", "cold probe", "ratio", "target")
    print(table(heading, [measured(subject, rounds, qemu) for subject in SUBJECTS]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
