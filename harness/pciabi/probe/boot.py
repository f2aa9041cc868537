"""The boot probe: a VM is booted and its guest asked, over SSH, what hardware it sees."""

from __future__ import annotations

import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pciabi.abi.snapshot import Provenance, Snapshot
from pciabi.deadline import Deadline
from pciabi.errors import CannotTest, Evidence, GuestError, PciabiError, QemuError
from pciabi.guest import interfaces, seed, ssh
from pciabi.guest.console import Console
from pciabi.pci import lspci
from pciabi.probe import agreement, hotplug, refusal
from pciabi.probe.equipment import Equipped
from pciabi.probe.readiness import READY, GuestWords
from pciabi.probe.sighting import agreed
from pciabi.probe.testbed import Testbed
from pciabi.qemu import command_line, firmware, monitor, placement, process
from pciabi.vm.config import Device

LSPCI = "lspci -D -nn -vvv -xxxx"
_RELEASE = "uname -r"
_FIRMWARE = "cat /sys/class/dmi/id/bios_vendor /sys/class/dmi/id/bios_version"
_FIRMWARE_INTERFACES = "ls /sys/firmware"
_FORWARD = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s")

OnStage = Callable[[str], None]

# Between these two stages lies what bench/boot.py times.
STARTING = "starting QEMU"
LSPCI_READ = "reading names"


@dataclass(frozen=True)
class BootRecord:
    """A boot that succeeded: what was seen, and the evidence. `seconds` is its wall time."""

    snapshot: Snapshot
    lspci: str
    console: str
    seconds: float


def boot(
    equipped: Equipped, control: Device, testbed: Testbed, timeout: float, on_stage: OnStage
) -> BootRecord:
    """Boot the VM, read it, end it.

    `control` is the NIC that carries SSH; `timeout` in seconds bounds the whole boot. Raises
    InputError, CannotTest (with the evidence so far) or Interrupted.
    """
    return _Boot(equipped, control, testbed, Deadline.after(timeout), on_stage).run()


