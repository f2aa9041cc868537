"""Taking the kernel out of a bzImage, whatever it was packed with."""

from __future__ import annotations

import bz2
import gzip
import lzma
import subprocess
from collections.abc import Callable

import pytest

from pciabi.errors import ImageError
from pciabi.guest.vmlinux import bootable
from tests.unit.guest_distribution import bz_image, vmlinux


def by_tool(*command: str) -> Callable[[bytes], bytes]:
    def pack(data: bytes) -> bytes:
        return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout

    return pack


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
    "zstd": by_tool("zstd", "-cq"),
    "lz4": by_tool("lz4", "-lcq"),
}


@pytest.mark.parametrize("name", PACKERS)
def test_a_pvh_kernel_comes_out_unpacked(name: str) -> None:
    kernel = vmlinux()
    assert bootable(bz_image(kernel, PACKERS[name](kernel))) == kernel


@pytest.mark.parametrize("note", [(b"Xen\0", 17), (b"GNU\0", 18)])
def test_a_kernel_without_the_pvh_note_stays_a_bzimage(note: tuple[bytes, int]) -> None:
    kernel = vmlinux(*note)
    image = bz_image(kernel, gzip.compress(kernel))
    assert bootable(image) == image


def broken() -> dict[str, bytes]:
    kernel = vmlinux()
    whole = bz_image(kernel, lzma.compress(kernel))
    return {
        "not a bzImage": bytes(1000),
        "cut short": whole[:-100],
        "unknown compression": bz_image(kernel, b"what"),
        "damaged": bz_image(kernel, lzma.compress(kernel)[:60] + bytes(200)),
        "wrong length": bz_image(kernel[:-1], lzma.compress(kernel)),
        "no ELF": bz_image(b"text" * 9, lzma.compress(b"text" * 9)),
    }


@pytest.mark.parametrize("name", broken())
def test_a_broken_kernel_is_one_clear_error(name: str) -> None:
    with pytest.raises(ImageError):
        bootable(broken()[name])
