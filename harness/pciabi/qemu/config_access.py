"""Configuration space of a paused machine, read and written through qtest as a guest would.

Two ways in: the ports 0xcf8 and 0xcfc, which reach 256 bytes of each function, and the memory
window that PCI Express chipsets have, which reaches all 4096. Sources: PCI Local Bus 3.0,
3.2.2.3.2 (configuration mechanism #1); PCI Express Base 5.0, 7.2.2 (ECAM); Intel 3 Series
Express Chipset Family datasheet, 316966, 5.1.16 (PCIEXBAR).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from pciabi.errors import QemuError
from pciabi.pci import registers as reg
from pciabi.pci.address import GuestAddress
from pciabi.qemu import qtest

_ADDRESS_PORT, _DATA_PORT = 0xCF8, 0xCFC
_ENABLE = 1 << 31

_HOST_BRIDGE = GuestAddress(0, 0, 0, 0)


@dataclass(frozen=True)
class WindowRegister:
    """Where a host bridge keeps the place of its ECAM window, and how it is switched on."""

    offset: int
    enable: int
    base_mask: int
    length: int = 8


# By vendor and device id of 00:00.0. Other chipsets have only the ports.
WINDOWS: Mapping[tuple[int, int], WindowRegister] = MappingProxyType(
    {(0x8086, 0x29C0): WindowRegister(offset=0x60, enable=1, base_mask=0xF_F000_0000)}
)


@dataclass(frozen=True)
class Read:
    """Read some bytes; offset and length are multiples of 4, as in `Write` and `Sizing`."""

    address: GuestAddress
    offset: int
    length: int


@dataclass(frozen=True)
class Write:
    """Write some bytes."""

    address: GuestAddress
    offset: int
    data: bytes


@dataclass(frozen=True)
class Sizing:
    """Write ones to some bytes, read what stays of them, and write back what stood there."""

    address: GuestAddress
    offset: int
    ones: bytes
    restored: bytes


Operation = Read | Write | Sizing


class ConfigAccess(Protocol):
    """A way into configuration space."""

    @property
    def size(self) -> int:
        """How many bytes of a function can be reached."""

    def run(self, operations: Sequence[Operation]) -> list[bytes]:
        """Carry out all operations in order; what each `Read` and `Sizing` read.

        Raises QemuError.
        """


class Ports:
    """The ports 0xcf8 and 0xcfc."""

    size = reg.CONVENTIONAL_SIZE

    def __init__(self, connection: qtest.Qtest) -> None:
        self._qtest = connection

    def run(self, operations: Sequence[Operation]) -> list[bytes]:
        """As `ConfigAccess.run`."""
        batch = _PortBatch()
        for operation in operations:
            batch.add(operation)
        answers = self._qtest.run(batch.commands)
        return [
            b"".join((qtest.number(answers[i]) & 0xFFFFFFFF).to_bytes(4, "little") for i in places)
            for places in batch.reads
        ]


class _PortBatch:
    """Commands, and for each operation that reads, which answers hold its double words."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.reads: list[list[int]] = []
        self._selected = -1

    def add(self, operation: Operation) -> None:
        devfn = operation.address.bus << 8 | operation.address.devfn
        base = _ENABLE | devfn << 8 | operation.offset
        if isinstance(operation, Read):
            places = range(base, base + operation.length, 4)
            self.reads.append([self._read(place) for place in places])
        elif isinstance(operation, Write):
            for index in range(0, len(operation.data), 4):
                self._write(base + index, operation.data[index : index + 4])
        else:
            self.reads.append(
                [self._size(base + i, operation, i) for i in range(0, len(operation.ones), 4)]
            )

    def _size(self, place: int, operation: Sizing, index: int) -> int:
        self._write(place, operation.ones[index : index + 4])
        answer = self._read(place)
        self._write(place, operation.restored[index : index + 4])
        return answer

    def _select(self, place: int) -> None:
        if place != self._selected:
            self.commands.append(f"outl {_ADDRESS_PORT:#x} {place:#x}")
            self._selected = place

    def _read(self, place: int) -> int:
        self._select(place)
        self.commands.append(f"inl {_DATA_PORT:#x}")
        return len(self.commands) - 1

    def _write(self, place: int, value: bytes) -> None:
        self._select(place)
        self.commands.append(f"outl {_DATA_PORT:#x} {int.from_bytes(value, 'little'):#x}")


