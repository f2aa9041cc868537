"""Why a QEMU that was to boot a guest has ended: it refuses the guest's own CPU or disk, or, as
any other, the machine."""

from __future__ import annotations

from pciabi.errors import InputError, PciabiError, Refusal
from pciabi.guest.guest import Disk
from pciabi.probe.boot_setup import BootSetup
from pciabi.probe.hypervisor import Process
from pciabi.probe.refusal import blamed, of_machine
from pciabi.qemu import command_line
from pciabi.vm.config import VmConfig


def reason(qemu: Process, setup: BootSetup) -> PciabiError:
    """Refusal for what QEMU refuses of the user's, QemuError for any other end."""
    equipped, cpu, medium = setup.equipped, setup.guest.cpu, setup.guest.medium
    blame = blamed(qemu, equipped, setup.control.id if setup.control else "")
    if blame is not None:
        device, words = blame
        return Refusal(f"QEMU refuses device {device.id}: {words}", place=device.position)
    if cpu is not None and "unable to find CPU model" in qemu.complaints():
        return Refusal(
            f"QEMU has no CPU model '{cpu.model}'",
            advice=f"{setup.binary.name} -cpu help lists them",
            place=cpu.position,
        )
    if isinstance(medium, Disk):
        refused = _of_disk(qemu.complaints(), medium, equipped.config)
        if refused is not None:
            return refused
    return of_machine(qemu, equipped, setup.binary)


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
