"""The devices that AML declares, and the few of their objects that tell of PCI.

AML is read as a declaration: blocks are entered, everything else is stepped over by its length,
and no method is ever evaluated. Whatever would have to be evaluated to know which devices there
are, or what they are called, is Undecodable. Source: ACPI 6.5, 20.2.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pciabi.acpi import encoding
from pciabi.acpi.encoding import Path
from pciabi.acpi.tables import HEADER_SIZE
from pciabi.acpi.undecodable import Undecodable

BUS_SELECTOR = "BSEL"
"""QEMU's own name for the number by which its hot-plug registers know a bus."""
LOOKED_AT = frozenset(
    {"_HID", "_CID", "_UID", "_SEG", "_BBN", "_ADR", "_SUN", "_EJ0", "_DSM", "_PXM", BUS_SELECTOR}
)
"""The objects of a device that are kept."""

_NAME, _ALIAS, _SCOPE, _METHOD = 0x08, 0x06, 0x10, 0x14
# If, Else, While.
_DECIDED = frozenset({0xA0, 0xA1, 0xA2})
_EXTENDED = 0x5B
_REVISION, _REGION, _DEVICE = 0x30, 0x80, 0x82
# What stands between the name of a block and its content, in bytes: of devices, processors, power
# resources and thermal zones.
_BLOCKS: Mapping[int, int] = MappingProxyType({_DEVICE: 0, 0x83: 6, 0x84: 3, 0x85: 0})
# What declarations consist of that are stepped over: names, bytes, terms, packages. External and
# Noop, CreateDWordField and its kin; of the extended ones CreateField, Mutex, Event,
# DataTableRegion and the three sorts of field.
_PARTS: Mapping[int, str] = MappingProxyType(
    {0x15: "nbb", 0xA3: "", 0x8A: "ttn", 0x8B: "ttn", 0x8C: "ttn", 0x8D: "ttn", 0x8F: "ttn"}
)
_EXTENDED_PARTS: Mapping[int, str] = MappingProxyType(
    {0x13: "tttn", 0x01: "nb", 0x02: "n", 0x88: "nttt", 0x81: "p", 0x86: "p", 0x87: "p"}
)
_PREDEFINED: frozenset[Path] = frozenset(
    {(), ("_SB_",), ("_GPE",), ("_PR_",), ("_SI_",), ("_TZ_",)}
)
_MOST_NESTED = 64


@dataclass(frozen=True)
class Method:
    """A method, as the AML of its body."""

    body: bytes


@dataclass(frozen=True)
class Other:
    """An object of another type than those that are told apart here."""


Value = int | str | tuple[int | str, ...] | Method | Other


@dataclass(frozen=True)
class Region:
    """An operation region: its address space (1 is I/O), and where it begins, None where that
    is no constant."""

    space: int
    start: int | None


@dataclass(frozen=True)
class Namespace:
    """Devices by absolute name, each with its objects of `LOOKED_AT` by their names, in the
    order of declaration; and operation regions by absolute name."""

    devices: Mapping[Path, Mapping[str, Value]]
    regions: Mapping[Path, Region]

    def children(self, parent: Path) -> Iterator[Path]:
        """The devices declared directly within a device."""
        return (path for path in self.devices if path[:-1] == parent)


def declared(tables: Iterable[bytes]) -> Namespace:
    """What these tables declare, the DSDT first. Raises Undecodable."""
    walk = _Walk()
    for table in tables:
        walk.enter(table)
    devices = {path: walk.objects.get(path, {}) for path in walk.devices}
    return Namespace(devices, walk.regions)


