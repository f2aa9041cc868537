"""The probes read the same whoever has started the machine, and name the same faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pciabi import resources
from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.errors import InputError, SourcePosition
from pciabi.events import Label
from pciabi.probe.boot import BootTask
from pciabi.probe.cold_task import AttemptTask, ColdTask
from pciabi.probe.guest_host import GuestHost, guest_host
from pciabi.qemu.wish import Wish
from pciabi.vm.config import Device, VmConfig
from tests.real.cold_and_boot import must_be_one_machine, vm_of
from tests.real.listening_qemu import ListeningQemu

NICS = (Device("e1000e", "net0"), Device("virtio-net-pci", "net1"))
LABEL = Label("two NICs")
VM = vm_of(VmConfig("q35", "256M", 1, NICS))
LATER = SourcePosition("vm.yaml", 7)
REFUSED = vm_of(
    VmConfig("q35", "256M", 1, (*NICS, Device("e1000", "bad", "none.0", position=LATER)))
)
DEBIAN = resources.image_recipe("debian")


@pytest.fixture
def ours() -> Iterator[GuestHost]:
    with guest_host(Wish.TCG, Cancellation()) as host:
        yield host


@pytest.fixture
def other() -> Iterator[GuestHost]:
    with guest_host(Wish.TCG, Cancellation(), hypervisor=ListeningQemu()) as host:
        yield host


def started(host: GuestHost) -> int:
    assert isinstance(host.hypervisor, ListeningQemu)
    return host.hypervisor.started


def hardware(snapshot: Snapshot) -> Snapshot:
    """All of it but the command line, which says how the ports are reached."""
    return replace(snapshot, provenance=replace(snapshot.provenance, command_line=()))


def test_a_cold_reading(ours: GuestHost, other: GuestHost) -> None:
    task = ColdTask(VM, None, LABEL)
    there = other.read(task)
    assert started(other) == 1
    assert any("path=" in word for word in there.provenance.command_line)
    assert hardware(there) == hardware(ours.read(task))


def test_a_boot(ours: GuestHost, other: GuestHost) -> None:
    task = BootTask(VM, None, DEBIAN, "net1", LABEL, 240)
    there = other.read(task)
    # Itself and its paused twin.
    assert started(other) == 2
    must_be_one_machine(there.snapshot, ours.read(task).snapshot)


def test_an_attempt(ours: GuestHost, other: GuestHost) -> None:
    for vm, blamed in ((VM, None), (REFUSED, "bad")):
        task = AttemptTask(vm, None, LABEL)
        here, there = ours.read(task), other.read(task)
        assert here.blamed == there.blamed == blamed
        assert here.words == there.words
    assert started(other) == 2


@pytest.mark.parametrize(
    "task",
    [
        ColdTask(REFUSED, None, LABEL),
        BootTask(REFUSED, None, DEBIAN, "net1", LABEL, 240),
    ],
    ids=["cold", "boot"],
)
def test_a_refusal(ours: GuestHost, other: GuestHost, task: ColdTask | BootTask) -> None:
    errors = []
    for host in (ours, other):
        with pytest.raises(InputError, match="QEMU refuses device bad") as caught:
            task.carry_out(host)
        assert caught.value.place == LATER
        assert caught.value.evidence is not None
        assert caught.value.evidence.command_line
        errors.append(str(caught.value))
    assert errors[0] == errors[1]
