"""A VM is the same as itself: no reading of another start shows a change, or leaves open what the
first one told."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.abi.choice import chosen_by_default
from pciabi.abi.compare import compare
from pciabi.cancellation import Cancellation
from pciabi.qemu.wish import Wish
from pciabi.source import command_line
from pciabi.source.request import Probe, Request
from tests.real import varied_command_lines
from tests.real.releases import COMPARED, ON_PATH, emulator

RELEASES = (ON_PATH, *COMPARED)
LINES = 100
SAMPLED = range(0, LINES, 17)


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=() if seed in SAMPLED else pytest.mark.full)
        for seed in range(LINES)
    ],
)
def test_a_command_line_read_twice(seed: int, tmp_path: Path) -> None:
    release = RELEASES[seed % len(RELEASES)]
    emulator(release)
    file = tmp_path / "vm.sh"
    raw = varied_command_lines.command_line(seed, release).encode()
    spec = None if release == ON_PATH else release
    families = chosen_by_default()
    request = Request(str(file), spec, None, (), Probe.COLD, Wish.AUTO, {}, families)
    one, two = (command_line.read(file, raw, request, Cancellation()).snapshot for _ in range(2))
    comparison = compare(one, two)
    assert comparison.changes == ()
    assert [unknown for unknown in comparison.unknowns if not unknown.excused] == []
    assert one.functions == two.functions
    assert one.facts == two.facts
    assert one.unreachable == two.unreachable
