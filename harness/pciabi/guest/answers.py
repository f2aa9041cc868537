"""What a guest says of its hardware, and the commands of pciabi's own guests that say it."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.abi.snapshot import NetworkInterface
from pciabi.guest import interfaces
from pciabi.guest.ssh import SshSession

LSPCI = "lspci -D -nn -vvv -xxxx"
RELEASE = "uname -r"
BIOS = "cat /sys/class/dmi/id/bios_vendor /sys/class/dmi/id/bios_version"
FIRMWARE_INTERFACES = "ls /sys/firmware"


@dataclass(frozen=True)
class Answers:
    """A guest's word: `lspci` as it printed it, its network interfaces, its kernel's release.

    `firmware_interfaces` are those Linux found (/sys/firmware: `efi` under UEFI only), `bios` is
    what its DMI calls the firmware.
    """

    lspci: str
    interfaces: tuple[NetworkInterface, ...]
    release: str
    firmware_interfaces: tuple[str, ...]
    bios: str


def ask(session: SshSession, listing: str) -> Answers:
    """The answers of a guest of pciabi's own kind that has printed `listing`. Raises GuestError."""
    return Answers(
        lspci=listing,
        interfaces=interfaces.parse(session.run(interfaces.COMMAND)),
        release=session.run(RELEASE).strip(),
        firmware_interfaces=tuple(session.run(FIRMWARE_INTERFACES).split()),
        bios=" ".join(session.run(BIOS).split()),
    )
