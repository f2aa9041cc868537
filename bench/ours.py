"""pciabi's own boot probe, and the floor under it: the same QEMU, kernel and drivers, no SSH."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from contender import Run
from pciabi.descriptor import Descriptor
from pciabi.errors import CannotTest
from pciabi.events import Event, Label, StageReached
from pciabi.guest import cpio
from pciabi.guest.guest import KernelAndInitrd
from pciabi.probe import boot, contact
from pciabi.probe.equipment import Vm, equip
from pciabi.probe.guest_host import GuestHost
from pciabi.probe.hypervisor import BOOTED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu import command_line
from pciabi.vm.config import Device, VmConfig

SECONDS = 300.0
CONTROL = "net1"
_FLOOR_END = "floor-end"
_INIT = Path(__file__).with_name("floor-init")


class Reached:
    """When each stage of the last boot was reached. Told of a host's events."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        """Note the time of a stage."""
        if isinstance(event, StageReached):
            self.at[event.stage] = time.monotonic()


@dataclass(frozen=True)
class Bench:
    """What both boot with: a host, the guest's recipe, and the driver of the two NICs."""

    host: GuestHost
    reached: Reached
    recipe: Path
    nic: str

    def machine(self, name: str) -> Vm:
        """A VM with two NICs, 256 MB and one CPU."""
        nics = (Device(self.nic, "net0"), Device(self.nic, CONTROL))
        macs = {"net0": "52:54:00:ab:00:01", CONTROL: "52:54:00:ab:00:02"}
        return Vm(VmConfig(name, "256M", 1, nics), macs)


@dataclass(frozen=True)
class Ours:
    """The product, as `pciabi run` calls it."""

    bench: Bench
    name: ClassVar[str] = "pciabi"
    what: ClassVar[str] = (
        "the boot probe: firmware, kernel, every driver bound, network up, SSH login, lspci "
        "over SSH"
    )

    def run(self, machine: str) -> Run:
        """Boot once, noting when QEMU was started and when the text had arrived."""
        vm, recipe = self.bench.machine(machine), self.bench.recipe
        task = boot.BootTask(vm, None, recipe, CONTROL, Label("bench"), SECONDS)
        record = self.bench.host.read(task)
        ended, at = time.monotonic(), self.bench.reached.at
        twin = ended - at[boot.READING_TWIN] if boot.READING_TWIN in at else None
        return Run(at[contact.LSPCI_READ] - at[boot.STARTING], record.lspci, twin=twin)


@dataclass(frozen=True)
class Floor:
    """The same command line, and an init that does nothing but print the text."""

    bench: Bench
    name: ClassVar[str] = "floor"
    what: ClassVar[str] = (
        "same QEMU command line and image; its init binds the drivers, prints lspci to the "
        "serial port and powers off"
    )

    def run(self, machine: str) -> Run:
        """Boot once, until the line behind the text has arrived on the event port."""
        subject, host = self._machine(machine), self.bench.host
        started = time.monotonic()
        with OWN_QEMU.start(subject, host.cancellation) as running:
            text = _until_end(running.events)
            seconds = time.monotonic() - started
            if running.process.ended_within(SECONDS) is None:
                raise CannotTest("the floor's guest did not power off")
        return Run(seconds, text)

    def _machine(self, name: str) -> Machine:
        host = self.bench.host
        binary = host.qemu(None)
        vm = equip(self.bench.machine(name), binary)
        medium = self._medium()
        return Machine(
            binary,
            command_line.hardware(vm.config, vm.accepted, CONTROL, vm.plugged),
            BOOTED,
            host.accelerator(binary).name,
            command_line.kernel(str(medium.kernel), str(self._initrd()), medium.arguments),
        )

    def _medium(self) -> KernelAndInitrd:
        medium = self.bench.host.guest(self.bench.recipe).medium
        assert isinstance(medium, KernelAndInitrd)
        return medium

    def _initrd(self) -> Path:
        """The image's, with another init behind it: of two files of one name the later counts."""
        path = self.bench.host.folder / "floor-initrd"
        addition = cpio.archive([cpio.file("init", _INIT.read_bytes(), 0o755)])
        image = self._medium().initrd.read_bytes()
        path.write_bytes(cpio.padded(image) + addition)
        return path


def _until_end(port: Descriptor) -> str:
    arrived = b""
    end = f"{_FLOOR_END}\r\n".encode()
    while not arrived.endswith(end):
        ready, _, _ = select.select([port], [], [], SECONDS)
        if not ready:
            raise CannotTest("the floor's guest printed nothing more")
        piece = os.read(port.fileno(), 65536)
        if not piece:
            raise CannotTest("the floor's guest ended before it had listed its hardware")
        arrived += piece
    return arrived.removesuffix(end).decode(errors="replace").replace("\r", "")