@dataclass
class _Walk:
    """A walk through the declarations of tables that share a namespace."""

    devices: dict[Path, None] = field(default_factory=dict)
    objects: dict[Path, dict[str, Value]] = field(default_factory=dict)
    regions: dict[Path, Region] = field(default_factory=dict)
    scopes: set[Path] = field(default_factory=lambda: set(_PREDEFINED))

    def enter(self, table: bytes) -> None:
        """Take in a table."""
        block = _Block(table, HEADER_SIZE, len(table), ())
        stack = [block]
        while stack:
            block = stack[-1]
            if block.at == block.end:
                stack.pop()
                continue
            begun = block.at
            try:
                inner = self._step(block)
            except Undecodable as error:
                raise Undecodable(f"{error} (at {begun:#x})") from error
            if inner is not None:
                if len(stack) > _MOST_NESTED:
                    raise Undecodable(f"blocks in AML are nested {len(stack)} deep")
                self.scopes.add(inner.scope)
                stack.append(inner)

    def _step(self, block: _Block) -> _Block | None:
        """Step over what the block goes on with; the block to enter where it is one."""
        code = block.byte()
        if code == _EXTENDED:
            return self._extended(block)
        if code == _SCOPE:
            inner = block.inner()
            inner.scope = self._existing(inner.name(), block.scope)
            return inner
        if code == _NAME:
            self._name(block)
        elif code == _METHOD:
            self._method(block)
        elif code == _ALIAS:
            block.name()
            _must_not_matter(block.name().segments)
        elif code in _DECIDED:
            _must_not_matter_when_decided(block.inner())
        elif code in _PARTS:
            block.step_over(_PARTS[code])
        else:
            raise Undecodable(f"opcode {code:#04x} declares nothing")
        return None

    def _extended(self, block: _Block) -> _Block | None:
        code = block.byte()
        if code in _BLOCKS:
            inner = block.inner()
            inner.scope = inner.name().within(block.scope)
            inner.skip(_BLOCKS[code])
            if code == _DEVICE:
                self.devices[inner.scope] = None
            return inner
        if code == _REGION:
            path = block.name().within(block.scope)
            space = block.byte()
            self.regions[path] = Region(space, block.term())
            block.term()
        elif code in _EXTENDED_PARTS:
            block.step_over(_EXTENDED_PARTS[code])
        else:
            raise Undecodable(f"opcode 0x5b {code:#04x} declares nothing")
        return None

    def _name(self, block: _Block) -> None:
        path = block.name().within(block.scope)
        value = block.value()
        self._keep(path, value)

    def _method(self, block: _Block) -> None:
        inner = block.inner()
        path = inner.name().within(block.scope)
        inner.skip(1)
        if path[-1:] and path[-1] in LOOKED_AT:
            self._keep(path, Method(inner.rest()))

    def _keep(self, path: Path, value: Value) -> None:
        if path and path[-1] in LOOKED_AT:
            self.objects.setdefault(path[:-1], {})[path[-1]] = value

    def _existing(self, target: encoding.Name, scope: Path) -> Path:
        """The scope of that name, as it is seen from another one (ACPI 6.5, 5.3: a single
        segment is looked for further up as well)."""
        path = target.within(scope)
        if target.is_searched:
            for length in range(len(scope), -1, -1):
                found = scope[:length] + target.segments
                if found in self.scopes:
                    return found
        return path


@dataclass
class _Block:
    """Part of a table that is being read, from `at` to `end`, and the scope that it declares
    in."""

    aml: bytes
    at: int
    end: int
    scope: Path

    def byte(self) -> int:
        value = encoding.byte(self.aml, self.at, self.end)
        self.at += 1
        return value

    def skip(self, count: int) -> None:
        if self.at + count > self.end:
            raise Undecodable("AML ends where more must follow")
        self.at += count

    def rest(self) -> bytes:
        return self.aml[self.at : self.end]

    def name(self) -> encoding.Name:
        name, self.at = encoding.name(self.aml, self.at, self.end)
        return name

    def inner(self) -> _Block:
        """The block whose PkgLength stands here; this one goes on behind it."""
        end, at = encoding.package_end(self.aml, self.at, self.end)
        self.at = end
        return _Block(self.aml, at, end, self.scope)

    def literal(self) -> int | str | None:
        """The integer or text that stands here; None where neither does, and nothing is stepped
        over."""
        constant = encoding.integer(self.aml, self.at, self.end)
        if constant is not None:
            number, self.at = constant
            return number
        if encoding.byte(self.aml, self.at, self.end) != encoding.TEXT:
            return None
        text, self.at = encoding.text(self.aml, self.at, self.end)
        return text

    def term(self) -> int | None:
        """A term that is a constant, or names something: None then."""
        literal = self.literal()
        if literal is not None:
            return literal if isinstance(literal, int) else None
        lead = encoding.byte(self.aml, self.at, self.end)
        if not encoding.is_name(lead):
            raise Undecodable(f"opcode {lead:#04x} in the place of a constant")
        self.name()
        return None

    def step_over(self, parts: str) -> None:
        """Step over a declaration of these parts, as in `_PARTS`."""
        for part in parts:
            if part == "n":
                self.name()
            elif part == "b":
                self.skip(1)
            elif part == "t":
                self.term()
            else:
                self.inner()

    def value(self) -> Value:
        """What a name is declared to be."""
        literal = self.literal()
        if literal is not None:
            return literal
        lead = encoding.byte(self.aml, self.at, self.end)
        if lead in (encoding.BUFFER, encoding.PACKAGE, encoding.VARIABLE_PACKAGE):
            self.at += 1
            inner = self.inner()
            return _elements(inner) if lead == encoding.PACKAGE else Other()
        if encoding.is_name(lead):
            self.name()
        elif lead == _EXTENDED:
            self.skip(1)
            if self.byte() != _REVISION:
                raise Undecodable("a name is declared to be nothing that a name may be")
        else:
            raise Undecodable(f"opcode {lead:#04x} in the place of a value")
        return Other()


def _elements(package: _Block) -> Value:
    """The elements of a package of integers and strings, such as ids; any other is `Other`."""
    count = package.byte()
    # QEMU's routing tables are packages of packages.
    found: list[int | str] = []
    while package.at < package.end:
        literal = package.literal()
        if literal is None:
            return Other()
        found.append(literal)
    return tuple(found) if len(found) == count else Other()


def _must_not_matter(alias: Path) -> None:
    if alias and alias[-1] in LOOKED_AT:
        raise Undecodable(f"{alias[-1]} is an alias")


def _must_not_matter_when_decided(block: _Block) -> None:
    """Raises Undecodable where what a condition decides declares anything that is looked at."""
    body = block.rest()
    for name in sorted(LOOKED_AT):
        if name.encode() in body:
            raise Undecodable(f"a condition decides {name} when the tables are loaded")
