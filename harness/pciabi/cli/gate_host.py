"""What a gate reads with: a host for paused machines, or one that boots guests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from pciabi.cancellation import Cancellation
from pciabi.cli.options import Given
from pciabi.probe.host import Host
from pciabi.qemu.wish import Wish
from pciabi.report.terminal.gate_progress import watch
from pciabi.source.request import Probe


@contextmanager
def host_for(probe: Probe, wish: Wish, cancellation: Cancellation) -> Iterator[Host]:
    """A host whose events are shown, for the time of the block. Raises CannotTest."""
    with watch() as tell:
        if probe is Probe.COLD:
            with Host(cancellation, tell) as host:
                yield host
            return
        # What boots guests takes longer to import than many machines take to be read cold.
        from pciabi.probe.guest_host import guest_host

        with guest_host(wish, cancellation, tell) as host:
            yield host


def must_boot(probe: Probe, *firmware: Given | None) -> None:
    """Raise UsageError for firmware that is to be run where nothing is booted."""
    named = next((given for given in firmware if given is not None), None)
    if named is not None and probe is Probe.COLD:
        raise click.UsageError(
            f"{named.option} needs --boot: no firmware runs in a machine that is read cold"
        )
