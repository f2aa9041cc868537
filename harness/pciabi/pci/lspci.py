"""The lines that `lspci` prints, read function by function and written.

`listed` takes the text of pciutils 3.7 to 3.13 apart, whatever options lspci was called with;
what it amounts to, and what it leaves open, is for `listing` to say. `dump` writes text that
`lspci -F FILE` reads. Facts come from what was printed: a size or a driver that lspci left out
is None. Two things it prints are the kernel's and not the device's, and are left out:

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
    """One function as it stands in the text.

    `dump` holds the bytes of its hex dump, however many were printed, `text` the readable lines
    without it, and `line` is the number of its heading. The other facts as in `PciFunction`.
    """

    address: GuestAddress
    dump: bytes
    bars: tuple[Bar, ...]
    rom_size: int | None
    driver: str | None
    text: str
    line: int


def listed(text: str) -> tuple[Listed, ...]:
    """All functions in the text, in guest address order, with as much of a hex dump as they have.

    Raises CannotTest where the text is empty, cut off, out of order, or not lspci's; `place`
    is then the line of the text.
    """
    found = [_function(block) for block in _blocks(text)]
    if not found:
        raise CannotTest("the lspci output lists no PCI function", advice=_ADVICE)
    found.sort(key=lambda item: item.address)
    for one, two in pairwise(found):
        if one.address == two.address:
            raise CannotTest(
                f"the lspci output lists {one.address} twice",
                advice=_ADVICE,
                place=SourcePosition(_SOURCE, two.line),
            )
    for one in found:
        if one.dump and len(one.dump) not in CONFIG_SIZES:
            raise _unusual_size(one)
    return tuple(found)


def _unusual_size(found: Listed) -> CannotTest:
    """The error for a hex dump that no lspci prints."""
    return CannotTest(
        f"the lspci output holds {len(found.dump)} bytes of configuration space of "
        f"{found.address}, not 64, 256 or 4096",
        advice=_ADVICE,
        place=SourcePosition(_SOURCE, found.line),
    )


def dump(functions: Iterable[PciFunction]) -> str:
    """Text that `lspci -F FILE` reads, and from which `listing` reads the same functions.

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
    found = Listed(GuestAddress.parse(heading[1]), b"", (), None, None, "", block[0].number)
    config = bytearray()
    readable = [block[0].text]
    for line in block[1:]:
        if row := _HEX_ROW.fullmatch(line.text):
            config += _row_bytes(line, row, len(config))
        elif line.text.startswith("\t"):
            readable.append(line.text)
            found = _with_fact(found, line)
        else:
            raise _malformed(line, "is neither text nor a hex row of lspci")
    bars = tuple(bar for bar in found.bars if _is_the_devices(bar, config))
    return replace(found, dump=bytes(config), bars=bars, text="\n".join(readable))


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


def _with_fact(found: Listed, line: _Line) -> Listed:
    if match := _REGION.fullmatch(line.text):
        if "[virtual]" in match[2]:
            return found
        bar = _bar(line, int(match[1]), match[2])
        if any(known.index == bar.index for known in found.bars):
            raise _malformed(line, f"lists region {bar.index} of {found.address} twice")
        return replace(found, bars=(*found.bars, bar))
    if match := _ROM.fullmatch(line.text):
        shadow = re.fullmatch(r"0*c0000", match[1]) is not None
        return found if shadow else replace(found, rom_size=_size(match[2]))
    if match := _DRIVER.fullmatch(line.text):
        return replace(found, driver=match[1])
    return found


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
