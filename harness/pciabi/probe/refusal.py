"""Why a QEMU has ended: the line it wrote, traced to the line of the user's file it is about."""

from __future__ import annotations

from pciabi.errors import InputError, PciabiError
from pciabi.guest.guest import Disk
from pciabi.probe.equipment import Equipped
from pciabi.probe.readiness import died
from pciabi.probe.testbed import Testbed
from pciabi.qemu import command_line, machines
from pciabi.qemu.binary import Binary
from pciabi.qemu.command_line import culprit, device_argument
from pciabi.qemu.process import Process
from pciabi.vm.config import Device, VmConfig

_ABOUT_HARDWARE = ("-device ", "-machine ", "-M ", "machine type", "-global ", "-set ", "-object ")


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


def blamed(qemu: Process, equipped: Equipped, control: str = "") -> tuple[Device, str] | None:
    """The device that an ended QEMU complains about, and what it says of it."""
    complaint = qemu.complaints()
    device = culprit(complaint, equipped.complete_devices(control))
    if device is None:
        return None
    words = complaint.rpartition(f"-device {device_argument(device)}: ")[2]
    return device, words.splitlines()[0] if words else complaint


def of_machine(qemu: Process, equipped: Equipped, binary: Binary) -> PciabiError:
    """InputError for a machine type QEMU does not have, QemuError for any other end."""
    if "unsupported machine type" in qemu.complaints():
        config = equipped.config
        return machines.unknown(binary, config.machine, config.machine_position)
    return died(qemu)


def _of_disk(complaint: str, disk: Disk, config: VmConfig) -> InputError | None:
    """What QEMU says of the guest's disk: one of its arguments is quoted in front of it."""
    drive = command_line.disk_drive(str(disk.path), disk.format)
    for argument in (drive, command_line.DISK_DEVICE):
        _, found, rest = complaint.partition(f"{argument}: ")
        words = " ".join(rest.split())
        if words.startswith("Bus "):
            return InputError(
                f"a machine {config.machine} has no place for the guest's disk: {words}",
                place=config.machine_position,
            )
        if found:
            return InputError(f"QEMU cannot use the guest's disk: {words}", place=disk.position)
    return None


def of_hardware(qemu: Process) -> PciabiError:
    """InputError for a machine QEMU refuses in words about it, QemuError for any other end."""
    lines = qemu.complaints().splitlines()
    about = next((line for line in lines if any(word in line for word in _ABOUT_HARDWARE)), None)
    if qemu.popen.wait() == 1 and about is not None:
        return InputError(f"QEMU refuses this hardware: {about.partition(': ')[2] or about}")
    return died(qemu)


def located(error: InputError, equipped: Equipped, binary: Binary) -> InputError:
    """What `of_hardware` says, at the line of the user's file it is about."""
    devices = equipped.complete_devices("")
    device = culprit(error.message, devices)
    if device is not None:
        words = error.message.rpartition(f"-device {device_argument(device)}: ")[2]
        found = InputError(f"QEMU refuses device {device.id}: {words}", place=device.position)
    elif "unsupported machine type" in error.message:
        config = equipped.config
        found = machines.unknown(binary, config.machine, config.machine_position)
    else:
        return error
    found.evidence = error.evidence
    return found
