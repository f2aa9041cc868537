"""A QEMU command line as one side of a comparison: its machine is started paused, and read."""

from __future__ import annotations

from pathlib import Path

from pciabi.cancellation import Cancellation
from pciabi.errors import InputError, SourcePosition
from pciabi.probe.cold_task import InertTask
from pciabi.probe.host import Host
from pciabi.qemu.inert.hardware import inert
from pciabi.result.side import Side
from pciabi.source.request import Probe, Request
from pciabi.source.side import as_typed, naming_its_side
from pciabi.vm import reading


def read(path: Path, raw: bytes, request: Request, cancellation: Cancellation) -> Side:
    """The machine a QEMU command line starts, without anything of the host; `raw` is the file's
    content. Raises as `take`."""
    if request.probe is Probe.BOOT:
        raise InputError(
            "only a scenario's VM can be booted: a command line brings its own disks",
            advice="leave out --boot",
            place=SourcePosition(str(path), 1),
        )
    line = reading.read(path, raw=raw)
    host = Host(cancellation)
    with naming_its_side(request, path):
        found = host.qemu(request.qemu)
    asked = line if request.machine is None else line.on_machine(request.machine)
    made = inert(asked, found.banner)
    with naming_its_side(request, path):
        read = host.read(InertTask(made, request.qemu, families=request.families))
    snapshot = as_typed(read.snapshot, found, made.arguments)
    places = {**dict(made.devices), **read.places}
    return Side(path.name, snapshot, SourcePosition(str(path), 1), places, read.names)
