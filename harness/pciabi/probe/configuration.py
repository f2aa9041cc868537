"""A user's own QEMU command line, probed cold: made inert, started paused, read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pciabi.abi.choice import chosen_by_default
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import InputError, PciabiError, QemuError, SourcePosition
from pciabi.probe import refusal
from pciabi.probe.cold import ColdReading, Hardware, cold_reading
from pciabi.probe.hypervisor import Hypervisor
from pciabi.probe.makers import other_makers
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu import processor_limit
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert import processors
from pciabi.qemu.inert.hardware import InertHardware
from pciabi.qemu.inert.origin import Origin, by_line, in_creation_order


@dataclass(frozen=True)
class Reading:
    """What a guest finds, and by guest address which option of the user's made it."""

    snapshot: Snapshot
    origins: Mapping[str, Origin]
    names: Mapping[str, str]

    @property
    def places(self) -> Mapping[str, SourcePosition]:
        """Where each device stands in the user's file."""
        return {address: origin.place for address, origin in self.origins.items()}


def probe(
    made: InertHardware, binary: Binary, cancellation: Cancellation, deadline: Deadline
) -> Snapshot:
    """The snapshot of `read`, which says more."""
    return read(made, binary, cancellation, deadline).snapshot


def read(
    made: InertHardware,
    binary: Binary,
    cancellation: Cancellation,
    deadline: Deadline,
    hypervisor: Hypervisor = OWN_QEMU,
    families: frozenset[str] | None = None,
) -> Reading:
    """What a guest of a command line that was made inert finds; `families` are those whose facts
    are read, None for the usual ones.

    Raises InputError at the place of the option that QEMU refuses, CannotTest where it cannot
    be read, Interrupted.
    """
    must_take_the_processors(made, binary)
    hardware = hardware_of(made, chosen_by_default() if families is None else families)
    try:
        found = cold_reading(hardware, binary, cancellation, deadline, hypervisor)
    except (InputError, QemuError) as error:
        raise explained(error, made, binary) from error
    return traced(found, made)


def hardware_of(made: InertHardware, families: frozenset[str]) -> Hardware:
    """What is to be started and read; `families` are those whose facts are read, by name."""
    return Hardware(
        arguments=made.arguments,
        expected=made.expected,
        substitutions=made.substitutions,
        facts=made.facts,
        models=made.models,
        machine=made.machine,
        families=families,
    )


def explained(error: PciabiError, made: InertHardware, binary: Binary) -> PciabiError:
    """Why the hardware could not be read, at the place of the option that QEMU refuses."""
    if error.place is not None or not isinstance(error, (InputError, QemuError)):
        return error
    return refusal.of_command_line(error, made, binary)


def traced(found: ColdReading, made: InertHardware) -> Reading:
    """What was read, with the option that made each device."""
    return _traced(found, made.origins)


def _traced(found: ColdReading, origins: tuple[Origin, ...]) -> Reading:
    created = in_creation_order(origins)
    by_path = {path: created[rank] for path, rank in found.options.items()}
    by_path |= other_makers(found.snapshot.creations, by_path.keys(), origins)
    made_by = {
        placed: by_path[placed.path]
        for placed in found.snapshot.functions
        if placed.path in by_path
    }
    return Reading(
        found.snapshot,
        {str(placed.address): origin for placed, origin in made_by.items()},
        {
            str(placed.address): own
            for placed, origin in made_by.items()
            if (own := _own_name(placed, origin)) is not None
        },
    )


def _own_name(placed: PlacedFunction, origin: Origin) -> str | None:
    """What a device is called that has no id, or that another one stands in for."""
    device = origin.device
    if device is None:
        return by_line(placed.device or origin.written, origin.place)
    if device.id is None or device.driver != device.given.driver:
        return origin.label
    return None


def must_take_the_processors(made: InertHardware, binary: Binary) -> None:
    """Raise InputError for more processors than the machine type takes: QEMU is started with
    fewer where there are many, so it does not say that itself."""
    if made.processors.most <= processors.MOST:
        return
    most = processor_limit.most_processors(binary, made.machine)
    if most is not None and made.processors.most > most:
        raise refusal.of_processors(made, binary, most)
