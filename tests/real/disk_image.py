"""A partitioned disk image, written without a mount: FAT to boot from, ext4 for the rest."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

MEBIBYTE = 1 << 20
SECTOR = 512
FAT_AT, FAT_SIZE, ROOT_SIZE = MEBIBYTE, 64 * MEBIBYTE, 300 * MEBIBYTE
ROOT_AT = FAT_AT + FAT_SIZE
# SYSLINUX's code for the first sector, which starts the active partition's.
MBR_CODE = Path("/usr/lib/syslinux/mbr/mbr.bin")
FAT_TYPE, LINUX_TYPE, ACTIVE = 0x0C, 0x83, 0x80


def write(image: Path, root: Path, boot: Mapping[str, bytes], work: Path) -> None:
    """An image with the files of `root` on ext4 and those of `boot` on FAT."""
    with image.open("wb") as file:
        file.truncate(ROOT_AT + ROOT_SIZE)
        file.write(first_sector())
    sectors = str(FAT_SIZE // SECTOR)
    run(["mformat", "-i", fat(image), "-T", sectors, "-h", "64", "-s", "32", "-H", "2048", "::"])
    for name, data in boot.items():
        write_boot_file(image, name, data, work)
    run(["syslinux", "--install", "-t", str(FAT_AT), image])
    # Who is not root owns the files, and they must be root's in the image.
    as_root = () if os.geteuid() == 0 else ("fakeroot",)
    options = ("-q", "-t", "ext4", "-L", "root", "-d", root, "-E", f"offset={ROOT_AT}")
    run((*as_root, "mke2fs", *options, image, f"{ROOT_SIZE >> 10}k"))


def write_boot_file(image: Path, name: str, data: bytes, work: Path) -> None:
    """A file on the FAT partition of an image, in place of one of that name."""
    *folders, _ = name.split("/")
    for depth in range(len(folders)):
        subprocess.run(
            ["mmd", "-D", "s", "-i", fat(image), "::" + "/".join(folders[: depth + 1])],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    source = work / "boot-file"
    source.write_bytes(data)
    run(["mcopy", "-D", "o", "-i", fat(image), source, f"::{name}"])


def remove_root_file(image: Path, name: str) -> None:
    """Remove a file from the ext4 partition of an image."""
    run(["debugfs", "-w", "-R", f"rm {name}", f"{image}?offset={ROOT_AT}"])


def copy(image: Path, target: Path) -> None:
    """A copy to change."""
    run(["cp", "--sparse=always", "--reflink=auto", image, target])


def fat(image: Path) -> str:
    """The FAT partition, as mtools call it."""
    return f"{image}@@{FAT_AT}"


def first_sector() -> bytes:
    """A master boot record with the two partitions, their places in sectors only."""
    entries = [(ACTIVE, FAT_TYPE, FAT_AT, FAT_SIZE), (0, LINUX_TYPE, ROOT_AT, ROOT_SIZE)]
    nowhere = b"\xfe\xff\xff"
    table = b"".join(
        struct.pack("<B3sB3sII", flag, nowhere, kind, nowhere, at // SECTOR, size // SECTOR)
        for flag, kind, at, size in entries
    )
    code = MBR_CODE.read_bytes()[:440].ljust(446, b"\0")
    return code + table.ljust(64, b"\0") + b"\x55\xaa"


def run(words: Sequence[str | Path]) -> None:
    """Run a tool; its complaints are the test's."""
    environment = {
        **os.environ,
        "MTOOLS_SKIP_CHECK": "1",
        "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin",
    }
    done = subprocess.run(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{words[0]}: {done.stderr}"
