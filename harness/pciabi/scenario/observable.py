"""Whether a scenario speaks of what a guest can see: what nobody can see would always hold."""

from __future__ import annotations

from collections.abc import Sequence

from pciabi.abi.snapshot import Snapshot
from pciabi.errors import InputError
from pciabi.probe.equipment import Equipped
from pciabi.result.expectations import Expectations
from pciabi.result.failure import MACHINE, Aspect
from pciabi.scenario.case import Case


def must_be_observable(case: Case, equipped: Sequence[Equipped]) -> None:
    """Every expectation is about something a guest can see; one that is not would always hold.

    Raises InputError for a device that is on no PCI bus, or the interface name of one that is
    no NIC.
    """
    for comparison in case.comparisons:
        vm = equipped[comparison.after]
        nics = {nic.id for nic in vm.nics()}
        for expectation in comparison.expectations:
            device_id = expectation.device_id
            if device_id == MACHINE:
                continue
            if device_id not in vm.pci_ids():
                raise InputError(
                    f"{device_id} is no PCI device, so nothing can be expected of it here",
                    place=expectation.position,
                )
            if expectation.aspect is Aspect.NAME and device_id not in nics:
                raise InputError(
                    f"{device_id} is no NIC, so it has no interface name",
                    place=expectation.position,
                )


def must_have_been_found(comparison: Expectations, before: Snapshot, after: Snapshot) -> None:
    """Every expectation is about a device that one of the two guests found. Raises InputError."""
    for expectation in comparison.expectations:
        device_id = expectation.device_id
        if device_id == MACHINE:
            continue
        if before.by_id(device_id) is None and after.by_id(device_id) is None:
            raise InputError(
                f"neither guest finds {device_id}, so nothing can be expected of it: "
                f"{after.why_unreachable(device_id)}",
                place=expectation.position,
            )


def must_be_found_once(case: Case, snapshots: Sequence[Snapshot]) -> None:
    """Every PCI device of the case was found in some boot. Raises InputError."""
    for boot, snapshot in zip(case.boots, snapshots, strict=True):
        for one in snapshot.unreachable:
            if one.qdev_id and not any(s.by_id(one.qdev_id) for s in snapshots):
                device = boot.device(one.qdev_id)
                raise InputError(
                    f"no guest of this scenario finds {one.qdev_id}: {one.reason}",
                    advice="put a function 0 beside it, or leave it out",
                    place=device.position if device else None,
                )
