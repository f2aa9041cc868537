#!/usr/bin/env python3
"""Times pciabi's boot against its floor and against virtme-ng, in interleaved rounds.

Usage: bench/boot.py [--rounds N] [--machine TYPE] [--nic DRIVER] [--without-vng]

Run it with the project's Python (.venv/bin/python). virtme-ng takes part where it is installed:
pip install '.[bench]'. Prints Markdown; docs/boot-speed.md keeps a run's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import host
import ours
import vng
from contender import Contender, Run
from paired import Rounds, Spread, table, turn
from pciabi import resources
from pciabi.cancellation import Cancellation
from pciabi.errors import PciabiError
from pciabi.guest import image
from pciabi.probe.guest_host import GuestHost
from pciabi.qemu import binary
from pciabi.qemu.wish import Wish
from pciabi.workspace import workspace

TARGETS = {"floor": 1.3, "vng": 0.3}


def main() -> int:
    """Run the bench. Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="counted rounds (default 7)")
    parser.add_argument("--machine", action="append", help="machine type (default: pc and q35)")
    parser.add_argument("--nic", default="virtio-net-pci", help="driver of both NICs")
    parser.add_argument("--without-vng", action="store_true", help="leave virtme-ng out")
    wanted = parser.parse_args()
    machines = wanted.machine or ["pc", "q35"]
    try:
        with workspace() as folder:
            bench(machines, wanted.nic, wanted.rounds, folder, vng_too=not wanted.without_vng)
    except PciabiError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def bench(machines: Sequence[str], nic: str, rounds: int, folder: Path, *, vng_too: bool) -> None:
    """Measure and print."""
    emulator = binary.find(None)
    recipe = resources.image_recipe("debian")
    built = image.ensure(recipe, lambda _: None)
    # TCG for all, as vng is run: where KVM works it would not have to be emulated either.
    reached = ours.Reached()
    both = ours.Bench(GuestHost(Wish.TCG, folder, Cancellation(), reached), reached, recipe, nic)
    contenders: list[Contender] = [ours.Ours(both), ours.Floor(both)]
    said = [*host.facts(), host.qemu(emulator), f"guest: Linux {built.kernel_version}"]
    program = vng.find() if vng_too else None
    if program is not None:
        (folder / "vng").mkdir()
        kit = vng.prepare(program, built, emulator.command, folder / "vng")
        contenders += vng.contenders(kit, nic, built)
        said.append(host.vng(program))
    said.append(f"guests: two {nic}, 256 MB, 1 CPU, TCG, for all alike; {rounds} rounds")
    print("\n".join(f"- {line}" for line in said), end="\n\n", flush=True)
    for contender in contenders:
        print(f"- **{contender.name}**: {contender.what}")
    print(flush=True)
    rows: list[Sequence[str]] = []
    for machine in machines:
        rows += measured(machine, contenders, rounds)
    print(table(("machine", "contender", "seconds", "pciabi is", "target"), rows))


def measured(
    machine: str, contenders: Sequence[Contender], rounds: int
) -> list[tuple[str, str, str, str, str]]:
    """One machine's rows, after a round that does not count."""
    by_name = {contender.name: contender for contender in contenders}
    runs: dict[str, list[Run]] = {name: [] for name in by_name}
    for number in range(rounds + 1):
        for name in turn(list(by_name), number):
            run = by_name[name].run(machine)
            print(f"{machine} round {number} {name}: {run.seconds:.2f} s", file=sys.stderr)
            if number:
                runs[name].append(run)
    print(f"- {machine}: {agreement(runs)}", flush=True)
    for name, done in runs.items():
        whole = [run.whole for run in done if run.whole is not None]
        if whole:
            print(f"- {machine}: the whole {name} command took {Spread.of(whole).text(2)} s")
        twins = [run.twin for run in done if run.twin is not None]
        if twins:
            print(f"- {machine}: then {name} read a paused twin in {Spread.of(twins).text(2)} s")
    timed = Rounds({name: [run.seconds for run in done] for name, done in runs.items()})
    return [row(machine, name, timed) for name in by_name]


def agreement(runs: dict[str, list[Run]]) -> str:
    """Whether the floor's guests printed what pciabi read."""
    pairs = zip(runs["pciabi"], runs["floor"], strict=True)
    different = sum(mine.text != floor.text for mine, floor in pairs)
    if different:
        return f"the lspci texts of pciabi and the floor differ in {different} rounds"
    return "pciabi and the floor have the same lspci text, byte for byte, in every round"


def row(machine: str, name: str, timed: Rounds) -> tuple[str, str, str, str, str]:
    """A contender's row of the table."""
    seconds = timed.spread(name).text(2)
    if name == "pciabi":
        return machine, name, seconds, "", ""
    ratio = timed.ratio("pciabi", name)
    target = TARGETS.get(name)
    if target is None:
        return machine, name, seconds, f"{ratio.text(2)} of it", ""
    word = "met" if ratio.median <= target else "missed"
    return machine, name, seconds, f"{ratio.text(2)} of it", f"at most {target}: {word}"


if __name__ == "__main__":
    sys.exit(main())
