"""What an option's argument says: named values, in key=value form or in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType

from pciabi.errors import InputError, SourcePosition
from pciabi.vm.command_line import json_text
from pciabi.vm.command_line.argument import Argument, Unresolved, plain

ON = frozenset({"on", "yes", "true", "y"})
"""What QEMU takes for a switch that is on; `OFF` for one that is off."""
OFF = frozenset({"off", "no", "false", "n"})
# QEMU takes numbers from -1 to 255 for an address.
_AUTOMATIC = -1
_NAME_END = re.compile("[=,]")
_VALUE = re.compile(r"(?:[^,]|,,)*", re.DOTALL)


IMPLIED: Mapping[str, str | None] = MappingProxyType(
    {
        "device": "driver",
        "netdev": "type",
        "nic": "type",
        "net": "type",
        "chardev": "backend",
        "blockdev": "driver",
        "object": "qom-type",
        "fsdev": "fsdriver",
        "virtfs": "fsdriver",
        "tpmdev": "type",
        "machine": "type",
        "m": "size",
        "smp": "cpus",
        "numa": "type",
        "boot": "order",
        "audiodev": "driver",
        "audio": "driver",
        "drive": None,
        "global": None,
        "smbios": None,
    }
)
"""The options that take parameters, each with QEMU's name for a first value without one; None
where there is none."""


@dataclass(frozen=True)
class Parameter:
    """One name with its value as text, and as JSON data where it was written so.

    `position` is where the name begins (the value, where the name is implied). `whole` and `said`
    are where name and value, and the value alone, begin and end in the argument.
    """

    name: str
    value: str
    position: SourcePosition | None = None
    unresolved: Unresolved | None = None
    data: object = None
    whole: tuple[int, int] = field(default=(0, 0), compare=False)
    said: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Parameters:
    """The parameters of one option in order; of equal names the last one counts.

    `implied` is the name that may be left out in front of the first value (`driver` for
    `-device`). `is_json` says which form they are written in.
    """

    items: tuple[Parameter, ...]
    implied: str | None
    is_json: bool = False

    def find(self, name: str) -> Parameter | None:
        """The parameter of that name, or None."""
        return next((item for item in reversed(self.items) if item.name == name), None)

    def get(self, name: str) -> str | None:
        """The value of that name, or None."""
        found = self.find(name)
        return found.value if found else None

    @property
    def address(self) -> str | None:
        """What `addr` says, in the words that key=value form takes; None where it leaves the place
        to QEMU.

        A number in JSON is a devfn: 41 is function 1 of slot 5, `5.1`, and -1 any slot. What else
        JSON has is no address, and is told as what it is.
        """
        found = self.find("addr")
        if found is None or not self.is_json or isinstance(found.data, str):
            return found.value if found is not None else None
        if isinstance(found.data, bool) or not isinstance(found.data, int):
            return f"{found.value} in JSON"
        if found.data == _AUTOMATIC:
            return None
        return f"{found.data >> 3:x}.{found.data & 7}" if found.data >= 0 else found.value

    @property
    def names(self) -> frozenset[str]:
        """All names."""
        return frozenset(item.name for item in self.items)

    def keeping(self, *names: str) -> Parameters:
        """Only these, in the order they have."""
        return replace(self, items=tuple(item for item in self.items if item.name in names))

    def without(self, *names: str) -> Parameters:
        """All but these."""
        return replace(self, items=tuple(item for item in self.items if item.name not in names))

    def having(self, name: str, value: str | int) -> Parameters:
        """With this value; it takes the place of one of that name, or comes last."""
        item = Parameter(name, str(value), data=value)
        if name not in self.names:
            return replace(self, items=(*self.items, item))
        items = tuple(item if old.name == name else old for old in self.items)
        return replace(self, items=items)

    def text(self) -> str:
        """As QEMU takes them."""
        if self.is_json:
            return json.dumps({item.name: item.data for item in self.items}, ensure_ascii=False)
        return ",".join(self._written())

    def _written(self) -> Iterator[str]:
        for at, item in enumerate(self.items):
            value = item.value.replace(",", ",,")
            bare = at == 0 and item.name == self.implied and value and "=" not in value
            yield value if bare else f"{item.name}={value}"


def parameters(argument: Argument, implied: str | None) -> Parameters:
    """An option's argument, read by QEMU's rules. Raises InputError for JSON that is none."""
    if argument.text.startswith("{"):
        items = tuple(_member(argument, member) for member in json_text.members(argument))
        return Parameters(items, implied, is_json=True)
    return Parameters(tuple(_pairs(argument, implied)), implied)


# The options of one command line are looked at by many, and are much alike on its other side.
@lru_cache(maxsize=4096)
def parameters_in(text: str, implied: str | None) -> Parameters:
    """The parameters of an option's argument that stands in no file; none in JSON that is none."""
    try:
        return parameters(plain(text, "", 1), implied)
    except InputError:
        return Parameters((), implied, is_json=True)


def open_flag(given: Parameters) -> Unresolved | None:
    """An open part that stands where a name should, so that it may say anything; None without."""
    for item in given.items:
        if item.unresolved is not None and item.unresolved.source in item.name:
            return item.unresolved
    return None


def _member(argument: Argument, member: json_text.Member) -> Parameter:
    quote = 1 if isinstance(member.value, str) else 0
    return Parameter(
        member.name,
        _as_text(member.value),
        argument.at(member.name_start),
        argument.unresolved_in(member.name_start, member.end),
        member.value,
        (member.name_start - 1, member.end),
        (member.start + quote, member.end - quote),
    )


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _pairs(argument: Argument, implied: str | None) -> Iterator[Parameter]:
    text, at = argument.text, 0
    while at < len(text):
        start = at
        ending = _NAME_END.search(text, at)
        name_end = ending.start() if ending else len(text)
        if name_end < len(text) and text[name_end] == "=":
            name = text[at:name_end]
            value_at = name_end + 1
        elif at == 0 and implied is not None:
            name, value_at = implied, 0
        else:
            # A flag: `server` is `server=on`, `nowait` is `wait=off`.
            flag = text[at:name_end]
            off = flag.startswith("no") and len(flag) > 2
            yield Parameter(
                flag[2:] if off else flag,
                "off" if off else "on",
                argument.at(at),
                argument.unresolved_in(at, name_end),
                whole=(at, name_end),
                said=(name_end, name_end),
            )
            at = name_end + 1
            continue
        match = _VALUE.match(text, value_at)
        end = match.end() if match else len(text)
        value = text[value_at:end].replace(",,", ",")
        yield Parameter(
            name,
            value,
            argument.at(start),
            argument.unresolved_in(start, end),
            whole=(start, end),
            said=(value_at, end),
        )
        at = end + 1
