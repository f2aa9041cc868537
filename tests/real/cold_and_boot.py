"""One VM read twice, cold and by a boot, and what tells the two readings apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pciabi.abi.change import Change
from pciabi.abi.compare import compare
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.cancellation import Cancellation
from pciabi.events import Label
from pciabi.pci import registers as reg
from pciabi.probe import readers
from pciabi.probe.boot import BootTask
from pciabi.probe.cold_task import ColdTask
from pciabi.probe.equipment import Vm
from pciabi.probe.fact_readers import readers_in
from pciabi.probe.guest_host import GuestHost, guest_host
from pciabi.qemu.wish import Wish
from pciabi.vm.config import VmConfig

SECONDS = 240.0
_LABEL = Label("a test")
_VGA = (0x0300).to_bytes(2, "little")
_OF_QEMU = frozenset(reader.key.name for reader in readers_in(readers))
_HIDDEN = "the guest's kernel shows the shadow copy of the display's ROM instead"


@dataclass(frozen=True)
class Bench:
    """A host, on which VMs are read cold and by a boot."""

    host: GuestHost

    def cold(self, vm: Vm) -> Snapshot:
        """The VM read without a guest."""
        return self.host.read(ColdTask(vm, None, _LABEL, SECONDS))

    def booted(self, vm: Vm, control: str, recipe: Path) -> Snapshot:
        """The VM booted and its guest asked; `control` is the id of the NIC that carries SSH."""
        return self.host.read(BootTask(vm, None, recipe, control, _LABEL, SECONDS)).snapshot


def vm_of(config: VmConfig) -> Vm:
    """The VM with a MAC address for each NIC."""
    ids = [device.id for device in config.devices]
    return Vm(config, {name: f"52:54:00:cd:00:{number:02x}" for number, name in enumerate(ids)})


@contextmanager
def bench() -> Iterator[Bench]:
    """A bench for the time of the block."""
    with guest_host(Wish.AUTO, Cancellation()) as host:
        yield Bench(host)


def must_agree(cold_snapshot: Snapshot, boot_snapshot: Snapshot) -> None:
    """Cold and boot are one hardware: presence, place, every fixed field, BARs and ROMs, and all
    that QEMU tells of each function and of the machine, be it of a paused twin. Of that nothing
    is excused."""
    assert breaks(cold_snapshot, boot_snapshot) == []
    assert breaks(boot_snapshot, cold_snapshot) == []
    read = [_facts(function) for function in cold_snapshot.functions]
    seen = [_facts(function) for function in boot_snapshot.functions]
    assert read == seen, [pair for pair in zip(read, seen, strict=False) if pair[0] != pair[1]]
    assert cold_snapshot.facts == boot_snapshot.facts
    assert cold_snapshot.functions
    assert cold_snapshot.provenance.machine == boot_snapshot.provenance.machine


def must_be_one_machine(one: Snapshot, other: Snapshot) -> None:
    """Two boots of one VM: all but the status bits, in which a pending interrupt shows, and the
    command lines, which name descriptors and temporary files."""
    changes = compare(one, other).changes
    assert [change for change in changes if change.severity is not Severity.BENIGN] == []
    assert [str(function.path) for function in one.functions] == [
        str(function.path) for function in other.functions
    ]
    assert replace(one.provenance, command_line=()) == replace(other.provenance, command_line=())


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
        {name: fact for name, fact in placed.facts if name in _OF_QEMU},
    )
