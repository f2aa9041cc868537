"""Undoes the compressions that kernels and modules come in."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable

from pciabi.distribution import tools
from pciabi.errors import ImageError


def decompress(data: bytes) -> bytes:
    """The content of gzip, xz, lzma, bzip2, zstd or lz4 data.

    Raises ImageError for anything else and for damaged data.
    """
    for magic, undo in _BY_MAGIC.items():
        if data.startswith(magic):
            try:
                return undo(data)
            except (lzma.LZMAError, zlib.error, OSError, EOFError) as error:
                raise ImageError(f"damaged compressed data: {error}") from error
    raise ImageError(f"unknown compression, first bytes {data[:6].hex()}")


def _gzip(data: bytes) -> bytes:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(data)


def _xz(data: bytes) -> bytes:
    return lzma.LZMADecompressor().decompress(data)


def _bzip2(data: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(data)


def _zstd(data: bytes) -> bytes:
    return tools.output(["zstd", "-dcq"], data=data)


def _lz4(data: bytes) -> bytes:
    return tools.output(["lz4", "-dcq"], data=data)


_BY_MAGIC: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": _gzip,
    b"\xfd7zXZ\0": _xz,
    b"\x5d\0\0": _xz,
    b"BZh": _bzip2,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"\x02\x21\x4c\x18": _lz4,
}
