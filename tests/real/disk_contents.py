"""What is on the test disk: a root file system and an initramfs out of unpacked packages."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pciabi.guest import cpio, initramfs, modules
from pciabi.guest.recipe import BuiltRecipe
from pciabi.guest.tree import PackageTree
from tests.real.foreign_guest import Secrets

STATIC = Path(__file__).with_name("disk")
KERNEL = "linux-image-amd64"
PACKAGES = (
    *("bash", "coreutils", "dash", "grep", "kmod", "login", "mount", "util-linux"),
    *("systemd", "systemd-sysv", "udev", "libpam-modules", "libpam-modules-bin"),
    *("libpam-runtime", "openssh-server", "pciutils", "busybox-static", "systemd-boot-efi"),
)
INITRAMFS_MODULES = ("ata_piix", "ahci", "sd_mod", "ext4", "crc32c_generic")
MODULES = ("virtio_net", "virtio_pci", "e1000", "e1000e", "8139cp", "vmxnet3", "autofs4", "nvme")
LEFT_OUT = ("usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/lib/modules/", "boot/")
FOLDERS = (
    *("dev", "proc", "sys", "run", "tmp", "root", "home/guest", "mnt"),
    *("var/log", "var/lib", "var/tmp", "var/cache", "etc/systemd/system/multi-user.target.wants"),
)
MERGED = ("bin", "lib", "lib64", "sbin")
# What would only be made anew at the first boot, or needs what is not there.
MASKED = (
    *("ldconfig", "systemd-hwdb-update", "systemd-journal-catalog-update", "systemd-sysusers"),
    *("systemd-logind", "systemd-timesyncd", "systemd-firstboot", "e2scrub_reap"),
    "getty-static",
)


def initrd(files: PackageTree, scratch: Path) -> bytes:
    """An initramfs that finds the root file system."""
    recipe = BuiltRecipe(
        file=STATIC / "init",
        kernel_package=KERNEL,
        kernel_arguments=(),
        modules=INITRAMFS_MODULES,
        packages=(),
        files=("usr/bin/busybox",),
        links={"usr/bin/sh": "busybox"},
        texts={},
        scripts={"init": STATIC / "init"},
    )
    # The firmware reads the disk slowly.
    return gzip.compress(cpio.archive(initramfs.entries(recipe, files, scratch)))


def write_root(root: Path, files: PackageTree, given: Secrets, scratch: Path) -> None:
    """The root file system's files below `root`."""
    root.mkdir()
    write_packages(root, files, scratch)
    for path in STATIC.joinpath("etc").rglob("*"):
        if path.is_file():
            write(root / "etc" / path.relative_to(STATIC / "etc"), path.read_bytes())
    hashed = given.password_hash()
    write(root / "etc/shadow", f"root:{hashed}:1::::::\nguest:{hashed}:1::::::\n".encode(), 0o600)
    private = given.keys.host.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    write(root / "etc/ssh/host_key", private, 0o600)
    write(root / "root/.ssh/authorized_keys", given.keys.authorized_keys(), 0o600)
    units = root / "etc/systemd/system"
    shipped = "/usr/lib/systemd/system"
    for unit in ("ssh", "systemd-networkd"):
        (units / f"multi-user.target.wants/{unit}.service").symlink_to(f"{shipped}/{unit}.service")
    for unit in MASKED:
        (units / f"{unit}.service").symlink_to("/dev/null")
    (units / "default.target").symlink_to(f"{shipped}/multi-user.target")


def write_packages(root: Path, files: PackageTree, scratch: Path) -> None:
    """What the packages bring, and of the kernel's modules those that are needed."""
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name in MERGED:
        (root / name).symlink_to(f"usr/{name}")
    for path, host in files.files.items():
        if not path.startswith(LEFT_OUT):
            put(root / path, host)
    version = initramfs.kernel_version(files)
    chosen = modules.select((*MODULES, *INITRAMFS_MODULES), files, version)
    for place, data in modules.indexed(chosen, files, version, scratch).items():
        write(root / f"usr/lib/modules/{version}/{place}", data)


def put(target: Path, host: Path) -> None:
    """A file or link of a package."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_symlink() and not target.exists():
        os.link(host, target, follow_symlinks=False)


def write(path: Path, data: bytes, permissions: int = 0o644) -> None:
    """A file of our own, in place of a package's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    path.chmod(permissions)
