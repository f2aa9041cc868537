"""NUMA nodes: `-numa`, of `<cpu><numa>`, and the memory of each.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildNumaCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import memory, memory_backends
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.cpu_sets import ranges
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.sizes import attribute_in_bytes
from pciabi.vm.domain.vocabulary import chosen
from pciabi.vm.domain.words import Form, Property, Value, option, stated
from pciabi.vm.xml_tree import Element

WORDS = frozenset(
    {"numa", "numa/cell", "numa/cell@id", "numa/cell@cpus", "numa/cell@memory", "numa/cell@unit"}
    | {"numa/cell@memAccess", "numa/cell/distances", "numa/cell/distances/sibling"}
    | {"numa/cell/distances/sibling@id", "numa/cell/distances/sibling@value"}
    | {f"numa/cell/cache{word}" for word in ("", "@level", "@associativity", "@policy")}
    | {f"numa/cell/cache/{part}@{word}" for part in ("size", "line") for word in ("value", "unit")}
    | {"numa/cell/cache/size", "numa/cell/cache/line", "numa/interconnects"}
    | {
        f"numa/interconnects/{kind}{word}"
        for kind in ("latency", "bandwidth")
        for word in ("", "@initiator", "@target", "@cache", "@type", "@value", "@unit")
    }
)
"""What `<cpu>` may say of NUMA nodes."""
HARMLESS: Mapping[str, str] = MappingProxyType({"numa/cell@discard": "how the host treats memory"})
_LOCAL, _REMOTE = 10, 20
_HIERARCHY: Mapping[str, str] = MappingProxyType(
    {"": "memory", "1": "first-level", "2": "second-level", "3": "third-level"}
)
_DATA = dict.fromkeys(("access", "read", "write"))
_ASSOCIATIVITY = {"none": "none", "direct": "direct", "full": "complex"}
_POLICIES = {"none": "none", "writeback": "write-back", "writethrough": "write-through"}
_KIB = 1 << 10


def options(domain: Domain) -> Iterator[Option]:
    """The nodes with their memory, their distances, and what HMAT tells. Raises InputError."""
    nodes = memory.cells(domain)
    tells_more = _has_hmat(domain)
    for at, cell in enumerate(nodes):
        name = f"ram-node{at}"
        access = cell.attributes.get("memAccess")
        yield memory_backends.backend(domain, cell, name, memory.cell_bytes(cell), access)
        initiator = at if "cpus" in cell.attributes else _first_with_processors(nodes)
        yield _numa(
            cell,
            ("type", "node"),
            ("nodeid", at),
            *(("cpus", part) for part in ranges(cell, "cpus")),
            *((("initiator", initiator),) if tells_more else ()),
            ("memdev", name),
        )
    yield from _distances(nodes)
    if tells_more:
        yield from _interconnects(domain)
        for at, cell in enumerate(nodes):
            yield from _caches(at, cell)


def of_machine(domain: Domain) -> Iterator[Property]:
    """What `-machine` says of NUMA nodes."""
    if _has_hmat(domain):
        yield from stated(memory.cells(domain)[0], ("hmat", True))


def _numa(element: Element, *pairs: tuple[str, Value]) -> Option:
    return option("numa", stated(element, *pairs), Form.KEY_VALUE, "type")


def _nodes_element(domain: Domain) -> Element | None:
    cpu = domain.root.child("cpu")
    return cpu.child("numa") if cpu is not None else None


def _has_hmat(domain: Domain) -> bool:
    numa = _nodes_element(domain)
    nodes = memory.cells(domain)
    has_links = numa is not None and numa.child("interconnects") is not None
    return bool(nodes) and (has_links or any(cell.child("cache") for cell in nodes))


def _first_with_processors(nodes: Sequence[Element]) -> int:
    return next((at for at, cell in enumerate(nodes) if "cpus" in cell.attributes), 0)


def _distances(nodes: Sequence[Element]) -> Iterator[Option]:
    known: dict[tuple[int, int], int] = {}
    for at, cell in enumerate(nodes):
        distances = cell.child("distances")
        for sibling in distances.all("sibling") if distances is not None else ():
            known[at, number(sibling, "id")] = number(sibling, "value")
    if not known:
        return
    # A distance that is stated one way holds the other way round too.
    both = {(to, source): value for (source, to), value in known.items()} | known
    for source, cell in enumerate(nodes):
        for to in range(len(nodes)):
            default = _LOCAL if source == to else _REMOTE
            value = both.get((source, to), default)
            yield _numa(cell, ("type", "dist"), ("src", source), ("dst", to), ("val", value))


def _interconnects(domain: Domain) -> Iterator[Option]:
    numa = _nodes_element(domain)
    links = numa.child("interconnects") if numa is not None else None
    for link in links.children if links is not None else ():
        kind = link.attributes.get("type", "")
        chosen(link, "type", kind, _DATA)
        cache = link.attributes.get("cache", "")
        value: Value = number(link, "value")
        if link.name == "bandwidth":
            value = f"{attribute_in_bytes(link, 'value', 'KiB') // _KIB}K"
        yield _numa(
            link,
            ("type", "hmat-lb"),
            ("initiator", number(link, "initiator")),
            ("target", number(link, "target")),
            ("hierarchy", chosen(link, "cache", cache, _HIERARCHY)),
            ("data-type", f"{kind}-{link.name}"),
            (link.name, value),
        )


def _caches(at: int, cell: Element) -> Iterator[Option]:
    for cache in sorted(cell.all("cache"), key=lambda cache: number(cache, "level")):
        size, line = (cache.child(name) or cache for name in ("size", "line"))
        kind, policy = (cache.attributes.get(name, "") for name in ("associativity", "policy"))
        yield _numa(
            cache,
            ("type", "hmat-cache"),
            ("node-id", at),
            ("size", f"{attribute_in_bytes(size, 'value', 'KiB') // _KIB}K"),
            ("level", number(cache, "level")),
            ("associativity", chosen(cache, "associativity", kind, _ASSOCIATIVITY)),
            ("policy", chosen(cache, "policy", policy, _POLICIES)),
            ("line", attribute_in_bytes(line, "value", "B")),
        )
