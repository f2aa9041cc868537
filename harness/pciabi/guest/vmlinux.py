"""Takes the uncompressed kernel out of a bzImage, for starting it through PVH.

Source: the kernel's Documentation/arch/x86/boot.rst (`payload_offset`, `payload_length`).
Unpacking happens once here instead of in every guest, slowly, under emulation.
"""

from __future__ import annotations

import struct

from pciabi import elf
from pciabi.errors import ImageError
from pciabi.guest.compression import decompress

_SETUP_SECTORS = 0x1F1
_HEADER = 0x202
_PAYLOAD = 0x248
_SECTOR = 512
_GZIP = b"\x1f\x8b"
_FIRST_PROTOCOL_WITH_PAYLOAD = 0x0208


def payload(image: bytes) -> bytes:
    """The compressed kernel inside a bzImage. Raises ImageError if it is no bzImage."""
    if len(image) < _PAYLOAD + 8 or image[_HEADER : _HEADER + 4] != b"HdrS":
        raise ImageError("the kernel is not a bzImage")
    (protocol,) = struct.unpack_from("<H", image, _HEADER + 4)
    if protocol < _FIRST_PROTOCOL_WITH_PAYLOAD:
        raise ImageError(f"the kernel's boot protocol {protocol:#06x} is too old")
    offset, length = struct.unpack_from("<II", image, _PAYLOAD)
    # A boot.rst rule from floppy days: 0 means 4.
    start = ((image[_SETUP_SECTORS] or 4) + 1) * _SECTOR + offset
    if start + length > len(image):
        raise ImageError("the kernel image is cut short")
    return image[start : start + length]


def bootable(image: bytes) -> bytes:
    """The fastest form of a bzImage that QEMU's -kernel starts: vmlinux, if it knows PVH.

    Raises ImageError for what is no bzImage, or one whose payload cannot be unpacked.
    """
    packed = payload(image)
    # Four bytes of unpacked size end every payload; in gzip they are part of the format.
    kernel = decompress(packed if packed.startswith(_GZIP) else packed[:-4])
    if packed[-4:] != struct.pack("<I", len(kernel)) or not elf.is_elf(kernel):
        raise ImageError("the kernel inside the bzImage is damaged")
    return kernel if elf.has_pvh_entry(kernel) else image
