"""Options of a command line that the later QEMU does not know any more.

pciabi hands on only what shapes the hardware: that the VM starts without its `-runas`, or with
`hpet=off` in the place of `-no-hpet`, does not say that it starts as it is written.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.errors import InputError
from pciabi.gate.configurations import Unusable
from pciabi.gate.knowledge import Knowledge
from pciabi.gate.question import Trial
from pciabi.probe.host import Host
from pciabi.result.side import Side
from pciabi.result.will_not_start import Gone, Missing
from pciabi.vm.command_line.option import DISK_IMAGE, OPEN

_NO_NAMES = (DISK_IMAGE, OPEN)
# What only the QEMU of Proxmox takes, from the program that starts it there.
_OF_PROXMOX, _PROXMOX = frozenset({"id"}), "pve"


def lost_options(trial: Trial, old: Side, knowledge: Knowledge, host: Host) -> tuple[Gone, ...]:
    """The options of a trial's VM that the QEMU which read `old` knows and the later one does not,
    each at its first place. What the earlier one does not know either is no loss.

    Raises CannotTest where the later QEMU does not answer, Interrupted.
    """
    assert not isinstance(trial.vm, Unusable), "it was read"
    places = {
        option.name: option.position
        for option in reversed(trial.vm.options(trial.after, host))
        if option.name not in _NO_NAMES
    }
    unknown = knowledge.unknown_options(trial.after.qemu, places)
    lost = unknown - frozenset(_never_known(trial, old, unknown, knowledge))
    return tuple(
        Gone(Missing.OPTION, f"-{name}", place)
        for name, place in reversed(places.items())
        if name in lost
    )


def _never_known(
    trial: Trial, old: Side, names: frozenset[str], knowledge: Knowledge
) -> Iterator[str]:
    """Those of the options that the earlier QEMU does not know. Of one that nobody can ask, what
    it knew is what the VMs were started with."""
    if not names:
        return
    try:
        if knowledge.is_of(trial.before, old):
            yield from knowledge.unknown_options(trial.before.qemu, names)
            return
    except InputError:
        pass
    if _PROXMOX not in old.snapshot.provenance.qemu_package:
        yield from names & _OF_PROXMOX


def words_of(lost: tuple[Gone, ...]) -> str:
    """What QEMU says of the first one when it is started with it."""
    return f"{lost[0].name}: invalid option"
