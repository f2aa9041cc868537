"""A scenario's VM as one side of a comparison: started, paused or booted, and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.errors import InputError, SourcePosition
from pciabi.events import Planned, Tell
from pciabi.probe.cold import inert
from pciabi.probe.cold_task import ColdTask
from pciabi.probe.equipment import equip
from pciabi.probe.guest_host import guest_host
from pciabi.probe.host import Host
from pciabi.qemu import command_line
from pciabi.result.side import Side
from pciabi.scenario import load, plan
from pciabi.scenario.case import Case
from pciabi.scenario.run import Runner
from pciabi.scenario.selection import select
from pciabi.source.request import Probe, Request
from pciabi.source.side import as_typed, naming_its_side
from pciabi.vm.config import Device


def read(path: Path, raw: bytes, request: Request, cancellation: Cancellation, tell: Tell) -> Side:
    """The first boot of a scenario's case; `raw` is the file's content. Raises as `take`."""
    case = _first_boot(_the_case(path, raw, request), request)
    probe = _booted if request.probe is Probe.BOOT else _cold
    with naming_its_side(request, path):
        snapshot = probe(case, request, cancellation, tell)
    return Side(case.title, snapshot, SourcePosition(str(path), 1), _places(case))


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


def _first_boot(case: Case, request: Request) -> Case:
    first = case.boots[0]
    if request.machine is not None:
        config = replace(first.config, machine=request.machine, machine_position=None)
        first = replace(first, config=config)
    return replace(case, boots=(first,))


def _cold(case: Case, request: Request, cancellation: Cancellation, tell: Tell) -> Snapshot:
    host = Host(cancellation, tell)
    found = host.qemu(request.qemu)
    (vm,) = plan.vms(case)
    snapshot = host.read(ColdTask(vm, request.qemu, plan.label(case, 0), families=request.families))
    return as_typed(snapshot, found, inert(equip(vm, found)).arguments)


def _booted(case: Case, request: Request, cancellation: Cancellation, tell: Tell) -> Snapshot:
    with guest_host(request.accel, cancellation, tell) as host:
        found, _ = Runner(request.qemu, host, host, tell).prepare()
        guest = host.guest(case.image)
        equipped = plan.equipment(case, found)
        (task,) = plan.boots(case, request.qemu, guest, equipped, request.families)
        tell(Planned(1))
        snapshot = host.read(task).snapshot
    (vm,) = equipped
    hardware = command_line.hardware(vm.config, vm.accepted, task.control or "")
    return as_typed(snapshot, found, hardware)


def _places(case: Case) -> Mapping[str, SourcePosition]:
    return dict(_placed(case.boots[0].config.devices))


def _placed(devices: Iterable[Device]) -> Iterable[tuple[str, SourcePosition]]:
    for device in devices:
        if device.position is not None:
            yield device.id, device.position
