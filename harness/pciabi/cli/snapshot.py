"""`pciabi snapshot`: what a guest sees of PCI, read and kept in a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import click

from pciabi.cancellation import Cancellation
from pciabi.cli.options import (
    SPEC_EPILOG,
    Given,
    families,
    libvirt_option,
    libvirt_version,
    machine_option,
    probe_options,
    qemu_option,
    selection,
)
from pciabi.cli.watching import watching
from pciabi.qemu.wish import Wish
from pciabi.report import whole_file
from pciabi.result.side import Side
from pciabi.signals import stopping
from pciabi.source.request import Probe, Request
from pciabi.source.take import take


class SnapshotFormat(StrEnum):
    """What a snapshot is printed as."""

    JSON = "json"
    TEXT = "text"
    LSPCI = "lspci"
    HEX = "hex"


@click.command(epilog=SPEC_EPILOG)
@click.argument("source", metavar="CONFIG")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="The file to write, instead of standard output.",
)
@qemu_option("qemu", "--qemu", "--from", text="The QEMU to start it with.")
@machine_option(
    "machine",
    "--machine",
    "--from-machine",
    text="This machine type instead of the configured one.",
)
@libvirt_option("libvirt", "--libvirt", "--from-libvirt", text="")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in SnapshotFormat]),
    default=SnapshotFormat.JSON.value,
    show_default=True,
    help="json: a snapshot file. text: decoded. lspci: decoded by the real lspci. hex: bytes "
    "that `lspci -F` reads.",
)
@probe_options
def snapshot(
    source: str,
    output: Path | None,
    qemu: Given | None,
    machine: Given | None,
    libvirt: Given | None,
    form: str,
    boot: bool,  # noqa: FBT001 - click hands flags over by name
    facts: tuple[str, ...],
    selected: tuple[str, ...],
    accel: str,
) -> int:
    """Read what a guest sees of PCI, and keep it in a file that goes into git.

    CONFIG is a scenario, of which the first boot counts, a QEMU command line or a libvirt domain; a
    snapshot or a saved text of lspci is printed in another format.
    """
    own = tuple(given.option for given in (qemu, machine, libvirt) if given is not None)
    request = Request(
        source,
        qemu.value if qemu else None,
        machine.value if machine else None,
        (*own, "--boot") if boot else own,
        Probe.BOOT if boot else Probe.COLD,
        Wish(accel),
        selection(selected),
        families(facts),
        libvirt=libvirt_version(libvirt),
    )
    cancellation = Cancellation()
    with stopping(cancellation):
        taken = take(request, cancellation, watching)
    emit = whole_file.emit if form == SnapshotFormat.TEXT else whole_file.emit_document
    emit(_rendered(taken, SnapshotFormat(form)), output)
    return 0


def _rendered(side: Side, form: SnapshotFormat) -> str:
    """The text of one format, whose writer is imported when it is asked for."""
    if form is SnapshotFormat.TEXT:
        from pciabi.report import snapshot_text

        return snapshot_text.render(side)
    if form is SnapshotFormat.JSON:
        from pciabi.snapshots import write

        return write.render(side.snapshot)
    functions = [placed.function for placed in side.snapshot.functions]
    if form is SnapshotFormat.LSPCI:
        from pciabi import pciutils

        return pciutils.decoded(functions)
    from pciabi.pci import lspci

    return lspci.dump(functions)
