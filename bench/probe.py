#!/usr/bin/env python3
"""How long the cold probe takes, held against the same QEMU that only starts and quits, and what
each family of facts adds to it.

Usage: bench/probe.py [ROUNDS]      (default 40; run it with the project's own Python)

All are the same program with the same connections; each round measures all, in turns each of them
first. Prints Markdown, which `script/record-speed probe` puts into docs/probe-speed.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import host
from paired import Rounds, table, turn
from pciabi.abi.choice import chosen, chosen_by_default
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.probe import readers
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.probe.fact_readers import readers_in
from pciabi.probe.hypervisor import PAUSED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu import binary

SECONDS = 60.0
NICS = ("virtio-net-pci,id=net0", "e1000e,id=net1")
# All that was read before there were families besides those that come with a function.
EARLIER = ("mac", "serial", "acpi-index", "mount_tag")
MOST_OF_EARLIER = 1.6
FLOOR, BARE, BEFORE, PROBE = "floor", "bare", "earlier facts", "default facts"

Action = Callable[[], object]


@dataclass(frozen=True)
class Subject:
    """A machine of six functions, and how many times the floor the reading of the earlier facts
    may take."""

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


def probe(
    hardware: Hardware, families: frozenset[str], qemu: binary.Binary, cancellation: Cancellation
) -> None:
    """The cold probe, with the facts of these families."""
    wanted = replace(hardware, families=families)
    cold_probe(wanted, qemu, cancellation, Deadline.after(SECONDS))


def actions(subject: Subject, qemu: binary.Binary) -> Mapping[str, Action]:
    """What is timed, by name: the floor, the probe with few facts and many, and with one family
    more than what comes with every function."""
    cancellation = Cancellation()
    choices = {
        BARE: chosen(()),
        BEFORE: chosen(EARLIER),
        PROBE: chosen_by_default(),
        **{name: chosen([name]) for name in families_of_qemu()},
    }
    return {
        FLOOR: partial(start_and_quit, subject.hardware, qemu, cancellation),
        **{
            name: partial(probe, subject.hardware, choice, qemu, cancellation)
            for name, choice in choices.items()
        },
    }


def families_of_qemu() -> tuple[str, ...]:
    """The families that QEMU is asked for, by name."""
    return tuple(sorted({reader.key.name for reader in readers_in(readers)}))


def timed(action: Action) -> float:
    """Its wall time in seconds."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def measured(subject: Subject, rounds: int, qemu: binary.Binary) -> Rounds:
    """All of them on one machine, after a round that does not count."""
    timings = actions(subject, qemu)
    seconds: dict[str, list[float]] = {name: [] for name in timings}
    for number in range(rounds + 1):
        for name in turn(list(timings), number):
            taken = timed(timings[name])
            if number:
                seconds[name].append(taken)
    return Rounds(seconds)


def whole(subject: Subject, done: Rounds) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """One machine's rows of the table of probes: the earlier one, and today's."""
    return (
        _row(subject.machine, BEFORE, FLOOR, subject.target, done),
        _row(subject.machine, PROBE, BEFORE, MOST_OF_EARLIER, done),
    )


def _row(machine: str, name: str, other: str, target: float, done: Rounds) -> tuple[str, ...]:
    ratio = done.ratio(name, other)
    word = "met" if ratio.median <= target else "missed"
    against = f"{other}, {done.spread(other).text(3)}"
    seconds = done.spread(name).text(3)
    return machine, name, seconds, against, ratio.text(2), f"at most {target}: {word}"


def alone(subject: Subject, done: Rounds) -> list[tuple[str, ...]]:
    """One machine's rows of the table of families."""
    asked = chosen_by_default()
    return [
        (
            subject.machine,
            name,
            f"{1000 * done.difference(name, BARE).median:.1f}",
            "" if name in asked else "on request",
        )
        for name in families_of_qemu()
    ]


def main(arguments: list[str]) -> int:
    """Measure every machine. Returns the exit code."""
    if len(arguments) > 1 or not all(word.isdigit() for word in arguments):
        print("usage: bench/probe.py [ROUNDS]")
        return 2
    qemu = binary.find(None)
    rounds = int(arguments[0]) if arguments else 40
    print("\n".join(f"- {line}" for line in (*host.facts(), host.qemu(qemu))))
    print(f"- medians of {rounds} rounds (least to greatest), in seconds\n")
    figures = [(subject, measured(subject, rounds, qemu)) for subject in SUBJECTS]
    wholes = ("machine", "cold probe with", "takes", "held against", "ratio", "target")
    print(table(wholes, [row for one in figures for row in whole(*one)]), end="\n\n")
    singles = ("machine", "one family more", "adds, in ms", "read")
    print(table(singles, [row for one in figures for row in alone(*one)]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
