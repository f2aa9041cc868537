"""The MAC addresses that a QEMU command line states; every other one QEMU makes up.

QEMU counts up from 52:54:00:12:34:56 in the order in which it creates the NICs that name none,
so such an address tells of the order and not of the NIC (net/net.c: qemu_macaddr_default_if_unset).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pciabi.vm.command_line.parameters import parameters_in

# `-device` and `-nic` say `mac`, `-net nic` says `macaddr`; `-set` and `-global` put the
# driver's or the device's name in front.
_NAME = re.compile(r"(?:.*\.)?(?:mac|macaddr)", re.DOTALL)
_BYTES = re.compile(r"[0-9a-f]{1,2}([:-])[0-9a-f]{1,2}(?:\1[0-9a-f]{1,2}){4}")


def stated_macs(arguments: Iterable[str]) -> frozenset[str]:
    """The addresses that QEMU's arguments state, in the form QEMU prints them in."""
    return frozenset(filter(None, map(as_printed, _values(arguments))))


def _values(arguments: Iterable[str]) -> Iterator[str]:
    for argument in arguments:
        given = parameters_in(argument, "driver")
        yield from (given.get(name) or "" for name in given.names if _NAME.fullmatch(name))
        # -global driver=e1000,property=mac,value=…
        if given.get("property") in ("mac", "macaddr"):
            yield given.get("value") or ""


def as_printed(text: str) -> str | None:
    """An address as QEMU prints it, such as `52:54:00:0a:00:01`; None for what QEMU refuses.

    Source: QEMU, net/util.c: net_parse_macaddr (a plain number fills the last three bytes).
    """
    low = text.strip().lower()
    if _BYTES.fullmatch(low):
        return ":".join(f"{int(part, 16):02x}" for part in re.split("[:-]", low))
    try:
        number = int(low, 0)
    except ValueError:
        return None
    return "00:00:00:" + number.to_bytes(3, "big").hex(":") if 0 <= number < 1 << 24 else None
