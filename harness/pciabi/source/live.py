"""A configuration as one side of a comparison: its VM is started, paused or booted, and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import InputError, QemuError, SourcePosition
from pciabi.probe import configuration
from pciabi.probe.boot import boot
from pciabi.probe.cold import cold_probe_of, inert
from pciabi.qemu import binary, command_line
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert.hardware import inert as inert_hardware
from pciabi.result.side import Side
from pciabi.scenario import find, load
from pciabi.scenario.case import Case
from pciabi.scenario.observe import Observer
from pciabi.scenario.run import GuestImages, Wishes, control_nic, equipment, laboratory
from pciabi.source.request import Probe, Request
from pciabi.vm import reading
from pciabi.vm.config import Device

_COLD_SECONDS = 60.0


def scenario(
    path: Path, raw: bytes, request: Request, cancellation: Cancellation, observer: Observer
) -> Side:
    """The first boot of a scenario's case; `raw` is the file's content. Raises as `take`."""
    case = _first_boot(_the_case(path, raw, request), request)
    probe = _booted if request.probe is Probe.BOOT else _cold
    with _of_this_side(request, path):
        snapshot = probe(case, request, cancellation, observer)
    return Side(case.title, snapshot, SourcePosition(str(path), 1), _places(case))


def qemu_command_line(path: Path, raw: bytes, request: Request, cancellation: Cancellation) -> Side:
    """The machine a QEMU command line starts, without anything of the host; `raw` is the file's
    content. Raises as `take`."""
    if request.probe is Probe.BOOT:
        raise InputError(
            "only a scenario's VM can be booted: a command line brings its own disks",
            advice="leave out --boot",
            place=SourcePosition(str(path), 1),
        )
    line = reading.read(path, raw=raw)
    with _of_this_side(request, path):
        found = binary.find(request.qemu)
    asked = line if request.machine is None else line.on_machine(request.machine)
    made = inert_hardware(asked, found.banner)
    deadline = Deadline.after(_COLD_SECONDS)
    with _of_this_side(request, path):
        read = configuration.read(made, found, cancellation, deadline)
    snapshot = _started_as(read.snapshot, found, made.arguments)
    places = {**dict(made.devices), **read.places}
    return Side(path.name, snapshot, SourcePosition(str(path), 1), places, read.names)


@contextmanager
def _of_this_side(request: Request, path: Path) -> Iterator[None]:
    """What is wrong with a QEMU or a machine type is told with its side, for two may differ in
    nothing else; a machine type of an option's is the option's fault, and no line's; and what a
    QEMU that was started tells of no line is told of the file."""
    try:
        yield
    except (InputError, QemuError) as error:
        nowhere = error.place is None or _is_option(error.place)
        if request.machine is not None and nowhere and isinstance(error, InputError):
            error.message = f"{request.machine_option} {request.machine}: {error.message}"
        if nowhere:
            started = error.evidence is not None or isinstance(error, InputError)
            error.place = SourcePosition(str(path), 1) if started else None
        if request.side:
            error.message = f"{request.side}: {error.message}"
        raise


def _is_option(place: SourcePosition) -> bool:
    return place.file.startswith("--")


def _the_case(path: Path, raw: bytes, request: Request) -> Case:
    cases = find.select(load.cases(path, raw), request.select)
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
    return _started_as(snapshot, found, inert(vm).arguments)


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
        return _started_as(snapshot, lab.binary, hardware)


def _started_as(snapshot: Snapshot, qemu: Binary, hardware: Sequence[str]) -> Snapshot:
    """The snapshot with the command line that anybody can type: without descriptors and the
    temporary files of one run, which would differ each time the snapshot is taken."""
    program = (qemu.name,) if qemu.command == (qemu.name,) else tuple(qemu.name.split())
    provenance = replace(snapshot.provenance, command_line=(*program, *hardware))
    return replace(snapshot, provenance=provenance)


def _places(case: Case) -> Mapping[str, SourcePosition]:
    return dict(_placed(case.boots[0].config.devices))


def _placed(devices: Iterable[Device]) -> Iterable[tuple[str, SourcePosition]]:
    for device in devices:
        if device.position is not None:
            yield device.id, device.position
