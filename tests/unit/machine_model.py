"""A machine's PCI buses as a model: enough of it to be enumerated like a real one.

Configuration cycles go where the bridges' bus numbers route them, registers keep only the bits
they have. `random_machine` is a hypothesis strategy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.qemu.config_access import Operation, Read, Sizing, Write

SIZE = 256
ROOT_PORT = 4
_BUS_NUMBERS = range(0x18, 0x1B)


@dataclass
class Bus:
    """Functions by slot and function number."""

    functions: dict[tuple[int, int], Function] = field(default_factory=dict)


@dataclass
class Function:
    """A function; a bridge has a bus behind it."""

    config: bytearray
    behind: Bus | None = None

    def write(self, offset: int, data: bytes) -> None:
        """Only bus numbers and the BARs' upper bytes can be written."""
        for place, value in enumerate(data, start=offset):
            is_bar = place in range(0x10, 0x28) and self.behind is None and place % 4
            if is_bar or (self.behind is not None and place in _BUS_NUMBERS):
                self.config[place] = value


@dataclass
class Machine:
    """Root buses by number, as a way into configuration space."""

    roots: dict[int, Bus]
    size: int = SIZE

    def run(self, operations: Sequence[Operation]) -> list[bytes]:
        """As `ConfigAccess.run`."""
        answers = []
        for operation in operations:
            function = self._function(operation.address)
            end = operation.offset + length(operation)
            if isinstance(operation, Write):
                if function is not None:
                    function.write(operation.offset, operation.data)
                continue
            if isinstance(operation, Sizing) and function is not None:
                function.write(operation.offset, operation.ones)
            empty = b"\xff" * length(operation)
            answers.append(bytes(function.config[operation.offset : end]) if function else empty)
            if isinstance(operation, Sizing) and function is not None:
                function.write(operation.offset, operation.restored)
        return answers

    def _function(self, address: GuestAddress) -> Function | None:
        for number, root in self.roots.items():
            bus = root if number == address.bus else _routed(root, address.bus)
            if bus is not None:
                return bus.functions.get((address.slot, address.function))
        return None


def length(operation: Operation) -> int:
    """How many bytes it is about."""
    if isinstance(operation, Read):
        return operation.length
    return len(operation.data if isinstance(operation, Write) else operation.ones)


def _routed(bus: Bus, number: int) -> Bus | None:
    for function in bus.functions.values():
        if function.behind is None:
            continue
        _, secondary, subordinate = (function.config[place] for place in _BUS_NUMBERS)
        if secondary == number:
            return function.behind
        if secondary < number <= subordinate:
            return _routed(function.behind, number)
    return None


def function(
    *, multifunction: bool, behind: Bus | None = None, port: int | None = None
) -> Function:
    """A function out of reset; `port` is its PCI Express type."""
    config = bytearray(SIZE)
    config[0:4] = b"\x34\x12\x01\x00"
    config[0x0E] = (0x80 if multifunction else 0) | (1 if behind is not None else 0)
    if port is not None:
        config[0x06] = 0x10
        config[0x34] = 0x40
        config[0x40:0x44] = bytes((0x10, 0, port << 4 | 2, 0))
    return Function(config, behind)


@st.composite
def _buses(draw: st.DrawFn, depth: int) -> Bus:
    bus = Bus()
    slots = draw(st.lists(st.integers(0, 31), unique=True, max_size=3))
    for slot in slots:
        numbers = draw(st.lists(st.integers(0, 7), unique=True, min_size=1, max_size=3))
        multifunction = draw(st.booleans())
        for number in numbers:
            behind = draw(_buses(depth - 1)) if depth and draw(st.booleans()) else None
            port = ROOT_PORT if behind is not None and draw(st.booleans()) else None
            bus.functions[slot, number] = function(
                multifunction=multifunction, behind=behind, port=port
            )
    return bus


@st.composite
def random_machine(draw: st.DrawFn) -> Machine:
    """A machine of one root bus or two, the second one far enough for all bridges before it."""
    roots = {0: draw(_buses(3))}
    if draw(st.booleans()):
        roots[150] = draw(_buses(2))
    return Machine(roots)


def reachable(machine: Machine) -> Mapping[TopologyPath, Function]:
    """What a guest finds, in the order in which bridges are numbered: depth first."""
    return {
        path: found
        for number, root in machine.roots.items()
        for path, found in _found(root, TopologyPath(number, ()), one_slot=False)
    }


def _found(
    bus: Bus, above: TopologyPath, *, one_slot: bool
) -> Iterator[tuple[TopologyPath, Function]]:
    for (slot, number), one in sorted(bus.functions.items()):
        first = bus.functions.get((slot, 0))
        hidden = number > 0 and (first is None or not first.config[0x0E] & 0x80)
        if hidden or (one_slot and slot > 0):
            continue
        path = above.below(slot, number)
        yield path, one
        if one.behind is not None:
            is_port = one.config[0x42] >> 4 == ROOT_PORT
            yield from _found(one.behind, path, one_slot=is_port)
