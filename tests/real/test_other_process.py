"""A task that is sent to another process reads there what it reads here."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pciabi import resources
from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.errors import Evidence, InputError, SourcePosition
from pciabi.events import Label, Said, StageReached
from pciabi.probe.boot import STARTING, BootTask
from pciabi.probe.cold_task import ColdTask
from pciabi.probe.contact import LSPCI_READ
from pciabi.probe.equipment import Vm
from pciabi.probe.guest_host import guest_host
from pciabi.qemu.wish import Wish
from pciabi.result.boot import BootRecord
from pciabi.vm.config import Device, VmConfig
from tests.real.cold_and_boot import must_be_one_machine, vm_of
from tests.real.command import guests, workspaces
from tests.real.other_process import worker

NICS = (Device("e1000", "net0"), Device("virtio-net-pci", "net1"))
LABEL = Label("two NICs", 0, 1)
COLD = ColdTask(vm_of(VmConfig("pc", "256M", 1, NICS)), None, LABEL)
BOOT = BootTask(COLD.vm, None, resources.image_recipe("debian"), "net1", LABEL, 240)
LATER = SourcePosition("vm.yaml", 7)
MISPLACED = Device("virtio-rng-pci", "rng", addr="0x40", position=LATER)
REFUSED = ColdTask(Vm(VmConfig("pc", "256M", 1, (MISPLACED,)), {}), None, LABEL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the other process has for its temporary folders lies below it."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return tmp_path


def hardware(snapshot: object) -> Snapshot:
    """All of a snapshot but the command line, which names descriptors and temporary files."""
    assert isinstance(snapshot, Snapshot)
    return replace(snapshot, provenance=replace(snapshot.provenance, command_line=()))


def test_a_cold_and_a_boot_task_are_carried_out_by_another_process(folder: Path) -> None:
    with worker([COLD, REFUSED, BOOT]) as there:
        cold, refused, boot = there.outcome(), there.outcome(), there.outcome()
        there.process.join(60)
        assert there.process.exitcode == 0
    with guest_host(Wish.TCG, Cancellation()) as here:
        assert hardware(cold) == hardware(here.read(COLD))
        assert isinstance(boot, BootRecord)
        must_be_one_machine(boot.snapshot, here.read(BOOT).snapshot)
    assert isinstance(refused, InputError)
    assert refused.place == LATER
    assert isinstance(refused.evidence, Evidence)
    assert isinstance(there.events[0], Said)
    reached = [event for event in there.events if isinstance(event, StageReached)]
    assert {event.label for event in reached} == {LABEL}
    stages = [event.stage for event in reached]
    assert stages.index(STARTING) < stages.index(LSPCI_READ)
    assert not workspaces(folder)


def test_nothing_is_left_of_a_process_that_is_told_to_end(folder: Path) -> None:
    with worker([BOOT]) as there:
        there.await_stage("booting the guest")
        assert guests(folder)
        assert workspaces(folder)
        assert there.process.pid is not None
        os.kill(there.process.pid, signal.SIGTERM)
        with pytest.raises(EOFError):
            there.outcome()
        there.process.join(60)
        assert there.process.exitcode == 143
    assert not guests(folder)
    assert not workspaces(folder)
