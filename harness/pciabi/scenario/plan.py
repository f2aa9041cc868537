"""A case as tasks: each start and each boot as plain data, to be carried out by any host."""

from __future__ import annotations

from collections.abc import Sequence

from pciabi.abi.choice import chosen_by_default
from pciabi.errors import InputError
from pciabi.events import Label
from pciabi.guest.guest import Guest
from pciabi.guest.login import ConsoleLogin
from pciabi.probe.boot import BootTask
from pciabi.probe.cold_task import AttemptTask
from pciabi.probe.equipment import Equipped, Vm, equip
from pciabi.qemu.binary import Binary
from pciabi.scenario.case import Case
from pciabi.vm.config import Device, VmConfig

# Locally administered, QEMU's prefix; the last two bytes count the devices.
_MAC = "52:54:00:ab:{:02x}:{:02x}"


def attempts(case: Case, qemu: str | None) -> tuple[AttemptTask, ...]:
    """The starts that must be refused, in the order of the case's refusals."""
    macs = _macs(case)
    label = Label(case.title, 0, len(case.boots))
    return tuple(AttemptTask(Vm(refusal.config, macs), qemu, label) for refusal in case.refusals)


def boots(
    case: Case,
    qemu: str | None,
    guest: Guest,
    equipped: Sequence[Equipped],
    families: frozenset[str] | None = None,
) -> tuple[BootTask, ...]:
    """The case's boots; `equipped` are its VMs, completed, and `families` those whose facts are
    read, None for the usual ones. Raises InputError as `control_nic`."""
    read = chosen_by_default() if families is None else families
    console = isinstance(guest.login, ConsoleLogin)
    control = None if console else control_nic(case, equipped).id
    return tuple(
        BootTask(vm, qemu, case.image, control, label(case, index), case.timeout, read)
        for index, vm in enumerate(vms(case))
    )


def label(case: Case, boot: int) -> Label:
    """What one of a case's boots, counted from 0, is called."""
    return Label(case.title, boot, len(case.boots))


def vms(case: Case) -> tuple[Vm, ...]:
    """The VMs of the case's boots. A device id keeps its MAC address across boots."""
    macs = _macs(case)
    return tuple(Vm(boot.config, macs, boot.plugged) for boot in case.boots)


def equipment(case: Case, qemu: Binary) -> tuple[Equipped, ...]:
    """The case's VMs, completed."""
    return tuple(equip(vm, qemu) for vm in vms(case))


def _macs(case: Case) -> dict[str, str]:
    booted = [device_id for boot_ in case.boots for device_id in boot_.device_ids]
    refused = [device.id for refusal in case.refusals for device in refusal.config.devices]
    ids = dict.fromkeys((*booted, *refused))
    return {device_id: _MAC.format(*divmod(i, 256)) for i, device_id in enumerate(ids, start=1)}


def control_nic(case: Case, equipped: Sequence[Equipped]) -> Device:
    """The NIC that carries SSH: the last one that every boot starts with, and that the guest
    finds whatever else is there.

    Raises InputError where there is none; pciabi adds none, it would be hardware too.
    """
    nics = equipped[0].nics()
    staying = [nic for nic in nics if all(nic in vm.config.devices for vm in equipped)]
    if not staying:
        later = case.comparisons[0].position if case.comparisons else None
        raise InputError(
            "no NIC is there in every boot, and the guest is asked over one",
            advice="keep a NIC through all steps",
            place=later or equipped[0].config.machine_position,
        )
    sure = [nic for nic in staying if all(_surely_found(nic, vm.config) for vm in equipped)]
    return (sure or staying)[-1]


def _surely_found(device: Device, config: VmConfig) -> bool:
    """Function 0, on a bus of which the same is true. Others need a function 0 beside them."""
    bridge = config.device(device.bus) if device.bus else None
    return not device.pinned_function and (bridge is None or _surely_found(bridge, config))
