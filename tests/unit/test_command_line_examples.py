"""Recorded command lines, made inert on any machine: the hardware stays, nothing of its host."""

from __future__ import annotations

import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from pciabi.qemu.inert.hardware import InertHardware, inert
from pciabi.vm import reading
from tests.unit.command_line_examples import EXAMPLES, PLACES

# Of files and sockets, of the host's devices, and of what draws or speaks to somebody.
HOSTS = ("/", "fd=", "vfio", "tap,", "vnc", "spicevmc", "socket,")


def made(path: Path) -> InertHardware:
    return inert(reading.read(path))


def devices(hardware: InertHardware) -> list[str]:
    words = hardware.arguments
    return [text for option, text in pairwise(words) if option == "-device"]


def test_every_example_has_its_places() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == set(PLACES)


@pytest.mark.parametrize("name", PLACES)
def test_all_devices_of_an_example_stay_and_nothing_of_its_host(name: str) -> None:
    hardware = made(EXAMPLES / name)
    assert PLACES[name].keys() <= set(hardware.expected)
    assert [(word, text) for text in hardware.arguments for word in HOSTS if word in text] == []


@pytest.mark.parametrize("name", PLACES)
def test_what_was_made_inert_has_nothing_left_to_be_made_so(name: str, tmp_path: Path) -> None:
    hardware = made(EXAMPLES / name)
    path = tmp_path / "inert.sh"
    path.write_text(shlex.join(["qemu-system-x86_64", *hardware.arguments]) + "\n")
    again = made(path)
    assert again.expected == hardware.expected
    assert devices(again) == devices(hardware)
