"""The second, small initramfs of one boot: its keys, its entropy, and which NIC carries SSH."""

from __future__ import annotations

from pathlib import Path

from pciabi.errors import CannotTest
from pciabi.guest import cpio
from pciabi.guest.keys import RunKeys


def write_initrd(path: Path, initrd: Path, keys: RunKeys, control_mac: str) -> None:
    """The guest's initramfs and this boot's own, one behind the other, as the kernel reads them.

    Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
    Raises CannotTest where there is no room for it.
    """
    seed = cpio.archive(
        [
            cpio.file("pciabi/authorized_keys", keys.authorized_keys(), 0o600),
            cpio.file("pciabi/host_key", keys.dropbear_host_key(), 0o600),
            cpio.file("pciabi/entropy", keys.entropy(), 0o600),
            cpio.file("pciabi/control-mac", f"{control_mac}\n".encode()),
        ]
    )
    try:
        path.touch(mode=0o600)
        path.write_bytes(cpio.padded(initrd.read_bytes()) + seed)
    except OSError as error:
        raise CannotTest(
            f"the guest's initramfs cannot be written to {path.parent}: {error.strerror}",
            advice="free some space there, or set TMPDIR to another place",
        ) from error
