"""`pciabi snapshot`: what a guest sees of PCI, read and kept in a file."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import click

from pciabi import pciutils
from pciabi.cancellation import Cancellation
from pciabi.cli.run import selection
from pciabi.pci import lspci
from pciabi.qemu.accelerator import Wish
from pciabi.report import snapshot_text, whole_file
from pciabi.report.terminal.watching import observer
from pciabi.result.side import Side
from pciabi.signals import stopping
from pciabi.snapshots import write
from pciabi.source.request import Probe, Request
from pciabi.source.take import take

F = TypeVar("F", bound=Callable[..., Any])
QEMU_METAVAR = "PATH, VERSION or debian:SUITE"


class Form(StrEnum):
    """What a snapshot is printed as."""

    JSON = "json"
    TEXT = "text"
    LSPCI = "lspci"
    HEX = "hex"


def probe_options(command: F) -> F:
    """The options that say how a configuration is started and read."""
    for option in (
        click.option(
            "--accel",
            type=click.Choice([wish.value for wish in Wish]),
            default=Wish.AUTO.value,
            show_default=True,
            help="With --boot. auto: KVM where it really runs guest code, otherwise TCG.",
        ),
        click.option(
            "--select",
            "selected",
            multiple=True,
            metavar="AXIS=VALUE",
            help="Which case of a scenario with several, such as machine=q35.",
        ),
        click.option(
            "--boot/--cold",
            default=False,
            help="Boot a guest and ask it, instead of reading a paused QEMU.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("source", metavar="CONFIG")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="The file to write, instead of standard output.",
)
@click.option("--qemu", metavar=QEMU_METAVAR, help="The QEMU to start it with.")
@click.option("--machine", metavar="TYPE", help="This machine type instead of the configured one.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Form]),
    default=Form.JSON.value,
    show_default=True,
    help="json: a snapshot file. text: decoded. lspci: decoded by the real lspci. hex: bytes "
    "that `lspci -F` reads.",
)
@probe_options
def snapshot(
    source: str,
    output: Path | None,
    qemu: str | None,
    machine: str | None,
    form: str,
    boot: bool,  # noqa: FBT001 - click hands flags over by name
    selected: tuple[str, ...],
    accel: str,
) -> int:
    """Read what a guest sees of PCI, and keep it in a file that goes into git.

    CONFIG is a scenario, of which the first boot counts, or a QEMU command line; a snapshot or
    a saved text of lspci is printed in another format.
    """
    own = tuple(
        name
        for name, given in (("--qemu", qemu), ("--machine", machine), ("--boot", boot))
        if given
    )
    request = Request(
        source,
        qemu,
        machine,
        own,
        Probe.BOOT if boot else Probe.COLD,
        Wish(accel),
        selection(selected),
    )
    cancellation = Cancellation()
    with stopping(cancellation), observer() as watching:
        taken = take(request, cancellation, watching)
    emit = whole_file.emit if form == Form.TEXT else whole_file.emit_document
    emit(_rendered(taken, Form(form)), output)
    return 0


def _rendered(side: Side, form: Form) -> str:
    functions = [placed.function for placed in side.snapshot.functions]
    if form is Form.TEXT:
        return snapshot_text.render(side)
    if form is Form.LSPCI:
        return pciutils.decoded(functions)
    if form is Form.HEX:
        return lspci.dump(functions)
    return write.render(side.snapshot)
