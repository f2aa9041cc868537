"""How much memory a domain has, and of what kind: `-m` and the backend of memory without NUMA.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildMemCommandLine; src/qemu/qemu_domain.c,
qemuDomainAlignMemorySizes; src/conf/domain_postparse.c, virDomainDefPostParseMemory.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import memory_backends
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.memory_backends import DEFAULT_ID
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.sizes import attribute_in_bytes, in_bytes
from pciabi.vm.domain.vocabulary import Vocabulary, must_know
from pciabi.vm.domain.words import Form, Property, bare, option, stated
from pciabi.vm.xml_tree import Element

_SIZE = Vocabulary(frozenset({"@unit", "@slots"}), {"@dumpCore": "what a dump of QEMU holds"})
_KIB, _MIB = 1 << 10, 1 << 20


def options(domain: Domain) -> Iterator[Option]:
    """`-m`, and the memory that it means where no NUMA node has it. Raises InputError."""
    root = domain.root
    memory_backends.must_be_known(domain)
    for name in ("memory", "maxMemory", "currentMemory"):
        for element in root.all(name):
            must_know(element, _SIZE)
    initial = initial_bytes(domain)
    most = root.child("maxMemory")
    place = root.child("memory") or root
    if most is not None:
        slots = number(most, "slots")
        yield option(
            "m",
            (
                *stated(place, ("size", f"{initial // _KIB}k")),
                *stated(most, ("slots", slots or None)),
                *stated(most, ("maxmem", f"{_whole_mib(in_bytes(root, most, 'KiB')) // _KIB}k")),
            ),
            Form.KEY_VALUE,
        )
    elif domain.dialect.has(Trait.MEMORY_IN_KIB):
        yield option("m", stated(place, ("size", f"{initial // _KIB}k")), Form.KEY_VALUE)
    else:
        yield bare("m", str(initial // _MIB), place.start)
    if not cells(domain):
        yield memory_backends.backend(domain, place, DEFAULT_ID, initial)


def of_machine(domain: Domain) -> Iterator[Property]:
    """What `-machine` says of memory."""
    devices = list(domain.each("memory"))
    nvdimm = next((one for one in devices if one.attributes.get("model") == "nvdimm"), None)
    if nvdimm is not None:
        yield from stated(nvdimm, ("nvdimm", True))
    if not cells(domain):
        place = domain.root.child("memory") or domain.root
        yield from stated(place, ("memory-backend", DEFAULT_ID))


def initial_bytes(domain: Domain) -> int:
    """The memory that is there at first, without what memory devices add. Raises InputError."""
    nodes = cells(domain)
    if nodes:
        return sum(cell_bytes(cell) for cell in nodes)
    memory = domain.root.child("memory")
    if memory is None:
        raise InputError("<memory> is missing", place=domain.root.start)
    total = _whole_kib(in_bytes(domain.root, memory, "KiB"))
    added = sum(device_bytes(domain, device, "size") for device in domain.each("memory"))
    if added >= total:
        raise InputError(
            "<memory>: the memory devices have all of it, and none is left for the machine",
            place=memory.start,
        )
    return _whole_mib(total - added)


def cells(domain: Domain) -> list[Element]:
    """The NUMA nodes of `<cpu>`, in the order of their numbers; one without has that of its place.
    Raises InputError."""
    cpu = domain.root.child("cpu")
    nodes = cpu.child("numa") if cpu is not None else None
    found = list(nodes.all("cell")) if nodes is not None else []
    numbers = [number(cell, "id", default=at) for at, cell in enumerate(found)]
    return [cell for _, cell in sorted(zip(numbers, found, strict=True), key=lambda pair: pair[0])]


def cell_bytes(cell: Element) -> int:
    """What a NUMA node has. Raises InputError."""
    return _whole_mib(attribute_in_bytes(cell, "memory", "KiB"))


def device_bytes(domain: Domain, device: Element, name: str) -> int:
    """A size that the `<target>` of a memory device states, 0 where it states none; the size of
    the device itself in whole MiB. Raises InputError."""
    target = device.child("target")
    size = target.child(name) if target is not None else None
    if size is None:
        return 0
    return _whole_kib(in_bytes(domain.root, size, "KiB"))


def _whole_kib(size: int) -> int:
    return -(-size // _KIB) * _KIB


def _whole_mib(size: int) -> int:
    # What a machine of x86 has is aligned so: qemuDomainGetMemorySizeAlignment.
    return -(-size // _MIB) * _MIB
