"""What a guest prints when it will not come up any more, and what that means."""

from __future__ import annotations

_EMERGENCY = "the guest stopped in an emergency shell: {}"
_INITRAMFS = "the guest stopped in its initramfs: {}"
_NOTHING_TO_BOOT = "the firmware found nothing to boot: {}"

FAULTS = {
    r"Kernel panic - not syncing: ([^\r\n]+)[\r\n]": "the guest kernel panicked: {}",
    # systemd, and its sulogin where root has no password
    r"(You are in (?:emergency|rescue) mode[^\r\n]*)": _EMERGENCY,
    r"(Cannot open access to console, the root account is locked[^\r\n]*)": _EMERGENCY,
    # initramfs-tools, dracut, mkinitcpio, Alpine's initramfs
    r"([^\r\n]*Dropping to a shell![^\r\n]*)": _INITRAMFS,
    r"[\r\n](\(initramfs\) )": _INITRAMFS,
    r"(Entering emergency mode\. Exit the shell to continue\.)": _INITRAMFS,
    r"(You are now being dropped into an emergency shell\.)": _INITRAMFS,
    r"(initramfs emergency recovery shell launched[^\r\n]*)": _INITRAMFS,
    # GRUB, SYSLINUX
    r"[\r\n](grub rescue> )": "the boot loader stopped at its own prompt: {}",
    r"(Could not find kernel image: [^\r\n]+)[\r\n]": "the boot loader starts no kernel: {}",
    # SeaBIOS
    r"(No bootable device[^\r\n]*)": _NOTHING_TO_BOOT,
    # OVMF, the second where it was built with a shell
    r"(No bootable option or device[^\r\n]*)": _NOTHING_TO_BOOT,
    r"\x1b\[[0-9;]*m(Shell> )": "the firmware found nothing to boot and offers its {}",
    # The place is OVMF's name for what -kernel gives it.
    r"failed to load \w+ \"[^\"\r\n]*\" from VenMedia\(1428F772-[-\w]+\): ([^\r\n]+)[\r\n]": (
        "UEFI does not start the kernel, which must be a bzImage with an EFI stub: {}"
    ),
}
"""Patterns and words: the first group of the pattern is put into the words."""
