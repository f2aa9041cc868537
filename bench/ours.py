"""pciabi's own boot probe, and the floor under it: the same QEMU, kernel and drivers, no SSH."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from contender import Run
from pciabi.errors import CannotTest
from pciabi.guest import cpio
from pciabi.guest.guest import KernelAndInitrd
from pciabi.probe import boot, contact
from pciabi.probe.equipment import Equipped, equip
from pciabi.probe.testbed import Testbed
from pciabi.qemu import command_line, process
from pciabi.vm.config import Device, VmConfig

SECONDS = 300.0
_FLOOR_END = "floor-end"
_INIT = Path(__file__).with_name("floor-init")


@dataclass(frozen=True)
class Bench:
    """What both boot: QEMU and the guest image, and the driver of the two NICs."""

    testbed: Testbed
    nic: str

    def machine(self, name: str) -> Equipped:
        """A VM with two NICs, 256 MB and one CPU."""
        nics = (Device(self.nic, "net0"), Device(self.nic, "net1"))
        macs = {"net0": "52:54:00:ab:00:01", "net1": "52:54:00:ab:00:02"}
        return equip(VmConfig(name, "256M", 1, nics), macs, self.testbed.binary)


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
        vm = self.bench.machine(machine)
        reached: dict[str, float] = {}

        def on_stage(stage: str) -> None:
            reached[stage] = time.monotonic()

        record = boot.boot(vm, vm.nics()[-1], self.bench.testbed, SECONDS, on_stage)
        return Run(reached[contact.LSPCI_READ] - reached[boot.STARTING], record.lspci)


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
        with ExitStack() as stack:
            ports = [socket.socketpair() for _ in range(3)]
            for ours, theirs in ports:
                stack.callback(ours.close)
                stack.callback(theirs.close)
            monitor, console, events = (theirs.fileno() for _, theirs in ports)
            descriptors = (monitor, console, events)
            arguments = self._command_line(machine, descriptors)
            cancellation = self.bench.testbed.cancellation
            started = time.monotonic()
            qemu = stack.enter_context(process.running(arguments, descriptors, cancellation))
            for _, theirs in ports:
                theirs.close()
            text = _until_end(ports[-1][0])
            seconds = time.monotonic() - started
            if qemu.ended_within(SECONDS) is None:
                raise CannotTest("the floor's guest did not power off")
        return Run(seconds, text)

    def _command_line(self, machine: str, descriptors: tuple[int, int, int]) -> tuple[str, ...]:
        testbed, vm, medium = self.bench.testbed, self.bench.machine(machine), self._medium()
        wiring = command_line.Wiring(*descriptors)
        control = vm.nics()[-1].id
        return (
            *testbed.binary.command,
            *command_line.hardware(vm.config, vm.accepted, control, vm.plugged),
            *command_line.harness(wiring, testbed.accelerator.name),
            *command_line.kernel(str(medium.kernel), str(self._initrd()), medium.arguments),
        )

    def _medium(self) -> KernelAndInitrd:
        medium = self.bench.testbed.guest.medium
        assert isinstance(medium, KernelAndInitrd)
        return medium

    def _initrd(self) -> Path:
        """The image's, with another init behind it: of two files of one name the later counts."""
        path = self.bench.testbed.folder / "floor-initrd"
        addition = cpio.archive([cpio.file("init", _INIT.read_bytes(), 0o755)])
        image = self._medium().initrd.read_bytes()
        path.write_bytes(cpio.padded(image) + addition)
        return path


def _until_end(port: socket.socket) -> str:
    port.settimeout(SECONDS)
    arrived = b""
    end = f"{_FLOOR_END}\r\n".encode()
    while not arrived.endswith(end):
        try:
            piece = port.recv(65536)
        except TimeoutError as error:
            raise CannotTest("the floor's guest printed nothing more") from error
        if not piece:
            raise CannotTest("the floor's guest ended before it had listed its hardware")
        arrived += piece
    return arrived.removesuffix(end).decode(errors="replace").replace("\r", "")
