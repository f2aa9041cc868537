"""One VM read twice, cold and by a boot, and what tells the two readings apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pciabi.abi.change import Change
from pciabi.abi.compare import compare
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.distribution.progress import Progress
from pciabi.pci import registers as reg
from pciabi.probe import cold
from pciabi.probe.boot import boot
from pciabi.probe.equipment import Equipped, equip
from pciabi.qemu.accelerator import Wish
from pciabi.result.entry import Entry
from pciabi.scenario.case import Case
from pciabi.scenario.run import GuestImages, Laboratory, Wishes, laboratory
from pciabi.vm.config import Device, VmConfig

SECONDS = 240.0
_VGA = (0x0300).to_bytes(2, "little")
_HIDDEN = "the guest's kernel shows the shadow copy of the display's ROM instead"


class Silent:
    """An observer of a run that has nobody to tell."""

    def said(self, line: str) -> None:
        """Nobody listens."""

    def image(self, name: str, progress: Progress) -> None:
        """Nobody waits."""

    def planned(self, cases: tuple[Case, ...]) -> None:
        """Nobody plans."""

    def stage(self, case: Case, boot: int, stage: str) -> None:
        """Nobody watches."""

    def ended(self, result: Entry) -> None:
        """Nobody counts."""


@dataclass(frozen=True)
class Bench:
    """QEMU, a guest image, and what else a boot takes."""

    lab: Laboratory
    images: GuestImages

    def cold(self, vm: Equipped) -> Snapshot:
        """The VM read without a guest."""
        deadline = Deadline.after(SECONDS)
        return cold.cold_probe_of(vm, self.lab.binary, self.lab.cancellation, deadline)

    def booted(self, vm: Equipped, control: Device, recipe: Path) -> Snapshot:
        """The VM booted and its guest asked."""
        self.images.prepare(recipe)
        testbed = self.lab.testbed(self.images.get(recipe))
        return boot(vm, control, testbed, SECONDS, lambda _: None).snapshot

    def equipped(self, config: VmConfig) -> Equipped:
        """The VM with a MAC address for each NIC."""
        ids = [device.id for device in config.devices]
        macs = {name: f"52:54:00:cd:00:{number:02x}" for number, name in enumerate(ids)}
        return equip(config, macs, self.lab.binary)


@contextmanager
def bench() -> Iterator[Bench]:
    """A bench for the time of the block."""
    with laboratory(Wishes(None, Wish.AUTO, 1), Cancellation(), Silent()) as lab:
        yield Bench(lab, GuestImages(lab))


def must_agree(cold_snapshot: Snapshot, boot_snapshot: Snapshot) -> None:
    """Cold and boot are one hardware: presence, place, every fixed field, BARs and ROMs."""
    assert breaks(cold_snapshot, boot_snapshot) == []
    assert breaks(boot_snapshot, cold_snapshot) == []
    read = [_facts(function) for function in cold_snapshot.functions]
    seen = [_facts(function) for function in boot_snapshot.functions]
    assert read == seen, [pair for pair in zip(read, seen, strict=False) if pair[0] != pair[1]]
    assert cold_snapshot.functions
    assert cold_snapshot.provenance.machine == boot_snapshot.provenance.machine


def breaks(before: Snapshot, after: Snapshot) -> list[Change]:
    """The changes that are breaking."""
    return [
        change for change in compare(before, after).changes if change.severity is Severity.BREAKING
    ]


def _facts(placed: PlacedFunction) -> tuple[object, ...]:
    """What must be the same by plain equality, whatever the comparison makes of it."""
    function = placed.function
    return (
        str(placed.address),
        str(placed.path),
        placed.qdev_id,
        len(function.config),
        function.bars,
        _HIDDEN if function.config[reg.CLASS : reg.CLASS + 2] == _VGA else function.rom_size,
        function.config[reg.VENDOR_ID : reg.DEVICE_ID + 2],
        function.config[reg.CLASS_CODE - 1 : reg.CLASS_CODE + 3],
        function.config[reg.HEADER_TYPE],
    )
