"""A VM with all that one boot of it takes, and the machine that is started of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pciabi.guest import seed
from pciabi.guest.guest import Disk, Guest
from pciabi.guest.keys import RunKeys
from pciabi.guest.login import OwnProtocol
from pciabi.probe.equipment import Equipped
from pciabi.probe.hypervisor import BOOTED, Machine
from pciabi.qemu import command_line, firmware
from pciabi.qemu.accelerator import Accelerator
from pciabi.qemu.binary import Binary
from pciabi.vm.config import Device


@dataclass(frozen=True)
class BootSetup:
    """A VM, the guest it boots, and what both run on. `control` is the NIC that carries SSH, None
    where nothing does."""

    equipped: Equipped
    control: Device | None
    guest: Guest
    binary: Binary
    accelerator: Accelerator

    def machine(self, keys: RunKeys, folder: Path) -> Machine:
        """The machine to start. `folder` gets the files of this boot alone, the guest's keys
        among them. Raises CannotTest."""
        equipped, cpu = self.equipped, self.guest.cpu
        initrd = self._initrd(keys, folder)
        hardware = command_line.hardware(
            equipped.config,
            equipped.accepted,
            self.control.id if self.control else "",
            equipped.plugged,
            cpu.model if cpu else command_line.CPU,
        )
        return Machine(
            binary=self.binary,
            hardware=(
                *hardware,
                *(firmware.install(equipped.uefi, folder) if equipped.uefi else ()),
            ),
            ports=BOOTED,
            accelerator=self.accelerator.name,
            medium=self._medium(initrd),
            environment=self.environment(folder),
        )

    def environment(self, folder: Path) -> Mapping[str, str]:
        """The variables QEMU gets: none that hold a secret of the guest's. Its temporary files, a
        disk's throw-away overlay too, are made in `folder`."""
        hidden = {secret.variable for secret in self.guest.login.secrets}
        ours = {name: value for name, value in os.environ.items() if name not in hidden}
        return {**ours, "TMPDIR": str(folder)}

    def _initrd(self, keys: RunKeys, folder: Path) -> Path | None:
        """The initramfs; that of a guest which follows our protocol holds this boot's own
        files."""
        medium = self.guest.medium
        if isinstance(medium, Disk):
            return None
        if self.control is None or not isinstance(self.guest.login, OwnProtocol):
            return medium.initrd
        initrd = folder / "initrd"
        mac = dict(self.control.properties)["mac"]
        seed.write_initrd(initrd, medium.initrd, keys, mac)
        return initrd

    def _medium(self, initrd: Path | None) -> tuple[str, ...]:
        medium = self.guest.medium
        if isinstance(medium, Disk):
            return command_line.disk(str(medium.path), medium.format)
        kernel = medium.efi_kernel if self.equipped.uefi else medium.kernel
        return command_line.kernel(str(kernel), str(initrd), medium.arguments)
