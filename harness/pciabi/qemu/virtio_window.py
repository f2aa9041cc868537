"""Accesses to a virtio device's structures through the window that it has in configuration space:
no BAR needs an address, and none is decoded.

Sources: Virtual I/O Device (VIRTIO) 1.3, 4.1.4.9 (PCI configuration access); QEMU,
hw/virtio/virtio-pci.c (virtio_read_config, virtio_write_config: reading or writing the data
register carries out an access of 1, 2 or 4 bytes, and none of any other size).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pciabi.pci.address import GuestAddress
from pciabi.pci.virtio import Region
from pciabi.qemu.config_access import ConfigAccess, Operation, Read, Write

# From the capability: a BAR's index, the access's place and size, its data.
_BAR_AT, _DATA_AT, _END = 4, 16, 20
_WORD = 4

T = TypeVar("T")


@dataclass(frozen=True)
class Get:
    """Read `size` bytes at an offset of a structure, as one number."""

    region: Region
    offset: int
    size: int


@dataclass(frozen=True)
class Put:
    """Write a number there."""

    region: Region
    offset: int
    size: int
    value: int


Talk = Generator[Sequence[Get | Put], Sequence[int], T]
"""A talk with one device: it gives accesses and gets what their `Get`s have read, in turns, and
returns what it has learned."""


@dataclass(frozen=True)
class Window:
    """A device's window: `at` is the offset of its capability, `found` what stood in the
    registers of it."""

    address: GuestAddress
    at: int
    found: bytes


def window(address: GuestAddress, config: bytes, at: int) -> Window:
    """The window of a function that was read, by its capability's offset."""
    return Window(address, at, config[at + _BAR_AT : at + _END])


def talk(access: ConfigAccess, talks: Sequence[tuple[Window, Talk[T]]]) -> list[T]:
    """Hold all talks at once, as QEMU is waited for once a turn; what each has returned.

    The windows' registers are left as they were found. Raises QemuError, and what a talk raises.
    """
    returned: dict[int, T] = {}
    heard: dict[int, Sequence[int]] = {}
    while len(returned) < len(talks):
        operations: list[Operation] = []
        asked: dict[int, list[Get]] = {}
        for number, (way, one) in enumerate(talks):
            if number in returned:
                continue
            try:
                turn = one.send(heard[number]) if heard else next(one)
            except StopIteration as end:
                returned[number] = end.value
                continue
            operations += _operations(way, turn)
            asked[number] = [access for access in turn if isinstance(access, Get)]
        answers = iter(access.run(operations) if operations else ())
        heard = {
            number: [
                int.from_bytes(data[: get.size], "little")
                for get, data in zip(gets, answers, strict=False)
            ]
            for number, gets in asked.items()
        }
    return [returned[number] for number in range(len(talks))]


def _operations(way: Window, turn: Sequence[Get | Put]) -> Iterator[Operation]:
    """What carries the accesses out; registers that hold the right value are not written."""
    held: tuple[bytes, ...] = ()
    for access in turn:
        wanted = tuple(
            number.to_bytes(_WORD, "little")
            for number in (access.region.bar, access.region.offset + access.offset, access.size)
        )
        data = access.value.to_bytes(_WORD, "little") if isinstance(access, Put) else b""
        changed = next((i for i in range(3) if held[i : i + 1] != wanted[i : i + 1]), 3)
        if written := b"".join(wanted[changed:]) + data:
            yield Write(way.address, way.at + _BAR_AT + _WORD * changed, written)
        held = wanted
        if isinstance(access, Get):
            yield Read(way.address, way.at + _DATA_AT, _WORD)
    # An access of no bytes, as there was none, is none.
    yield Write(way.address, way.at + _BAR_AT, way.found)
