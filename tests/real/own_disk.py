"""A disk image as a user has one: the distribution's systemd, udev, login and OpenSSH on
ext4, with a boot loader for SeaBIOS (SYSLINUX) and one for UEFI (systemd-boot) on a FAT partition.

It is put together from unpacked packages, so nothing needs root or a mount, and kept in the cache
by its content.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pciabi.distribution import cache, packages
from pciabi.guest import initramfs, tree
from pciabi.guest.keys import RunKeys
from tests.real import disk_contents, disk_image
from tests.real.disk_contents import KERNEL, PACKAGES, STATIC
from tests.real.foreign_guest import Secrets

ARGUMENTS = "root=LABEL=root console=ttyS0 quiet cryptomgr.notests"
SYSLINUX_CFG = "DEFAULT own\nLABEL own\n LINUX vmlinuz\n INITRD initrd\n APPEND {arguments}\n"
LOADER_CONF = "title own\nlinux /vmlinuz\ninitrd /initrd\noptions {arguments}\n"


@dataclass(frozen=True)
class OwnDisk:
    """A disk image in raw format, to be copied before it is changed, and what opens it."""

    path: Path
    secrets: Secrets


def ensure() -> OwnDisk:
    """The disk of today's packages and of this module, built if it is not there yet."""
    needed = packages.resolve([KERNEL, *PACKAGES], ("linux-image-",))
    content = hashlib.sha256(repr(needed).encode())
    sources = [Path(__file__), Path(disk_contents.__file__), Path(disk_image.__file__)]
    for path in (*sources, *sorted(STATIC.rglob("*"))):
        content.update(path.read_bytes() if path.is_file() else b"")
    shelf = cache.shelf("tests", "disk", content.hexdigest())
    place = cache.current(shelf)
    if place is None:
        with cache.building(shelf, lambda: None) as work:
            place = cache.current(shelf)
            if place is None:
                with cache.downloading(lambda: None) as kept:
                    archives = packages.fetch(needed, kept, lambda _progress: None)
                build(archives, work)
                place = cache.publish(work / "ready", shelf, content.hexdigest())
    return OwnDisk(place / "disk.img", read_secrets(place))


def build(archives: tuple[Path, ...], work: Path) -> None:
    """The image and its secrets in `work/ready`, of which only whole ones are published."""
    ready, root = work / "ready", work / "root"
    ready.mkdir()
    given = write_secrets(ready)
    folders = [work / f"package-{number}" for number in range(len(archives))]
    for archive, folder in zip(archives, folders, strict=True):
        packages.unpack(archive, folder)
    files = tree.index(folders)
    version = initramfs.kernel_version(files)
    disk_contents.write_root(root, files, given, work / "modules")
    boot = {
        "vmlinuz": files.read(f"boot/vmlinuz-{version}"),
        "initrd": disk_contents.initrd(files, work / "few-modules"),
        "syslinux.cfg": SYSLINUX_CFG.format(arguments=ARGUMENTS).encode(),
        "EFI/BOOT/BOOTX64.EFI": files.read("usr/lib/systemd/boot/efi/systemd-bootx64.efi"),
        "loader/entries/own.conf": LOADER_CONF.format(arguments=ARGUMENTS).encode(),
    }
    disk_image.write(ready / "disk.img", root, boot, work)


def write_secrets(folder: Path) -> Secrets:
    """Fresh secrets, kept beside the image for whoever boots it later."""
    given = Secrets(f"Pw-{secrets.token_hex(8)}", RunKeys())
    for name, key in (("client", given.keys.client), ("host", given.keys.host)):
        (folder / name).write_bytes(key.private_bytes_raw())
    (folder / "password").write_text(given.password)
    return given


def read_secrets(folder: Path) -> Secrets:
    """Inverse of `write_secrets`."""
    load = Ed25519PrivateKey.from_private_bytes
    keys = RunKeys(load((folder / "client").read_bytes()), load((folder / "host").read_bytes()))
    return Secrets((folder / "password").read_text(), keys)
