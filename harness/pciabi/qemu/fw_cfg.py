"""The files that QEMU has for a machine's firmware (fw_cfg), read from a paused one.

QEMU makes ACPI and SMBIOS tables when the first file is selected, and keeps them until the
machine is reset: whatever of configuration space shows in them (PCIEXBAR) is written before.
Sources: QEMU, docs/specs/fw_cfg.rst; hw/nvram/fw_cfg.c (no DMA for machine types up to 2.4).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from pciabi.errors import QemuError
from pciabi.qemu import qtest

_SELECTOR, _DATA, _DMA_HIGH, _DMA_LOW = 0x510, 0x511, 0x514, 0x518
_SIGNATURE, _ID, _DIRECTORY = 0x0000, 0x0001, 0x0019
_HAS_DMA = 1 << 1
_DMA_ERROR, _DMA_READ, _DMA_SELECT = 1, 2, 8
_REQUEST = struct.Struct(">IIQ")
_ENTRY = struct.Struct(">IHH56s")
_COUNT = struct.Struct(">I")
# Memory below 640 KB that every machine has. A request stands in front of where its data goes.
_REQUEST_AT, _DATA_AT = 0x1_0000, 0x2_0000
_MOST_AT_ONCE = 0x4_0000
_MOST_FILES = 1_000
_LARGEST = 1 << 24
_NOT_THERE = b""


class FwCfg:
    """The files of a paused machine; what was read once is kept."""

    def __init__(self, connection: qtest.Qtest) -> None:
        self._qtest = connection
        self._contents: dict[str, bytes] = {}
        self._beginnings: dict[tuple[str, int], bytes] = {}

    def read(self, *names: str) -> tuple[bytes, ...]:
        """The contents of these files, empty for one that this machine does not have.

        Raises QemuError.
        """
        wanted = [n for n in dict.fromkeys(names) if n in self._files and n not in self._contents]
        keys = [self._files[name] for name in wanted]
        self._contents |= dict(zip(wanted, self._items(keys), strict=True))
        return tuple(self._contents.get(name, _NOT_THERE) for name in names)

    def beginning(self, name: str, length: int) -> bytes:
        """As many bytes from the beginning of a file, or the whole of a shorter one; empty where
        this machine does not have it. Without DMA every byte takes its time.

        Raises QemuError.
        """
        if name not in self._files:
            return _NOT_THERE
        if (name, length) not in self._beginnings:
            key, size = self._files[name]
            self._beginnings[name, length] = self._item(key, min(size, length))
        return self._beginnings[name, length]

    @cached_property
    def is_there(self) -> bool:
        """Whether the machine has fw_cfg at all."""
        return self._identity[0] == b"QEMU"

    @cached_property
    def _identity(self) -> tuple[bytes, int]:
        """The signature, and the bits that say what the interface can do."""
        commands = [
            f"outw {_SELECTOR:#x} {_SIGNATURE:#x}",
            *[f"inb {_DATA:#x}"] * 4,
            f"outw {_SELECTOR:#x} {_ID:#x}",
            *[f"inb {_DATA:#x}"] * 4,
        ]
        answers = self._qtest.run(commands)
        read = [bytes(qtest.number(answer) & 0xFF for answer in answers[i : i + 4]) for i in (1, 6)]
        return read[0], int.from_bytes(read[1], "little")

    @cached_property
    def _files(self) -> Mapping[str, tuple[int, int]]:
        """Each file's key and size."""
        if not self.is_there:
            return {}
        (count,) = _COUNT.unpack(self._item(_DIRECTORY, _COUNT.size))
        if count > _MOST_FILES:
            raise QemuError(f"QEMU says that it has {count} files for its firmware")
        listed = self._item(_DIRECTORY, _COUNT.size + count * _ENTRY.size)[_COUNT.size :]
        found = {}
        for size, key, _, name in _ENTRY.iter_unpack(listed):
            if size > _LARGEST:
                raise QemuError(f"QEMU says that a file for its firmware has {size} bytes")
            found[name.split(b"\0", 1)[0].decode("ascii", errors="replace")] = key, size
        return found

    def _item(self, key: int, size: int) -> bytes:
        (item,) = self._items([(key, size)])
        return item

    def _items(self, wanted: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """The items of these keys, as many bytes of each."""
        plan = self._by_dma if self._identity[1] & _HAS_DMA else self._by_bytes
        for key, size in wanted:
            yield plan(key, size)

    def _by_bytes(self, key: int, size: int) -> bytes:
        commands = [f"outw {_SELECTOR:#x} {key:#x}", *[f"inb {_DATA:#x}"] * size]
        _, *answers = self._qtest.run(commands)
        return bytes(qtest.number(answer) & 0xFF for answer in answers)

    def _by_dma(self, key: int, size: int) -> bytes:
        commands: list[str] = []
        lengths = []
        control = key << 16 | _DMA_SELECT | _DMA_READ
        for start in range(0, size, _MOST_AT_ONCE):
            length = min(_MOST_AT_ONCE, size - start)
            request = _REQUEST.pack(control, length, _DATA_AT)
            commands += [
                f"write {_REQUEST_AT:#x} {len(request):#x} 0x{request.hex()}",
                f"outl {_DMA_HIGH:#x} 0",
                f"outl {_DMA_LOW:#x} {_swapped(_REQUEST_AT):#x}",
                f"read {_REQUEST_AT:#x} {_COUNT.size:#x}",
                f"b64read {_DATA_AT:#x} {length:#x}",
            ]
            lengths.append(length)
            control = _DMA_READ
        answers = self._qtest.run(commands)
        parts = []
        for index, length in enumerate(lengths):
            status, data = answers[5 * index + 3], answers[5 * index + 4]
            if any(qtest.data(status, _COUNT.size)):
                raise QemuError(f"QEMU's fw_cfg cannot be read: status {status[:20]}")
            parts.append(qtest.base64_data(data, length))
        return b"".join(parts)


def _swapped(value: int) -> int:
    """The register is big-endian, and the port is not."""
    return int.from_bytes(value.to_bytes(4, "big"), "little")
