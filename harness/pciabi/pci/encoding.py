"""What the values of a field stand for, in the specification's words.

Sources: PCI Express Base 5.0, 7.5.3.3 to 7.5.3.18, 7.8.6; PCI Power Management 1.2, 3.2.3; PCI
Local Bus 3.0, 6.2.3; Single Root I/O Virtualization 1.1, 3.3.12.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Words:
    """A word for each value, empty for a reserved one."""

    words: tuple[str, ...]

    def shown(self, value: int) -> str:
        """The word, empty where there is none."""
        return self.words[value] if value < len(self.words) else ""


@dataclass(frozen=True)
class Each:
    """A word for each bit that is set, and a unit behind them all."""

    words: tuple[str, ...]
    unit: str = ""

    def shown(self, value: int) -> str:
        """The words, empty where a reserved bit is set."""
        if value >> len(self.words):
            return ""
        found = [word for bit, word in enumerate(self.words) if value >> bit & 1]
        return f"{', '.join(found)}{self.unit}" if found else "none"


@dataclass(frozen=True)
class Lanes:
    """A number of lanes: `x16`."""

    def shown(self, value: int) -> str:
        """Such as `x16`; some devices say `x0`."""
        return f"x{value}"


@dataclass(frozen=True)
class Pointer:
    """The offset of the next capability, whose lowest two bits are reserved."""

    def shown(self, value: int) -> str:
        """The offset."""
        return f"0x{value << 2:x}"


Encoding = Words | Each | Lanes | Pointer


def _size(exponent: int) -> str:
    return f"{1 << exponent % 10}{' KMGTPE'[exponent // 10]}"


_GIGATRANSFERS = ("2.5", "5", "8", "16", "32", "64")
LINK_SPEED = Words(("", *(f"{speed} GT/s" for speed in _GIGATRANSFERS)))
LINK_SPEEDS = Each(_GIGATRANSFERS, " GT/s")
LINK_WIDTH = Lanes()
POINTER = Pointer()
BYTES_FROM_128 = Words(tuple(f"{128 << n} bytes" for n in range(6)))
_POWERS = (*(f"{64 << n} ns" for n in range(4)), *(f"{1 << n} us" for n in range(7)))
L0S_ACCEPTABLE = Words((*_POWERS[:7], "no limit"))
L1_ACCEPTABLE = Words((*_POWERS[4:11], "no limit"))


def _between(limits: tuple[str, ...]) -> tuple[str, ...]:
    within = (f"{low} to {high}" for low, high in pairwise(limits))
    return (f"less than {limits[0]}", *within, f"more than {limits[-1]}")


L0S_EXIT = Words(_between(_POWERS[:7]))
L1_EXIT = Words(_between(_POWERS[4:11]))
ASPM = Words(("none", "L0s", "L1", "L0s and L1"))
PORT_TYPE = Words(
    (
        *("endpoint", "legacy endpoint", "", "", "root port", "switch upstream port"),
        *("switch downstream port", "PCI Express to PCI bridge", "PCI to PCI Express bridge"),
        *("root complex integrated endpoint", "root complex event collector"),
    )
)
DEVSEL = Words(("fast", "medium", "slow"))
AUX_CURRENT = Words(("0 mA", *(f"{n} mA" for n in (55, 100, 160, 220, 270, 320, 375))))
POWER_STATES = Each(("D0", "D1", "D2", "D3hot", "D3cold"))
BAR_SIZE = Words(tuple(_size(20 + n) for n in range(44)))
BAR_SIZES = Each(BAR_SIZE.words[:28])
LARGER_BAR_SIZES = Each(BAR_SIZE.words[28:])
PAGE_SIZES = Each(tuple(_size(12 + n) for n in range(32)))
