"""A scenario's VM as one side of a comparison: started, paused or booted, and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.errors import InputError, PciabiError, SourcePosition
from pciabi.events import Planned, Said, Tell
from pciabi.probe import refusal
from pciabi.probe.boot import BootTask
from pciabi.probe.cold import ColdReading, inert
from pciabi.probe.cold_task import SECONDS, HardwareTask
from pciabi.probe.equipment import Equipped, equip
from pciabi.probe.guest_host import GuestHost, guest_host
from pciabi.probe.host import Host
from pciabi.qemu import command_line
from pciabi.qemu.binary import Binary
from pciabi.result.boot import BootRecord
from pciabi.result.side import Side
from pciabi.scenario import load, plan
from pciabi.scenario.case import Case
from pciabi.scenario.run import Runner
from pciabi.scenario.selection import select
from pciabi.source.request import Probe, Request
from pciabi.source.side import as_typed, naming_its_side, told_of_its_side
from pciabi.vm.config import Device


@dataclass(frozen=True)
class ScenarioVm:
    """The VM that a scenario's case boots first, to be read without a guest."""

    case: Case
    request: Request
    qemu: Binary
    equipped: Equipped

    @property
    def task(self) -> HardwareTask:
        """See Startable."""
        hardware = replace(inert(self.equipped), families=self.request.families)
        return HardwareTask(hardware, self.request.qemu, self.request.seconds or SECONDS)

    def side(self, reading: ColdReading) -> Side:
        """See Startable."""
        snapshot = as_typed(reading.snapshot, self.qemu, inert(self.equipped).arguments)
        return _side(self.case, snapshot)

    def blame(self, error: PciabiError) -> PciabiError:
        """See Startable."""
        located = refusal.located(error, self.equipped, self.qemu)
        return told_of_its_side(located, self.request, self.case.file)


@dataclass(frozen=True)
class BootedScenarioVm:
    """The VM that a scenario's case boots first, to be booted and asked."""

    case: Case
    request: Request
    qemu: Binary
    equipped: Equipped
    task: BootTask

    def side(self, reading: BootRecord) -> Side:
        """See Startable."""
        vm = self.equipped
        hardware = command_line.hardware(vm.config, vm.accepted, self.task.control or "")
        return _side(self.case, as_typed(reading.snapshot, self.qemu, hardware))

    def blame(self, error: PciabiError) -> PciabiError:
        """See Startable."""
        return told_of_its_side(error, self.request, self.case.file)


def booting(host: Host) -> GuestHost:
    """The host, which has guests to boot: whoever asks for a boot brings one of that kind."""
    assert isinstance(host, GuestHost), "only such a host boots"
    return host


def prepare_boot(case: Case, request: Request, host: GuestHost) -> BootedScenarioVm:
    """The VM of a case, on the QEMU and the firmware that are asked for, with its guest at hand.

    Raises as `prepare`, and ImageError where there is no guest.
    """
    first = first_boot(case, request)
    with naming_its_side(request, case.file):
        found, chosen = host.qemu(request.qemu), host.firmware(request.firmware)
        guest = host.guest(first.image)
        (vm,) = plan.vms(first)
        equipped = equip(vm, found, chosen)
        (task,) = plan.boots(first, request.qemu, guest, (equipped,), request.families)
    seconds = request.seconds or task.seconds
    task = replace(task, firmware=request.firmware, seconds=seconds)
    return BootedScenarioVm(first, request, found, equipped, task)


def prepare(case: Case, request: Request, host: Host) -> ScenarioVm:
    """The VM of a case, on the QEMU that is asked for.

    Raises InputError for a driver or a machine type that is wrong, CannotTest where QEMU or the
    firmware is missing.
    """
    first = first_boot(case, request)
    with naming_its_side(request, case.file):
        found = host.qemu(request.qemu)
        (vm,) = plan.vms(first)
        return ScenarioVm(first, request, found, equip(vm, found))


def read(path: Path, raw: bytes, request: Request, cancellation: Cancellation, tell: Tell) -> Side:
    """The first boot of a scenario's case; `raw` is the file's content. Raises as `take`."""
    case = _the_case(path, raw, request)
    if request.probe is Probe.BOOT:
        with guest_host(request.accel, cancellation, tell) as guests:
            return _booted(case, request, guests)
    host = Host(cancellation, tell)
    started = prepare(case, request, host)
    tell(Said(f"{plan.label(started.case, 0).case}: {started.qemu.banner}, paused"))
    try:
        found = host.read(started.task)
    except PciabiError as error:
        raise started.blame(error) from None
    return started.side(found)


def _booted(case: Case, request: Request, host: GuestHost) -> Side:
    """A case's first boot, here and now. Raises as `take`."""
    with naming_its_side(request, case.file):
        Runner(request.qemu, host, host, host.tell).prepare()
    booted = prepare_boot(case, request, host)
    host.tell(Planned(1))
    try:
        record = host.read(booted.task)
    except PciabiError as error:
        raise booted.blame(error) from None
    return booted.side(record)


def _side(case: Case, snapshot: Snapshot) -> Side:
    return Side(case.title, snapshot, SourcePosition(str(case.file), 1), _places(case))


def _the_case(path: Path, raw: bytes, request: Request) -> Case:
    cases = select(load.cases(path, raw), request.select)
    if len(cases) > 1:
        axes = ", ".join(dict.fromkeys(axis for case in cases for axis, _ in case.axes))
        raise InputError(
            f"the scenario has {len(cases)} cases, and one is wanted",
            advice=f"--select AXIS=VALUE picks one; the axes are {axes}",
            place=SourcePosition(str(path), 1),
        )
    return cases[0]


def first_boot(case: Case, request: Request) -> Case:
    """The case with its first boot alone, which has the machine type of the request."""
    first = case.boots[0]
    if request.machine is not None:
        config = replace(first.config, machine=request.machine, machine_position=None)
        first = replace(first, config=config)
    return replace(case, boots=(first,))


def _places(case: Case) -> Mapping[str, SourcePosition]:
    return dict(_placed(case.boots[0].config.devices))


def _placed(devices: Iterable[Device]) -> Iterable[tuple[str, SourcePosition]]:
    for device in devices:
        if device.position is not None:
            yield device.id, device.position