class _Boot:
    def __init__(
        self,
        equipped: Equipped,
        control: Device,
        testbed: Testbed,
        deadline: Deadline,
        on_stage: OnStage,
    ) -> None:
        self.equipped = equipped
        self.control = control
        self.testbed = testbed
        self.deadline = deadline
        self.on_stage = on_stage
        self.arguments: tuple[str, ...] = ()
        self.console: Console | None = None

    def run(self) -> BootRecord:
        started = time.monotonic()
        self.on_stage("preparing")
        with tempfile.TemporaryDirectory(dir=self.testbed.folder) as folder, ExitStack() as stack:
            initrd = Path(folder) / "initrd"
            mac = dict(self.control.properties)["mac"]
            seed.write_initrd(initrd, self.testbed.guest.medium.initrd, self.testbed.keys, mac)
            (ours_monitor, theirs_monitor) = _socket_pair(stack)
            (ours_console, theirs_console) = _socket_pair(stack)
            (ours_events, theirs_events) = _socket_pair(stack)
            theirs = (theirs_monitor, theirs_console, theirs_events)
            descriptors = (
                theirs_monitor.fileno(),
                theirs_console.fileno(),
                theirs_events.fileno(),
            )
            self.arguments = self.command_line(Path(folder), initrd, descriptors)
            self.console = Console(ours_console)
            self.on_stage(STARTING)
            with (
                self.evidence(),
                process.running(self.arguments, descriptors, self.testbed.cancellation) as qemu,
            ):
                for end in theirs:
                    end.close()
                with self.faults(qemu), monitor.session(ours_monitor, self.deadline) as qmp:
                    self.on_stage("booting the guest")
                    words = GuestWords(
                        qemu, self.console, ours_events, self.deadline, self.testbed.cancellation
                    )
                    words.wait_for(READY, "the guest was not ready")
                    snapshot, text = self.read(qmp, words)
                self.console.read()
        return BootRecord(snapshot, text, self.console.text, time.monotonic() - started)

    def command_line(
        self, folder: Path, initrd: Path, descriptors: tuple[int, int, int]
    ) -> tuple[str, ...]:
        medium, uefi = self.testbed.guest.medium, self.equipped.uefi
        kernel = medium.efi_kernel if uefi else medium.kernel
        wiring = command_line.Wiring(*descriptors, str(kernel), str(initrd), medium.arguments)
        return (
            *self.testbed.binary.command,
            *command_line.hardware(
                self.equipped.config,
                self.equipped.accepted,
                self.control.id,
                self.equipped.plugged,
            ),
            *(firmware.install(uefi, folder) if uefi else ()),
            *command_line.harness(wiring, self.testbed.accelerator.name),
        )

    def read(self, qmp: monitor.Monitor, words: GuestWords) -> tuple[Snapshot, str]:
        match = _FORWARD.search(qmp.hmp("info usernet"))
        if match is None:
            raise QemuError("QEMU forwards no port to the guest")
        with ssh.session(int(match[1]), self.testbed.keys, self.deadline) as session:
            if self.equipped.plugged:
                self.on_stage("hot-plugging")
                hotplug.plug(self.equipped.complete_plugged(), qmp, session, words)
            self.on_stage("reading")
            text = session.run(LSPCI)
            self.on_stage(LSPCI_READ)
            nics = interfaces.parse(session.run(interfaces.COMMAND))
            release = session.run(_RELEASE).strip()
            interfaces_of_firmware = session.run(_FIRMWARE_INTERFACES).split()
            bios = " ".join(session.run(_FIRMWARE).split())
        agreement.must_run_on(self.equipped.config.firmware, interfaces_of_firmware, bios)
        functions, hidden = agreed(qmp, self.equipped, lspci.parse(text), nics)
        return Snapshot(functions, nics, self.provenance(qmp, bios, release), hidden), text

    def provenance(self, qmp: monitor.Monitor, bios: str, release: str) -> Provenance:
        uefi = self.equipped.uefi
        return Provenance(
            probe="boot",
            qemu_version=self.testbed.binary.version_text,
            qemu_package=self.testbed.binary.banner,
            machine=placement.machine_type(qmp),
            accelerator=self.testbed.accelerator.name,
            firmware=f"{bios} ({uefi.label})" if uefi else bios,
            guest=f"{self.testbed.guest.label}, Linux {release}",
            command_line=self.arguments,
        )

    @contextmanager
    def faults(self, qemu: process.Process) -> Iterator[None]:
        """Whatever was noticed first, the death of QEMU or the guest is the reason to name."""
        try:
            yield
        except CannotTest as error:
            self.testbed.cancellation.check()
            status = _final_status(qemu, error)
            # A guest that panics ends QEMU, so its last words come first.
            if self.console is not None:
                self.console.read()
                if self.console.fault is not None:
                    raise GuestError(self.console.fault) from error
            if status is not None:
                raise refusal.reason(
                    qemu, self.equipped, self.control, self.testbed.binary
                ) from error
            if qemu.stop_signal is not None:
                raise QemuError(
                    f"QEMU hangs: {qemu.stop_signal.name} suspended it, and nothing let it go on"
                ) from error
            raise

    @contextmanager
    def evidence(self) -> Iterator[None]:
        try:
            yield
        except PciabiError as error:
            text = self.console.text if self.console else ""
            error.evidence = Evidence(self.arguments, text)
            raise


def _final_status(qemu: process.Process, error: CannotTest) -> int | None:
    """QEMU's exit status. A lost connection means it is ending, if it has not ended yet."""
    if isinstance(error, QemuError):
        return qemu.ended_within(1.0)
    return qemu.exit_status


def _socket_pair(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    stack.callback(ours.close)
    stack.callback(theirs.close)
    return ours, theirs
