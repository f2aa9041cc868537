"""The options that say what the two sides of a gate are, and how they are read."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import click

from pciabi.cli.gate_host import must_boot
from pciabi.cli.options import (
    Given,
    Seconds,
    families,
    firmware_option,
    libvirt_option,
    libvirt_version,
    machine_option,
    probe_options,
    qemu_option,
    selection,
)
from pciabi.qemu.wish import Wish
from pciabi.source.request import Probe, Request

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class SidesAsked:
    """Either side's QEMU, machine type, firmware and libvirt, None where the option was not given;
    whether the way back is asked for too; and how a machine is read: see `Request`."""

    old: Given | None
    new: Given | None
    old_machine: Given | None
    new_machine: Given | None
    old_firmware: Given | None
    new_firmware: Given | None
    old_libvirt: Given | None
    new_libvirt: Given | None
    both_ways: bool
    probe: Probe
    accel: Wish
    select: Mapping[str, frozenset[str]]
    families: frozenset[str]
    seconds: float | None

    @property
    def differ(self) -> bool:
        """Whether anything makes the later side another one."""
        machines = (self.new, self.new_machine, self.old_machine)
        return any((*machines, self.old_firmware, self.new_firmware, self.new_libvirt))

    @property
    def beside_the_old_qemu(self) -> Mapping[str, object]:
        """What else was asked of the sides, by the names of the options."""
        return {
            "--to": self.new,
            "--from-machine": self.old_machine,
            "--to-machine": self.new_machine,
            "--from-firmware": self.old_firmware,
            "--to-firmware": self.new_firmware,
            "--to-libvirt": self.new_libvirt,
            "--both-ways": self.both_ways,
        }

    @property
    def without_the_old_qemu(self) -> SidesAsked:
        """The same where something that was recorded stands for the earlier side."""
        return replace(self, old=None)

    @property
    def before(self) -> Request:
        """What is asked of the earlier side."""
        return self._request(self.old, self.old_machine, self.old_firmware, self.old_libvirt)

    @property
    def after(self) -> Request:
        """What is asked of the later side, which has the earlier one's QEMU unless it is given
        another."""
        libvirt = self.new_libvirt or self.old_libvirt
        return self._request(self.new or self.old, self.new_machine, self.new_firmware, libvirt)

    def _request(
        self,
        qemu: Given | None,
        machine: Given | None,
        firmware: Given | None,
        libvirt: Given | None,
    ) -> Request:
        given = (qemu, machine, firmware, libvirt)
        own = tuple(one.option for one in given if one is not None)
        qemu_name, machine_type, firmware_name = (one.value if one else None for one in given[:3])
        read = (self.probe, self.accel, self.select, self.families)
        return Request(
            "",
            qemu_name,
            machine_type,
            own,
            *read,
            seconds=self.seconds,
            firmware=firmware_name,
            libvirt=libvirt_version(libvirt),
        )


def sides_options(command: F) -> F:
    """The options of the two sides; the command is handed them as `sides`."""

    @functools.wraps(command)
    def handed(
        *args: Any,
        boot: bool,
        facts: tuple[str, ...],
        selected: tuple[str, ...],
        accel: str,
        both_ways: bool,
        seconds: float | None,
        **others: Any,
    ) -> Any:
        pairs = ((f"old{of}", f"new{of}") for of in ("", "_machine", "_firmware", "_libvirt"))
        names = [name for pair in pairs for name in pair]
        given = {name: others.pop(name) for name in names}
        probe = Probe.BOOT if boot else Probe.COLD
        must_boot(probe, given["old_firmware"], given["new_firmware"])
        sides = SidesAsked(
            **given,
            both_ways=both_ways,
            probe=probe,
            accel=Wish(accel),
            select=selection(selected),
            families=families(facts),
            seconds=seconds,
        )
        return command(*args, sides=sides, **others)

    decorated: Any = probe_options(cast(F, handed))
    for option in (
        click.option(
            "--timeout",
            "seconds",
            type=Seconds(),
            help="How many seconds a machine may take to be read; 60, or what a scenario that is "
            "booted says, if not given.",
        ),
        click.option("--both-ways", is_flag=True, help="Ask of the way back, too."),
        libvirt_option("new_libvirt", "--to-libvirt", text="For the later side."),
        libvirt_option("old_libvirt", "--from-libvirt", text="For the earlier side, or both."),
        firmware_option(
            "new_firmware", "--to-firmware", text="With --boot: the firmware that they are to run."
        ),
        firmware_option(
            "old_firmware", "--from-firmware", text="With --boot: the firmware they run."
        ),
        machine_option("new_machine", "--to-machine", text="The machine type they are to have."),
        machine_option("old_machine", "--from-machine", text="The machine type they have."),
        qemu_option(
            "new", "--to", text="The QEMU that they are to run on; that of --from if not given."
        ),
        qemu_option(
            "old", "--from", text="The QEMU that the VMs run on; the one on PATH if not given."
        ),
    ):
        decorated = option(decorated)
    return cast(F, decorated)
