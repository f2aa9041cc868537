"""A scenario's VM as one side of a comparison: started, paused or booted, and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import InputError, SourcePosition
from pciabi.probe.boot import boot
from pciabi.probe.cold import cold_probe_of, inert
from pciabi.qemu import binary, command_line
from pciabi.result.side import Side
from pciabi.scenario import load
from pciabi.scenario.case import Case
from pciabi.scenario.observe import Observer
from pciabi.scenario.run import GuestImages, Wishes, control_nic, equipment, laboratory
from pciabi.scenario.selection import select
from pciabi.source.request import Probe, Request
from pciabi.source.side import as_typed, naming_its_side
from pciabi.vm.config import Device

_COLD_SECONDS = 60.0


def read(
    path: Path, raw: bytes, request: Request, cancellation: Cancellation, observer: Observer
) -> Side:
    """The first boot of a scenario's case; `raw` is the file's content. Raises as `take`."""
    case = _first_boot(_the_case(path, raw, request), request)
    probe = _booted if request.probe is Probe.BOOT else _cold
    with naming_its_side(request, path):
        snapshot = probe(case, request, cancellation, observer)
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


def _cold(case: Case, request: Request, cancellation: Cancellation, observer: Observer) -> Snapshot:
    found = binary.find(request.qemu)
    observer.said(f"{case.title}: {found.banner}, paused")
    (vm,) = equipment(case, found)
    snapshot = cold_probe_of(vm, found, cancellation, Deadline.after(_COLD_SECONDS))
    return as_typed(snapshot, found, inert(vm).arguments)


def _booted(
    case: Case, request: Request, cancellation: Cancellation, observer: Observer
) -> Snapshot:
    wishes = Wishes(request.qemu, request.accel, 1)
    with laboratory(wishes, cancellation, observer) as lab:
        images = GuestImages(lab)
        images.prepare(case.image)
        testbed = lab.testbed(images.get(case.image))
        (vm,) = equipment(case, lab.binary)
        control = control_nic(case, (vm,))
        observer.planned((case,))
        snapshot = boot(
            vm, control, testbed, case.timeout, lambda stage: observer.stage(case, 0, stage)
        ).snapshot
        hardware = command_line.hardware(vm.config, vm.accepted, control.id)
        return as_typed(snapshot, lab.binary, hardware)


def _places(case: Case) -> Mapping[str, SourcePosition]:
    return dict(_placed(case.boots[0].config.devices))


def _placed(devices: Iterable[Device]) -> Iterable[tuple[str, SourcePosition]]:
    for device in devices:
        if device.position is not None:
            yield device.id, device.position
