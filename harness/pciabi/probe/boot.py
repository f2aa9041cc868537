"""The boot probe: a VM is booted and its guest asked, over SSH, what hardware it sees."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pciabi.abi.choice import chosen_by_default
from pciabi.abi.snapshot import Provenance, Snapshot
from pciabi.deadline import Deadline
from pciabi.errors import CannotTest, Evidence, GuestError, InputError, PciabiError
from pciabi.events import Label, StageReached
from pciabi.guest.answers import Answers
from pciabi.guest.console import Console
from pciabi.guest.login import OwnProtocol
from pciabi.pci import listing
from pciabi.probe import agreement, boot_refusal, contact, first_cause, paused_twin
from pciabi.probe.boot_setup import BootSetup
from pciabi.probe.contact import Underway
from pciabi.probe.equipment import Vm, equip
from pciabi.probe.guest_host import GuestHost
from pciabi.probe.hypervisor import Process, Running
from pciabi.probe.other_roms import unknown_roms
from pciabi.probe.readiness import GuestWords
from pciabi.probe.sighting import agreed
from pciabi.qemu import placement
from pciabi.qemu.monitor import Monitor
from pciabi.result.boot import BootRecord
from pciabi.vm.command_line.stated_macs import stated_macs

# From here to contact.LSPCI_READ bench/boot.py times.
STARTING = "starting QEMU"
# From here to the end it times as well.
READING_TWIN = "reading a paused twin"


@dataclass(frozen=True)
class BootTask:
    """A VM to be booted on the QEMU of that name (None: the one on PATH) with the guest of a
    recipe. `control` is the id of the NIC that carries SSH, None where nothing does; `seconds`
    bound the whole boot. `families` are those whose facts are read, by name. `firmware` is what the
    user named in the place of the QEMU's own."""

    vm: Vm
    qemu: str | None
    recipe: Path
    control: str | None
    label: Label
    seconds: float
    families: frozenset[str] = field(default_factory=chosen_by_default)
    firmware: str | None = None

    def carry_out(self, host: GuestHost) -> BootRecord:
        """Boot the VM, read it, end it. See Task."""
        chosen = host.firmware(self.firmware)
        binary = host.qemu(self.qemu)
        accelerator = host.accelerator(binary)
        guest = host.guest(self.recipe)
        binary = binary if chosen is None else chosen.under(binary)
        equipped = equip(self.vm, binary, chosen)
        control = None if self.control is None else equipped.config.device(self.control)
        setup = BootSetup(equipped, control, guest, binary, accelerator)
        deadline = Deadline.after(self.seconds)
        return _Boot(setup, host, self.label, deadline, self.families).run()


class _Boot:
    def __init__(
        self,
        setup: BootSetup,
        host: GuestHost,
        label: Label,
        deadline: Deadline,
        families: frozenset[str],
    ) -> None:
        self.setup = setup
        self.host = host
        self.label = label
        self.deadline = deadline
        self.families = families

    def on_stage(self, stage: str) -> None:
        self.host.tell(StageReached(self.label, stage))

    def run(self) -> BootRecord:
        started = time.monotonic()
        self.on_stage("preparing")
        self.must_be_pluggable()
        with tempfile.TemporaryDirectory(dir=self.host.folder) as folder:
            machine = self.setup.machine(self.host.keys, Path(folder))
            self.on_stage(STARTING)
            with self.host.hypervisor.start(machine, self.host.cancellation) as running:
                console = Console(running.console, self.setup.guest.login.secrets)
                with _evidence(running, console):
                    answers, snapshot = self.asked(running, console)
                    console.read()
        snapshot = self.completed(snapshot)
        return BootRecord(snapshot, answers.lspci, console.text, time.monotonic() - started)

    def asked(self, running: Running, console: Console) -> tuple[Answers, Snapshot]:
        """What the guest answers, and what QEMU makes of it. Raises as BootTask."""
        with (
            self.faults(running.process, console),
            running.monitor(self.deadline) as qmp,
        ):
            self.on_stage("booting the guest")
            words = GuestWords(
                running.process, console, running.events, self.deadline, self.host.cancellation
            )
            underway = Underway(
                qmp=qmp,
                console=console,
                words=words,
                plugged=self.setup.equipped.complete_plugged(),
                deadline=self.deadline,
                on_stage=self.on_stage,
            )
            answers = contact.contact(self.setup.guest.login, self.host.keys).ask(underway)
            return answers, self.snapshot(qmp, answers, running.command_line)

    def must_be_pluggable(self) -> None:
        """A foreign guest has nothing that tells when it drives a hot-plugged device."""
        plugged = self.setup.equipped.plugged
        if plugged and not isinstance(self.setup.guest.login, OwnProtocol):
            raise InputError(
                "hot-plugging needs a guest that follows pciabi's own protocol",
                advice="a recipe without `login:`",
                place=plugged[0].position,
            )

    def snapshot(self, qmp: Monitor, said: Answers, arguments: tuple[str, ...]) -> Snapshot:
        equipped = self.setup.equipped
        agreement.must_run_on(equipped.config.firmware, said.firmware_interfaces, said.bios)
        plugged = (device.argument for device in equipped.complete_plugged())
        stated = stated_macs((*arguments, *plugged))
        listed = listing.parse(said.lspci)
        seen = agreed(qmp, equipped, stated, listed, said.interfaces, self.families)
        return Snapshot(
            functions=seen.functions,
            provenance=self.provenance(qmp, said, arguments),
            unreachable=seen.unreachable,
            substitutions=(
                *equipped.substitutions,
                *unknown_roms(self.setup.binary.other_roms, seen.functions, ()),
            ),
            facts=seen.facts,
        )

    def completed(self, booted: Snapshot) -> Snapshot:
        """The snapshot with what only a paused machine tells."""
        wanted = paused_twin.unread(booted, self.families)
        if not wanted:
            return booted
        self.on_stage(READING_TWIN)
        twin = paused_twin.read(
            self.setup.equipped,
            wanted,
            self.setup.environment(self.host.folder),
            self.setup.binary,
            self.host.cancellation,
            self.deadline,
            self.host.hypervisor,
        )
        return paused_twin.completed(booted, twin, wanted)

    def provenance(self, qmp: Monitor, said: Answers, arguments: tuple[str, ...]) -> Provenance:
        build, binary = self.setup.equipped.build, self.setup.binary
        return Provenance(
            probe="boot",
            qemu_version=binary.version_text,
            qemu_package=binary.version_line,
            machine=placement.machine_type(qmp),
            accelerator=self.setup.accelerator.name,
            firmware=f"{said.bios} ({build})" if build else said.bios,
            guest=f"{self.setup.guest.label}, Linux {said.release}",
            command_line=arguments,
        )

    @contextmanager
    def faults(self, process: Process, console: Console) -> Iterator[None]:
        """Whatever was noticed first, the death of QEMU or the guest is the reason to name."""

        def ended() -> PciabiError:
            return boot_refusal.reason(process, self.setup)

        try:
            yield
        except CannotTest as error:
            cause = first_cause.of_error(error, process, self.host.cancellation, ended)
            # A guest that panics ends QEMU, so its last words come first.
            console.read()
            if console.fault is not None:
                raise GuestError(console.fault) from error
            if cause is error:
                raise
            raise cause from error


@contextmanager
def _evidence(running: Running, console: Console) -> Iterator[None]:
    try:
        yield
    except PciabiError as error:
        error.evidence = Evidence(running.command_line, console.text)
        raise
