"""Why a QEMU that was to boot a guest has ended: it refuses the guest's own CPU or disk, or, as
any other, the machine."""

from __future__ import annotations

from pciabi.errors import InputError, PciabiError
from pciabi.guest.guest import Disk
from pciabi.probe.equipment import Equipped
from pciabi.probe.refusal import blamed, of_machine
from pciabi.probe.testbed import Testbed
from pciabi.qemu import command_line
from pciabi.qemu.process import Process
from pciabi.vm.config import Device, VmConfig


def reason(
    qemu: Process, equipped: Equipped, control: Device | None, testbed: Testbed
) -> PciabiError:
    """InputError for what QEMU refuses of the user's, QemuError for any other end."""
    blame = blamed(qemu, equipped, control.id if control else "")
    if blame is not None:
        device, words = blame
        return InputError(f"QEMU refuses device {device.id}: {words}", place=device.position)
    cpu = testbed.guest.cpu
    if cpu is not None and "unable to find CPU model" in qemu.complaints():
        return InputError(
            f"QEMU has no CPU model '{cpu.model}'",
            advice=f"{testbed.binary.name} -cpu help lists them",
            place=cpu.position,
        )
    if isinstance(testbed.guest.medium, Disk):
        refused = _of_disk(qemu.complaints(), testbed.guest.medium, equipped.config)
        if refused is not None:
            return refused
    return of_machine(qemu, equipped, testbed.binary)


def _of_disk(said: str, disk: Disk, config: VmConfig) -> InputError | None:
    """What QEMU says of the guest's disk: one of its arguments is quoted in front of it."""
    drive = command_line.disk_drive(str(disk.path), disk.format)
    for argument in (drive, command_line.DISK_DEVICE):
        _, found, rest = said.partition(f"{argument}: ")
        words = " ".join(rest.split())
        if words.startswith("Bus "):
            return InputError(
                f"a machine {config.machine} has no place for the guest's disk: {words}",
                place=config.machine_position,
            )
        if found:
            return InputError(f"QEMU cannot use the guest's disk: {words}", place=disk.position)
    return None
