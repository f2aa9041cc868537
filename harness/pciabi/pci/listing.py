"""What `lspci` printed, as functions: with all of a hex dump, with less, or with none.

What such a text tells is put into a configuration space of the usual form, with a mask of the
bits that were told; everything else stays unknown. The text tells ids, class, revision,
subsystem, bus numbers, headings of capabilities, BARs, ROM and driver, as far as the options
lspci was called with (`-nn`, `-v`, `-xxx`), the caller's rights and the guest's access to
configuration space went: where a kernel has no MMCONFIG, 256 bytes of a PCI Express function are
all that lspci prints, and not all there is.

Source: pciutils `lspci.c`: show_terse, show_htype0, show_htype1, show_caps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pciabi.errors import CannotTest, SourcePosition
from pciabi.pci import headings
from pciabi.pci import registers as reg
from pciabi.pci.chipset import has_no_extended_space, reaches_extended_space
from pciabi.pci.config_space import decode
from pciabi.pci.facts import Facts
from pciabi.pci.function import BARS, DRIVER, ROM, Bar, Bars, PciFunction
from pciabi.pci.lspci import Listed, listed

_IDS = (
    r"(?: \(rev (?P<revision>[0-9a-f]{2})\))?"
    r"(?: \(prog-if (?P<interface>[0-9a-f]{2})(?: \[.*\])?\))?"
)
_NAMED = re.compile(
    r"\S+ .*\[(?P<class>[0-9a-f]{4})\]: .*\[(?P<vendor>[0-9a-f]{4}):(?P<device>[0-9a-f]{4})\]"
    + _IDS,
    re.ASCII,
)
_NUMBERED = re.compile(
    r"\S+ (?P<class>[0-9a-f]{4}): (?P<vendor>[0-9a-f]{4}):(?P<device>[0-9a-f]{4})" + _IDS, re.ASCII
)
_SUBSYSTEM = re.compile(r"\tSubsystem: (?:.*\[)?([0-9a-f]{4}):([0-9a-f]{4})\]?", re.ASCII)
_STATUS = re.compile(
    r"\tStatus: Cap([+-]) 66MHz([+-]) UDF[+-] FastB2B([+-]) ParErr[+-] DEVSEL=(\w+)", re.ASCII
)
_BUSES = re.compile(
    r"\tBus: primary=([0-9a-f]{2}), secondary=([0-9a-f]{2}), subordinate=([0-9a-f]{2})", re.ASCII
)
_PIN = re.compile(r"\tInterrupt: pin ([A-D]) routed", re.ASCII)
_CAPABILITY = re.compile(r"\tCapabilities: \[([0-9a-f]{2,3})(?: v([0-9]+))?\] (.*)", re.ASCII)
# The kernel's own resources, not the device's: the ports of a legacy IDE controller (Linux
# drivers/pci/probe.c), and the shadow copy of a video ROM, whose size is not the ROM's.
_LEGACY_PORTS = re.compile(r"\tRegion ([0-3]): I/O ports at 0(?:1f0|3f[46]|170|37[46])\b", re.ASCII)
_SHADOW_ROM = re.compile(r"\t(?:\[virtual\] )?Expansion ROM at 0*c0000\b", re.ASCII)
_IDE_CLASS = b"\x01\x01"
_DENIED = "\tCapabilities: <access denied>"
_TIMINGS = {"fast": 0x0000, "medium": 0x0200, "slow": 0x0400}
_ADVICE = "take it with -nn or -n, so that it holds the ids"


def parse(text: str) -> tuple[PciFunction, ...]:
    """All functions in the text, in guest address order, each with a mask of what was told.

    Raises CannotTest, with the line as its place, where the text is empty or not lspci's.
    """
    found = listed(text)
    access = _access(found)
    return tuple(_Completion(item, access).function() for item in found)


@dataclass(frozen=True)
class _Access:
    """What a text shows of its reader's way to extended configuration space: that a hex dump
    shows it wherever there is any, and that a list of capabilities does."""

    dumps_are_whole: bool
    lists_are_whole: bool


def _access(found: Sequence[Listed]) -> _Access:
    reaches_none = any(_is_host_without_extended_space(item) for item in found)
    dumped = any(len(item.dump) == reg.EXTENDED_SIZE for item in found)
    named = any(
        int(match[1], 16) >= reg.CONVENTIONAL_SIZE
        for item in found
        for line in item.text.split("\n")
        if (match := _CAPABILITY.fullmatch(line))
    )
    return _Access(
        dumps_are_whole=dumped or reaches_none, lists_are_whole=dumped or named or reaches_none
    )


def _is_host_without_extended_space(item: Listed) -> bool:
    if item.address.bus or item.address.devfn:
        return False
    if item.dump:
        return not reaches_extended_space(item.dump)
    heading = _heading(item.text)
    if heading is None:
        return False
    words = [int(heading[name], 16).to_bytes(2, "little") for name in ("vendor", "device")]
    return not reaches_extended_space(b"".join(words))


def _heading(text: str) -> re.Match[str] | None:
    first = text.partition("\n")[0]
    return _NAMED.fullmatch(first) or _NUMBERED.fullmatch(first)


class _Completion:
    """The configuration space of one function, put together from its bytes and its text."""

    def __init__(self, item: Listed, access: _Access) -> None:
        self.item = item
        self.access = access
        self.lines = item.text.split("\n")
        self.dump = item.dump
        self.config = bytearray(reg.EXTENDED_SIZE)
        self.known = bytearray(reg.EXTENDED_SIZE)
        self.detailed = self.says("\tControl: ") or self.says("\tFlags: ")

    def function(self) -> PciFunction:
        """The function, as far as the text and the bytes go."""
        self.config[: len(self.dump)] = self.dump
        self.known[: len(self.dump)] = b"\xff" * len(self.dump)
        self._ids()
        self._header()
        size = self._lists()
        return PciFunction(
            address=self.item.address,
            config=bytes(self.config[:size]),
            known=bytes(self.known[:size]),
            facts=self._facts(),
            text=self.item.text,
        )

    def says(self, beginning: str) -> bool:
        return any(line.startswith(beginning) for line in self.lines)

    def put(self, offset: int, width: int, value: int, mask: int = -1) -> None:
        """Note bits that the text tells; what the hex dump holds is not touched."""
        mask &= (1 << 8 * width) - 1
        for index in range(width):
            place = offset + index
            new = mask >> 8 * index & 0xFF & ~self.known[place]
            self.config[place] |= value >> 8 * index & new
            self.known[place] |= new

    def _ids(self) -> None:
        match = _heading(self.item.text)
        if match is None:
            if not self.dump:
                raise self._malformed(self.item.line, f"no ids in {self.lines[0][:60]!r}")
            return
        self.put(reg.VENDOR_ID, 2, int(match["vendor"], 16))
        self.put(reg.DEVICE_ID, 2, int(match["device"], 16))
        self.put(reg.CLASS_CODE + 1, 2, int(match["class"], 16))
        # lspci leaves out a revision, and in detail a programming interface, of zero.
        self.put(reg.REVISION_ID, 1, int(match["revision"] or "0", 16))
        if self.detailed or match["interface"]:
            self.put(reg.CLASS_CODE, 1, int(match["interface"] or "0", 16))

    def _header(self) -> None:
        buses = next((m for line in self.lines if (m := _BUSES.match(line))), None)
        if self.detailed:
            kind = reg.HEADER_TYPE_BRIDGE if buses else reg.HEADER_TYPE_NORMAL
            self.put(reg.HEADER_TYPE, 1, kind, reg.HEADER_TYPE_MASK)
        if buses:
            for place, number in enumerate(buses.groups()):
                self.put(reg.PRIMARY_BUS + place, 1, int(number, 16))
        subsystem = next((m for line in self.lines if (m := _SUBSYSTEM.fullmatch(line))), None)
        if subsystem and not buses:
            # Not printed where the vendor is 0 or ffff, whatever the device is.
            ids = int(subsystem[2], 16) << 16 | int(subsystem[1], 16)
            self.put(reg.SUBSYSTEM_VENDOR_ID, 4, ids)
        if self.says("\tControl: "):
            pin = next((m for line in self.lines if (m := _PIN.match(line))), None)
            self.put(reg.INTERRUPT_PIN, 1, "ABCD".index(pin[1]) + 1 if pin else 0)
        status = next((m for line in self.lines if (m := _STATUS.match(line))), None)
        if status and status[4] in _TIMINGS:
            bits = zip((0x10, 0x20, 0x80), status.groups(), strict=False)
            value = sum(bit for bit, sign in bits if sign == "+") | _TIMINGS[status[4]]
            self.put(reg.STATUS, 2, value, 0x06B0)

    def _lists(self) -> int:
        """Note both capability lists as far as they are told; the size of the whole space."""
        told = [m for line in self.lines if (m := _CAPABILITY.fullmatch(line))]
        conventional = [match for match in told if int(match[1], 16) < reg.CONVENTIONAL_SIZE]
        extended = [match for match in told if int(match[1], 16) >= reg.CONVENTIONAL_SIZE]
        denied = _DENIED in self.lines
        if len(self.dump) < reg.CONVENTIONAL_SIZE:
            has_none = self.known[reg.STATUS] & 0x10 and not self.config[reg.STATUS] & 0x10
            told_all = self.detailed and not denied
            if not (has_none or (told_all and self._chain(conventional, extended=False))):
                return reg.CONVENTIONAL_SIZE
            self.put(reg.STATUS, 2, 0 if has_none or not conventional else 0x10, 0x10)
        if len(self.dump) == reg.EXTENDED_SIZE or not self._may_go_on(conventional):
            return max(len(self.dump), reg.CONVENTIONAL_SIZE)
        if extended:
            self._chain(extended, extended=True)
            return reg.EXTENDED_SIZE
        listed_all = self.access.lists_are_whole and self.detailed and not denied and told
        if listed_all or (self.dump and self.access.dumps_are_whole):
            return reg.CONVENTIONAL_SIZE
        return reg.EXTENDED_SIZE

    def _may_go_on(self, conventional: Sequence[re.Match[str]]) -> bool:
        """Whether there may be extended space: a PCI Express function's, or a host bridge's."""
        host_bridge = reg.CLASS_HOST_BRIDGE.to_bytes(2, "little")
        if self.config[reg.CLASS : reg.CLASS + 2] == host_bridge:
            return not has_no_extended_space(bytes(self.config))
        if len(self.dump) < reg.CONVENTIONAL_SIZE:
            return any(match[3].startswith("Express") for match in conventional)
        space = decode(bytes(self.config[: reg.CONVENTIONAL_SIZE]))
        return space.capability(reg.CAP_EXPRESS, extended=False) is not None

    def _chain(self, told: Sequence[re.Match[str]], *, extended: bool) -> bool:
        """Note a whole list; False, and nothing noted, where lspci's words are not known."""
        ids = [headings.capability_id(match[3], extended=extended) for match in told]
        offsets = [int(match[1], 16) for match in told]
        lowest = reg.CONVENTIONAL_SIZE if extended else reg.HEADER_SIZE
        if len(set(offsets)) < len(offsets) or any(o < lowest or o & 3 for o in offsets):
            line = self.item.line + self.lines.index(told[-1][0])
            raise self._malformed(line, "the capabilities stand at impossible places")
        if None in ids or (extended and offsets[0] != reg.CONVENTIONAL_SIZE):
            return False
        if not extended:
            self.put(reg.CAPABILITIES_POINTER[0], 1, offsets[0] if offsets else 0)
        for match, offset, following, number in zip(
            told, offsets, (*offsets[1:], 0), ids, strict=False
        ):
            assert number is not None, "checked above"
            if extended:
                version = int(match[2] or "0") & 0xF
                self.put(offset, 4, following << 20 | version << 16 | number)
            else:
                self.put(offset, 2, following << 8 | number)
            for bits in headings.told(match[3], number, extended=extended):
                if offset + bits.offset + bits.width <= reg.EXTENDED_SIZE:
                    self.put(offset + bits.offset, bits.width, bits.value, bits.mask)
        return True

    def _bars(self) -> Iterable[Bar]:
        legacy: set[int] = set()
        if not self.dump and self.config[reg.CLASS_CODE + 1 : reg.CLASS_CODE + 3] == _IDE_CLASS:
            legacy = {int(m[1]) for line in self.lines if (m := _LEGACY_PORTS.match(line))}
        return (bar for bar in self.item.bars if bar.index not in legacy)

    def _facts(self) -> Facts:
        """What the text tells besides configuration space."""
        facts = Facts()
        if self.detailed or self.dump:
            facts = facts.having(BARS, Bars(tuple(self._bars()), sized=self.detailed))
        shadow = not self.dump and any(_SHADOW_ROM.match(line) for line in self.lines)
        if self.item.rom_size is not None or (self.detailed and not shadow):
            facts = facts.having(ROM, self.item.rom_size)
        if self.detailed or self.says("\tKernel "):
            facts = facts.having(DRIVER, self.item.driver)
        return facts

    def _malformed(self, line: int, problem: str) -> CannotTest:
        return CannotTest(problem, advice=_ADVICE, place=SourcePosition("lspci output", line))
