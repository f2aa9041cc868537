"""Read and write what `lspci` prints.

`parse` takes the text of `lspci -D -nn -vvv -xxxx` (or `-xxx`, `-x`) of pciutils 3.7 to 3.13;
`dump` writes text that `lspci -F FILE` reads. Facts come from what was printed: a size or a
driver that lspci left out is None. Two things it prints are the kernel's and not the device's,
and are left out:

- a region whose base address register is empty, be it marked `[virtual]` (SR-IOV functions) or
  not (the ports of a legacy IDE controller: a real I/O register never reads as zero);
- an expansion ROM at c0000: the kernel's shadow copy of the primary VGA BIOS, always 128 KB.

Source: pciutils `lspci.c` (show_bases, show_rom), `lib/dump.c` for what `-F` accepts; Linux
`drivers/pci/probe.c` (legacy IDE) and `arch/x86/pci/fixup.c` (shadow ROM).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from pciabi.errors import CannotTest, SourcePosition
from pciabi.pci import registers as reg
from pciabi.pci.address import GuestAddress
from pciabi.pci.function import Bar, BarKind, PciFunction

_HEADING = re.compile(r"((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7])(?: .*)?", re.ASCII)
_HEX_ROW = re.compile(r"([0-9a-f]{2,3}):((?: [0-9a-f]{2})+) *", re.ASCII)
_REGION = re.compile(r"\tRegion (\d): (.*)", re.ASCII)
_ROM = re.compile(r"\t(?:\[virtual\] )?Expansion ROM at (\S+)(.*)", re.ASCII)
_SIZE = re.compile(r"\[size=(\d+)([KMGTPE]?)\]", re.ASCII)
_DRIVER = re.compile(r"\tKernel driver in use: (\S+)", re.ASCII)
_MEMORY = re.compile(r"Memory at \S+ \((32-bit|64-bit|low-1M), (non-)?prefetchable\)")

_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40, "P": 50, "E": 60}
_WIDTHS = {"32-bit": BarKind.MEM32, "64-bit": BarKind.MEM64, "low-1M": BarKind.MEM16}
_ROW_BYTES = 16
CONFIG_SIZES = (64, 128, 256, 4096)
_ADVICE = "record it again with `lspci -D -nn -vvv -xxxx`, as root"
_SOURCE = "lspci output"


@dataclass(frozen=True)
class _Line:
    number: int
    text: str


@dataclass(frozen=True)
class Listed:
    """One function as it stands in the text: `function.config` holds the bytes of its hex dump,
    however many were printed, and `line` is the number of its heading."""

    function: PciFunction
    line: int


def parse(text: str) -> tuple[PciFunction, ...]:
    """All functions in the text, in guest address order.

    Raises CannotTest where the text is empty, cut off, out of order, or not lspci's; `place`
    is then the line of the text.
    """
    return tuple(_whole(found).function for found in listed(text))


def listed(text: str) -> tuple[Listed, ...]:
    """All functions in the text with as much of a hex dump as they have. Raises as `parse`."""
    found = [_function(block) for block in _blocks(text)]
    if not found:
        raise CannotTest("the lspci output lists no PCI function", advice=_ADVICE)
    found.sort(key=lambda item: item.function.address)
    for one, two in pairwise(found):
        if one.function.address == two.function.address:
            raise CannotTest(
                f"the lspci output lists {one.function.address} twice",
                advice=_ADVICE,
                place=SourcePosition(_SOURCE, two.line),
            )
    return tuple(found)


def _whole(found: Listed) -> Listed:
    if len(found.function.config) not in CONFIG_SIZES:
        raise unusual_size(found)
    return found


def unusual_size(found: Listed) -> CannotTest:
    """The error for a hex dump that no lspci prints."""
    function = found.function
    return CannotTest(
        f"the lspci output holds {len(function.config)} bytes of configuration space of "
        f"{function.address}, not 64, 256 or 4096",
        advice=_ADVICE,
        place=SourcePosition(_SOURCE, found.line),
    )


def dump(functions: Iterable[PciFunction]) -> str:
    """Text that `lspci -F FILE` reads, and from which `parse` reads the same functions.

    A function without `text` is written as its address and bytes only, so sizes and driver,
    which lspci keeps in the text, are lost.
    """
    return "\n".join(_dump_one(function) for function in functions)


def _dump_one(function: PciFunction) -> str:
    heading = function.text or f"{function.address} PCI device"
    rows = (
        f"{start:02x}: {function.config[start : start + _ROW_BYTES].hex(' ')}"
        for start in range(0, len(function.config), _ROW_BYTES)
    )
    return "\n".join((heading, *rows, ""))


def _blocks(text: str) -> Iterator[list[_Line]]:
    block: list[_Line] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = _Line(number, raw.rstrip("\r"))
        if not line.text.strip():
            continue
        if _HEADING.fullmatch(line.text):
            if block:
                yield block
            block = []
        elif not block:
            raise _malformed(line, "comes before the first device")
        block.append(line)
    if block:
        yield block


def _function(block: list[_Line]) -> Listed:
    heading = _HEADING.fullmatch(block[0].text)
    assert heading is not None, "a block begins with its heading"
    function = PciFunction(GuestAddress.parse(heading[1]), b"", (), None, None, "")
    config = bytearray()
    readable = [block[0].text]
    for line in block[1:]:
        if row := _HEX_ROW.fullmatch(line.text):
            config += _row_bytes(line, row, len(config))
        elif line.text.startswith("\t"):
            readable.append(line.text)
            function = _with_fact(function, line)
        else:
            raise _malformed(line, "is neither text nor a hex row of lspci")
    bars = tuple(bar for bar in function.bars if _is_the_devices(bar, config))
    function = replace(function, config=bytes(config), bars=bars, text="\n".join(readable))
    return Listed(function, block[0].number)


def _is_the_devices(bar: Bar, config: bytearray) -> bool:
    offset = reg.BAR_BASE + 4 * bar.index
    # Without a hex dump nothing speaks against it.
    return bar.kind is not BarKind.IO or not config or any(config[offset : offset + 4])


def _row_bytes(line: _Line, row: re.Match[str], expected: int) -> bytes:
    data = bytes.fromhex(row[2])
    if len(data) != _ROW_BYTES:
        raise _malformed(line, f"holds {len(data)} bytes, not {_ROW_BYTES}")
    if int(row[1], 16) != expected:
        raise _malformed(line, f"is out of order: expected offset {expected:02x}")
    return data


def _with_fact(function: PciFunction, line: _Line) -> PciFunction:
    if match := _REGION.fullmatch(line.text):
        if "[virtual]" in match[2]:
            return function
        bar = _bar(line, int(match[1]), match[2])
        if any(known.index == bar.index for known in function.bars):
            raise _malformed(line, f"lists region {bar.index} of {function.address} twice")
        return replace(function, bars=(*function.bars, bar))
    if match := _ROM.fullmatch(line.text):
        shadow = re.fullmatch(r"0*c0000", match[1]) is not None
        return function if shadow else replace(function, rom_size=_size(match[2]))
    if match := _DRIVER.fullmatch(line.text):
        return replace(function, driver=match[1])
    return function


def _bar(line: _Line, index: int, description: str) -> Bar:
    description = description.removeprefix("[enhanced] ")
    if index > 5:
        raise _malformed(line, f"names region {index}, and a function has at most 6")
    if description.startswith("I/O ports at "):
        return Bar(index, BarKind.IO, prefetchable=False, size=_size(description))
    memory = _MEMORY.match(description)
    if memory is None:
        raise _malformed(line, "describes a region in words lspci does not use")
    return Bar(index, _WIDTHS[memory[1]], memory[2] is None, _size(description))


def _size(description: str) -> int | None:
    match = _SIZE.search(description)
    return int(match[1]) << _UNITS[match[2]] if match else None


def _malformed(line: _Line, problem: str) -> CannotTest:
    shown = line.text if len(line.text) <= 60 else f"{line.text[:57]}..."
    return CannotTest(
        f"a line of the lspci output {problem}: {shown!r}",
        advice=_ADVICE,
        place=SourcePosition(_SOURCE, line.number),
    )
