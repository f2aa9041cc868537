#!/usr/bin/env python3
"""How long a cold command takes to start, held against what it cannot do without.

Usage: bench/start.py [ROUNDS]      (default 20; run it with the project's own Python)

`pciabi --help` is held against a Python that only imports click, and `pciabi snapshot` of a small
command line against that and a QEMU of the same arguments that is started paused and told to
quit. Each round measures all, in turns. As where a package was installed, every module was
compiled before: an unmeasured round does that, into a folder that is gone at the end. Prints
Markdown.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import host
from paired import Rounds, table, turn
from pciabi.qemu import binary, command_line
from pciabi.qemu.inert.hardware import inert
from pciabi.vm import reading

CONFIG = (
    "qemu-system-x86_64 -nodefaults -machine q35"
    " -device virtio-net-pci,id=net0 -device e1000e,id=net1\n"
)
CLICK, QEMU = f"{Path(sys.executable).name} -c 'import click'", "QEMU, paused and quit"
_SECONDS = 60
_QUIT = b'{"execute": "qmp_capabilities"}\n{"execute": "quit"}\n'


@dataclass(frozen=True)
class Command:
    """One command line of pciabi's, what it is held against, and how many times that it may take,
    None where nothing is promised."""

    words: tuple[str, ...]
    floor: tuple[str, ...]
    target: float | None

    @property
    def name(self) -> str:
        """As a user types it."""
        return f"pciabi {' '.join(self.words)}"


COMMANDS = (
    Command(("--help",), (CLICK,), 2),
    Command(("snapshot", "vm.args", "-o", "vm.json"), (CLICK, QEMU), 3),
    Command(("diff", "vm.json", "vm.json"), (CLICK,), None),
)


def run(words: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    """One program to its end. Raises CalledProcessError where it fails."""
    subprocess.run(
        words,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        timeout=_SECONDS,
        check=True,
    )


def start_and_quit(arguments: tuple[str, ...]) -> None:
    """QEMU with these arguments and those of the cold probe, told to quit once it has greeted."""
    monitors, qtests = socket.socketpair(), socket.socketpair()
    with monitors[0], qtests[0]:
        theirs = (monitors[1].fileno(), qtests[1].fileno())
        words = (*arguments, *command_line.paused(*(f"fd={end}" for end in theirs)))
        qemu = subprocess.Popen(words, pass_fds=theirs, stderr=subprocess.DEVNULL)
        monitors[1].close()
        qtests[1].close()
        monitors[0].sendall(_QUIT)
        if qemu.wait(_SECONDS) != 0:
            raise SystemExit(f"{words[0]} did not quit well")


def contenders(folder: Path, environment: Mapping[str, str]) -> Mapping[str, Callable[[], None]]:
    """What is measured, by name."""
    config = folder / "vm.args"
    config.write_text(CONFIG)
    qemu = binary.find(None)
    arguments = (*qemu.command, *inert(reading.read(config), qemu.banner).arguments)
    pciabi = str(Path(sys.executable).with_name("pciabi"))

    def started(words: list[str]) -> Callable[[], None]:
        return lambda: run(words, folder, environment)

    return {
        CLICK: started([sys.executable, "-c", "import click"]),
        QEMU: lambda: start_and_quit(arguments),
        **{command.name: started([pciabi, *command.words]) for command in COMMANDS},
    }


def measured(actions: Mapping[str, Callable[[], None]], rounds: int) -> Rounds:
    """The seconds that each takes, after a round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for action in actions.values():
        action()
    for number in range(rounds):
        for name in turn(list(actions), number):
            started = time.perf_counter()
            actions[name]()
            seconds[name].append(time.perf_counter() - started)
    return Rounds(seconds)


def row(command: Command, done: Rounds) -> tuple[str, ...]:
    """A command's line of the table."""
    floor = " + ".join(command.floor)
    parts = [done.figures[name] for name in command.floor]
    together = [sum(each) for each in zip(*parts, strict=True)]
    ratio = Rounds({**done.figures, floor: together}).ratio(command.name, floor)
    target = ""
    if command.target is not None:
        word = "met" if ratio.median <= command.target else "missed"
        target = f"at most {command.target:g}: {word}"
    return f"`{command.name}`", done.spread(command.name).text(3), floor, ratio.text(2), target


def main(arguments: list[str]) -> int:
    """Measure all. Returns the exit code."""
    if len(arguments) > 1 or not all(word.isdigit() for word in arguments):
        print("usage: bench/start.py [ROUNDS]")
        return 2
    rounds = int(arguments[0]) if arguments else 20
    with TemporaryDirectory(prefix="pciabi-bench-") as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(folder, "bytecode"))}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = measured(contenders(Path(folder), environment), rounds)
    print("\n".join(host.facts()), end="\n\n")
    print(f"Medians of {rounds} rounds (least to greatest), in seconds.\n")
    floors = [(name, done.spread(name).text(3), "", "", "") for name in (CLICK, QEMU)]
    heading = ("what", "takes", "held against", "ratio", "target")
    print(table(heading, [*floors, *(row(command, done) for command in COMMANDS)]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