class Window:
    """The ECAM window at `base`, where every byte of every function has an address.

    `found` is what stood in the host bridge's register before the window was switched on; that
    is what a read shows.
    """

    size = reg.EXTENDED_SIZE

    def __init__(
        self, connection: qtest.Qtest, base: int, register: WindowRegister, found: bytes
    ) -> None:
        self._qtest = connection
        self._base = base
        self._register = register
        self._found = found

    def run(self, operations: Sequence[Operation]) -> list[bytes]:
        """As `ConfigAccess.run`."""
        commands: list[str] = []
        reads: list[tuple[int, Read | Sizing, int]] = []
        for operation in operations:
            devfn = operation.address.bus << 8 | operation.address.devfn
            place = self._base + (devfn << 12) + operation.offset
            if isinstance(operation, Write):
                commands.append(_write(place, operation.data))
            elif isinstance(operation, Read):
                reads.append((len(commands), operation, operation.length))
                commands.append(f"read {place:#x} {operation.length:#x}")
            else:
                length = len(operation.ones)
                commands.append(_write(place, operation.ones))
                reads.append((len(commands), operation, length))
                commands.append(f"read {place:#x} {length:#x}")
                commands.append(_write(place, operation.restored))
        answers = self._qtest.run(commands)
        return [
            self._as_found(operation, qtest.data(answers[index], length))
            for index, operation, length in reads
        ]

    def _as_found(self, operation: Read | Sizing, data: bytes) -> bytes:
        if operation.address != _HOST_BRIDGE:
            return data
        shown = dict(enumerate(data, start=operation.offset))
        register = enumerate(self._found, start=self._register.offset)
        shown.update((place, value) for place, value in register if place in shown)
        return bytes(shown.values())


def _write(place: int, data: bytes) -> str:
    return f"write {place:#x} {len(data):#x} 0x{data.hex()}"


def open_access(connection: qtest.Qtest) -> ConfigAccess:
    """The way in that reaches most: the window where the chipset has one, else the ports.

    Switches the window on, at the place it has out of reset. Raises QemuError.
    """
    ports = Ports(connection)
    # Each answer is waited for, so what may turn out useless is asked along.
    head, *contents = ports.run(
        [
            Read(_HOST_BRIDGE, reg.VENDOR_ID, 4),
            *(Read(_HOST_BRIDGE, one.offset, one.length) for one in WINDOWS.values()),
        ]
    )
    ids = (int.from_bytes(head[:2], "little"), int.from_bytes(head[2:], "little"))
    found = dict(zip(WINDOWS, contents, strict=True)).get(ids)
    if found is None:
        return ports
    return _open_window(connection, WINDOWS[ids], found, head)


def _open_window(
    connection: qtest.Qtest, register: WindowRegister, found: bytes, head: bytes
) -> Window:
    """The window of this register, which held `found`; `head` is what the host bridge begins
    with."""
    value = int.from_bytes(found, "little")
    base = value & register.base_mask
    enabled = (value | register.enable).to_bytes(register.length, "little")
    batch = _PortBatch()
    batch.add(Write(_HOST_BRIDGE, register.offset, enabled))
    *_, seen = connection.run([*batch.commands, f"read {base:#x} {len(head):#x}"])
    if qtest.data(seen, len(head)) != head:
        raise QemuError(f"extended configuration space does not answer at {base:#x}")
    return Window(connection, base, register, found)
