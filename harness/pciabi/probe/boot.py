"""The boot probe: a VM is booted and its guest asked, over SSH, what hardware it sees."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pciabi.abi.snapshot import Provenance, Snapshot
from pciabi.deadline import Deadline
from pciabi.errors import (
    CannotTest,
    Evidence,
    GuestError,
    InputError,
    PciabiError,
    QemuError,
)
from pciabi.guest.answers import Answers
from pciabi.guest.console import Console
from pciabi.guest.login import OwnProtocol
from pciabi.pci import listing
from pciabi.probe import agreement, contact, refusal, start
from pciabi.probe.contact import Underway
from pciabi.probe.equipment import Equipped
from pciabi.probe.readiness import GuestWords
from pciabi.probe.sighting import agreed
from pciabi.probe.testbed import Testbed
from pciabi.qemu import monitor, placement, process
from pciabi.qemu.command_line import device_argument
from pciabi.result.boot import BootRecord
from pciabi.vm.command_line.stated_macs import stated_macs
from pciabi.vm.config import Device

OnStage = Callable[[str], None]

# From here to contact.LSPCI_READ bench/boot.py times.
STARTING = "starting QEMU"


def boot(
    equipped: Equipped,
    control: Device | None,
    testbed: Testbed,
    timeout: float,
    on_stage: OnStage,
) -> BootRecord:
    """Boot the VM, read it, end it.

    `control` is the NIC that carries SSH, None where nothing does; `timeout` in seconds bounds
    the whole boot. Raises InputError, CannotTest (with the evidence so far) or Interrupted.
    """
    return _Boot(equipped, control, testbed, Deadline.after(timeout), on_stage).run()


class _Boot:
    def __init__(
        self,
        equipped: Equipped,
        control: Device | None,
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
        self.must_be_pluggable()
        with tempfile.TemporaryDirectory(dir=self.testbed.folder) as name, ExitStack() as stack:
            folder = Path(name)
            (ours_monitor, theirs_monitor) = _socket_pair(stack)
            (ours_console, theirs_console) = _socket_pair(stack)
            (ours_events, theirs_events) = _socket_pair(stack)
            theirs = (theirs_monitor, theirs_console, theirs_events)
            descriptors = (
                theirs_monitor.fileno(),
                theirs_console.fileno(),
                theirs_events.fileno(),
            )
            self.arguments = start.arguments(
                self.equipped, self.control, self.testbed, folder, descriptors
            )
            login = self.testbed.guest.login
            self.console = Console(ours_console, login.secrets)
            self.on_stage(STARTING)
            with (
                self.evidence(),
                process.running(
                    self.arguments,
                    descriptors,
                    self.testbed.cancellation,
                    start.environment(self.testbed.guest, folder),
                ) as qemu,
            ):
                for end in theirs:
                    end.close()
                with self.faults(qemu), monitor.session(ours_monitor, self.deadline) as qmp:
                    self.on_stage("booting the guest")
                    words = GuestWords(
                        qemu, self.console, ours_events, self.deadline, self.testbed.cancellation
                    )
                    said = contact.contact(login, self.testbed.keys).ask(
                        Underway(
                            qmp=qmp,
                            console=self.console,
                            words=words,
                            plugged=self.equipped.complete_plugged(),
                            deadline=self.deadline,
                            on_stage=self.on_stage,
                        )
                    )
                    snapshot = self.snapshot(qmp, said)
                self.console.read()
        return BootRecord(snapshot, said.lspci, self.console.text, time.monotonic() - started)

    def must_be_pluggable(self) -> None:
        """A foreign guest has nothing that tells when it drives a hot-plugged device."""
        if self.equipped.plugged and not isinstance(self.testbed.guest.login, OwnProtocol):
            raise InputError(
                "hot-plugging needs a guest that follows pciabi's own protocol",
                advice="a recipe without `login:`",
                place=self.equipped.plugged[0].position,
            )

    def snapshot(self, qmp: monitor.Monitor, said: Answers) -> Snapshot:
        agreement.must_run_on(self.equipped.config.firmware, said.firmware_interfaces, said.bios)
        plugged = map(device_argument, self.equipped.complete_plugged())
        stated = stated_macs((*self.arguments, *plugged))
        listed = listing.parse(said.lspci)
        functions, hidden = agreed(qmp, self.equipped, stated, listed, said.interfaces)
        origin, substitutions = self.provenance(qmp, said), self.equipped.substitutions
        return Snapshot(functions, origin, hidden, substitutions)

    def provenance(self, qmp: monitor.Monitor, said: Answers) -> Provenance:
        uefi = self.equipped.uefi
        return Provenance(
            probe="boot",
            qemu_version=self.testbed.binary.version_text,
            qemu_package=self.testbed.binary.banner,
            machine=placement.machine_type(qmp),
            accelerator=self.testbed.accelerator.name,
            firmware=f"{said.bios} ({uefi.label})" if uefi else said.bios,
            guest=f"{self.testbed.guest.label}, Linux {said.release}",
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
                raise refusal.reason(qemu, self.equipped, self.control, self.testbed) from error
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
