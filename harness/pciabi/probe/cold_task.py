"""Tasks that need no guest: hardware to be read cold, and a start to be attempted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pciabi.abi.choice import chosen_by_default
from pciabi.abi.snapshot import Snapshot
from pciabi.deadline import Deadline
from pciabi.events import Label, Said, StageReached
from pciabi.probe.attempt import Attempt, attempt
from pciabi.probe.cold import ColdReading, Hardware, cold_probe_of, cold_reading, inert
from pciabi.probe.equipment import Vm, equip
from pciabi.probe.host import Host

SECONDS = 60.0


@dataclass(frozen=True)
class ColdTask:
    """A VM to be read without a guest, on the QEMU of that name (None: the one on PATH), in so
    many seconds at the most; `families` are those whose facts are read, by name."""

    vm: Vm
    qemu: str | None
    label: Label
    seconds: float = SECONDS
    families: frozenset[str] = field(default_factory=chosen_by_default)

    def carry_out(self, host: Host) -> Snapshot:
        """See Task."""
        binary = host.qemu(self.qemu)
        host.tell(Said(f"{self.label.case}: {binary.banner}, paused"))
        equipped = equip(self.vm, binary)
        deadline = Deadline.after(self.seconds)
        hardware = replace(inert(equipped), families=self.families)
        return cold_probe_of(
            equipped, hardware, binary, host.cancellation, deadline, host.hypervisor
        )


@dataclass(frozen=True)
class HardwareTask:
    """Hardware to be read cold, apart from whose it is and what its devices are called there: two
    VMs of the same hardware have equal tasks."""

    hardware: Hardware
    qemu: str | None
    seconds: float = SECONDS

    def carry_out(self, host: Host) -> ColdReading:
        """See Task. Nothing is told of a line of any file."""
        binary = host.qemu(self.qemu)
        deadline = Deadline.after(self.seconds)
        answers = host.answers_of(binary)
        return cold_reading(
            self.hardware, binary, host.cancellation, deadline, host.hypervisor, answers
        )


@dataclass(frozen=True)
class AttemptTask:
    """A VM to be started and ended again, to learn whether QEMU takes it."""

    vm: Vm
    qemu: str | None
    label: Label
    seconds: float = SECONDS

    def carry_out(self, host: Host) -> Attempt:
        """See Task."""
        host.tell(StageReached(self.label, "starting what must be refused"))
        binary = host.qemu(self.qemu)
        equipped = equip(self.vm, binary)
        deadline = Deadline.after(self.seconds)
        return attempt(equipped, binary, host.cancellation, deadline, host.hypervisor)
