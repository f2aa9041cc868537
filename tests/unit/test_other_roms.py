"""What nobody knows of option ROMs that are not those a QEMU was to show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pciabi.abi.compare import compare
from pciabi.probe.other_roms import unknown_roms
from pciabi.snapshots import read

FILE = Path(__file__).parents[1] / "golden/snapshot/qemu-7.2_pc-two-nics.json"
SNAPSHOT = read.parse(FILE.read_bytes(), str(FILE))
WHOSE = "the option ROMs that process 1 has shown"


def test_a_qemu_with_its_own_roms_leaves_nothing_open() -> None:
    assert not list(unknown_roms("", SNAPSHOT.functions, SNAPSHOT.creations))


def test_the_rom_of_every_device_that_has_one_is_unknown_and_nothing_else() -> None:
    having = {f.qdev_id for f in SNAPSHOT.functions if f.function.rom_size is not None}
    assert having == {"net0", "net1"}
    found = tuple(unknown_roms(WHOSE, SNAPSHOT.functions, SNAPSHOT.creations))
    comparison = compare(replace(SNAPSHOT, substitutions=found), SNAPSHOT)
    told = [one for one in comparison.unknowns if WHOSE in one.why_before]
    assert len(told) == 2 * len(having)
    assert {one.field for one in told} == {"expansion ROM size", "expansion ROM content"}
    assert not any(one.excused for one in told)
