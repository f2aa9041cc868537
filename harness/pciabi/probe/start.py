"""What a QEMU is started with, for one boot of one guest."""

from __future__ import annotations

import os
from pathlib import Path

from pciabi.guest import seed
from pciabi.guest.guest import Disk, Guest
from pciabi.guest.login import OwnProtocol
from pciabi.probe.equipment import Equipped
from pciabi.probe.testbed import Testbed
from pciabi.qemu import command_line, firmware
from pciabi.vm.config import Device


def arguments(
    equipped: Equipped,
    control: Device | None,
    testbed: Testbed,
    folder: Path,
    descriptors: tuple[int, int, int],
) -> tuple[str, ...]:
    """QEMU's command line. `folder` gets the files of this boot alone; `descriptors` are those
    of the monitor, the console and the event port. Raises CannotTest."""
    uefi, guest = equipped.uefi, testbed.guest
    initrd = _initrd(guest, control, testbed, folder)
    return (
        *testbed.binary.command,
        *command_line.hardware(
            equipped.config,
            equipped.accepted,
            control.id if control else "",
            equipped.plugged,
            guest.cpu.model if guest.cpu else command_line.CPU,
        ),
        *(firmware.install(uefi, folder) if uefi else ()),
        *command_line.harness(command_line.Wiring(*descriptors), testbed.accelerator.name),
        *_medium(guest, initrd, equipped),
    )


def environment(guest: Guest, folder: Path) -> dict[str, str]:
    """The variables QEMU gets: none that hold a secret of the guest's. Its temporary files, a
    disk's throw-away overlay too, are made in `folder`."""
    hidden = {secret.variable for secret in guest.login.secrets}
    ours = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**ours, "TMPDIR": str(folder)}


def _initrd(guest: Guest, control: Device | None, testbed: Testbed, folder: Path) -> Path | None:
    """The initramfs; that of a guest which follows our protocol holds this boot's own files."""
    if isinstance(guest.medium, Disk):
        return None
    if control is None or not isinstance(guest.login, OwnProtocol):
        return guest.medium.initrd
    initrd = folder / "initrd"
    mac = dict(control.properties)["mac"]
    seed.write_initrd(initrd, guest.medium.initrd, testbed.keys, mac)
    return initrd


def _medium(guest: Guest, initrd: Path | None, equipped: Equipped) -> tuple[str, ...]:
    medium = guest.medium
    if isinstance(medium, Disk):
        return command_line.disk(str(medium.path), medium.format)
    kernel = medium.efi_kernel if equipped.uefi else medium.kernel
    return command_line.kernel(str(kernel), str(initrd), medium.arguments)
