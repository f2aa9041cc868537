"""What expansion ROMs hold, read where a guest's firmware would map them.

One ROM after the other is given the same place in the hole below 4 GB: its register and those of
the bridges on the way, which pass nothing else on meanwhile. Afterwards all of them are as they
were. With ROMs behind several bridges QEMU 7.2 now and then dies of it (signal 11): that ends in
a QemuError, and is one more reason to read them only on request. Sources: PCI Local Bus 3.0,
6.2.5.2 (expansion ROM base address register); PCI-to-PCI Bridge Architecture 1.2, 3.2.5.6 and
3.2.5.8 (memory base and limit).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pciabi.abi.facts.rom_content import KEY
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci import registers as reg
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.facts import UNREAD
from pciabi.pci.function import ROM
from pciabi.probe.fact_readers import Emulated, FunctionsReader, Paused
from pciabi.qemu import qtest
from pciabi.qemu.config_access import Write
from pciabi.qemu.qtest import Qtest

# In the hole that every PC has for PCI: above memory and q35's window for configuration space,
# below the interrupt controllers. It is a multiple of the largest size that is read.
_PLACE = 0xF000_0000
_LARGEST = 1 << 24
_AT_ONCE = 1 << 18
# As much tells a ROM from an empty place.
_HEAD = 16

_WINDOW_UNIT = 1 << 20
# A base above its limit: the window passes nothing on.
_CLOSED = 0xFFF0


@dataclass(frozen=True)
class _Register:
    """Four bytes of a function that are written for a while, and what stood there before."""

    address: GuestAddress
    offset: int
    value: int
    before: bytes

    def opening(self) -> Write:
        """Write what lets the ROM be read."""
        return Write(self.address, self.offset, self.value.to_bytes(4, "little"))

    def closing(self) -> Write:
        """Write what stood there."""
        return Write(self.address, self.offset, self.before)


def _read(
    machine: Emulated, functions: Sequence[PlacedFunction]
) -> Mapping[TopologyPath, str | None]:
    if machine.paused is None:
        return {}
    # It takes as long to load as a ROM to read, and few ask for any.
    import hashlib

    by_path = {function.path: function for function in functions}
    contents: dict[TopologyPath, str | None] = {}
    empty = _bytes(machine.paused.qtest, _HEAD)
    for function in functions:
        size = function.facts.get(ROM)
        if size is None:
            contents[function.path] = None
        elif size is not UNREAD and size <= _LARGEST:
            content = _content(machine.paused, _registers(function, size, by_path), size)
            # Where something else of the machine's lies, no ROM shows.
            if content[:_HEAD] != empty:
                contents[function.path] = hashlib.sha256(content).hexdigest()
    return contents


def _content(paused: Paused, registers: Sequence[_Register], size: int) -> bytes:
    """The bytes of the ROM that these registers open the way to."""
    paused.access.run([register.opening() for register in registers])
    content = _bytes(paused.qtest, size)
    paused.access.run([register.closing() for register in reversed(registers)])
    return content


def _bytes(connection: Qtest, size: int) -> bytes:
    """What a guest reads at the place of the ROMs."""
    lengths = [min(_AT_ONCE, size - start) for start in range(0, size, _AT_ONCE)]
    answers = connection.run(
        [
            f"b64read {_PLACE + number * _AT_ONCE:#x} {length:#x}"
            for number, length in enumerate(lengths)
        ]
    )
    return b"".join(map(qtest.base64_data, answers, lengths))


def _registers(
    function: PlacedFunction, size: int, by_path: Mapping[TopologyPath, PlacedFunction]
) -> list[_Register]:
    """What is to be written so that the ROM can be read, from the root bus down; what decodes
    nothing yet comes first."""
    registers = []
    for depth in range(1, len(function.path.hops)):
        bridge = by_path[TopologyPath(function.path.root, function.path.hops[:depth])]
        registers += [
            _register(bridge, reg.MEMORY_WINDOW, _window(size)),
            _register(bridge, reg.PREFETCHABLE_WINDOW, _CLOSED),
            _decoding(bridge),
        ]
    header_type = function.function.config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK
    rom = _register(function, reg.ROM_BAR[header_type], _PLACE | reg.ROM_ENABLE)
    return [*registers, rom, _decoding(function)]


def _window(size: int) -> int:
    """Memory base and limit of a bridge for a ROM of that size."""
    last = _PLACE + max(size, _WINDOW_UNIT) - 1
    return last >> 20 << 20 | _PLACE >> 20 << 4


def _decoding(function: PlacedFunction) -> _Register:
    """The command register, with memory decoding on. Zeros do not change the status above it."""
    command = int.from_bytes(function.function.config[reg.COMMAND : reg.COMMAND + 2], "little")
    before = command.to_bytes(4, "little")
    return _Register(function.address, reg.COMMAND, command | reg.COMMAND_MEMORY_SPACE, before)


def _register(function: PlacedFunction, offset: int, value: int) -> _Register:
    before = function.function.config[offset : offset + 4]
    return _Register(function.address, offset, value, before)


READERS = (FunctionsReader(KEY, _read),)
