"""What a VM that was started for one side of a comparison is told with: its side, and a command
line that anybody can type."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pciabi.abi.snapshot import Snapshot
from pciabi.errors import InputError, PciabiError, QemuError, SourcePosition
from pciabi.qemu.binary import Binary
from pciabi.source.request import Request


@contextmanager
def naming_its_side(request: Request, path: Path) -> Iterator[None]:
    """What is wrong with a QEMU or a machine type is told with its side, for two may differ in
    nothing else; a machine type of an option's is the option's fault, and no line's; and what a
    QEMU that was started tells of no line is told of the file."""
    try:
        yield
    except PciabiError as error:
        told_of_its_side(error, request, path)
        raise


def told_of_its_side(error: PciabiError, request: Request, path: Path) -> PciabiError:
    """The error itself, told with its side as `naming_its_side` does."""
    if not isinstance(error, (InputError, QemuError)):
        return error
    nowhere = error.place is None or _is_option(error.place)
    if request.machine is not None and nowhere and isinstance(error, InputError):
        error.message = f"{request.machine_option} {request.machine}: {error.message}"
    if nowhere:
        started = error.evidence is not None or isinstance(error, InputError)
        error.place = SourcePosition(str(path), 1) if started else None
    if request.side:
        error.message = f"{request.side}: {error.message}"
    return error


def _is_option(place: SourcePosition) -> bool:
    return place.file.startswith("--")


def as_typed(
    snapshot: Snapshot, qemu: Binary, hardware: Sequence[str], libvirt: str = ""
) -> Snapshot:
    """The snapshot with the command line that anybody can type: without descriptors and the
    temporary files of one run, which would differ each time the snapshot is taken; and with the
    version of the libvirt that wrote it."""
    program = (qemu.name,) if qemu.command == (qemu.name,) else tuple(shlex.split(qemu.name))
    provenance = replace(snapshot.provenance, command_line=(*program, *hardware), libvirt=libvirt)
    return replace(snapshot, provenance=provenance)
