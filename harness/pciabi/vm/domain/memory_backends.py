"""What QEMU's memory is made of: `-object memory-backend-…`, of `<memoryBacking>`.

None of it is on PCI; which kind it is, is told. Source: libvirt, src/qemu/qemu_command.c,
qemuBuildMemoryBackendProps.
"""

from __future__ import annotations

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.sizes import attribute_in_bytes
from pciabi.vm.domain.vocabulary import Vocabulary, must_know
from pciabi.vm.domain.words import Form, option, stated
from pciabi.vm.xml_tree import Element

DEFAULT_ID = "pc.ram"
"""What the memory of a PC is called where no NUMA node has it."""
_VOCABULARY = Vocabulary(
    frozenset({"hugepages", "hugepages/page", "source", "source@type", "access", "access@mode"})
    | {"hugepages/page@size", "hugepages/page@unit", "hugepages/page@nodeset"},
    {
        "nosharepages": "how the host treats memory",
        "locked": "how the host treats memory",
        "discard": "how the host treats memory",
        "allocation/**": "when the host gives the memory",
        "allocation": "when the host gives the memory",
    },
)
_ORDINARY_PAGE = 4096


def must_be_known(domain: Domain) -> None:
    """Raise InputError at what is not known of `<memoryBacking>`."""
    for backing in domain.root.all("memoryBacking"):
        must_know(backing, _VOCABULARY)


def backend(
    domain: Domain, place: Element, name: str, size: int, access: str | None = None
) -> Option:
    """The memory of that id and size in bytes, which `place` states; `access` is how it is shared,
    where its own element says that. Raises InputError."""
    kind = _kind(domain, access)
    pairs = stated(place, ("qom-type", f"memory-backend-{kind}"), ("id", name), ("size", size))
    return option("object", pairs, Form.KEY_VALUE, "qom-type")


def file_backend(place: Element, name: str, size: int) -> Option:
    """Memory that a file of the host's keeps, as NVDIMMs and virtio-pmem have it."""
    pairs = stated(place, ("qom-type", "memory-backend-file"), ("id", name), ("size", size))
    return option("object", pairs, Form.KEY_VALUE, "qom-type")


def is_given_at_once(domain: Domain) -> bool:
    """Whether the host gives all memory before a guest uses it. Raises InputError."""
    backing = domain.root.merged("memoryBacking")
    mode = backing.value("allocation", "mode") if backing is not None else None
    return mode == "immediate" or _has_huge_pages(backing)


def _kind(domain: Domain, access: str | None) -> str:
    backing = domain.root.merged("memoryBacking")
    source = backing.value("source", "type") if backing is not None else None
    if source == "memfd":
        return "memfd"
    shared = access or (backing.value("access", "mode") if backing is not None else None)
    if source == "file" or shared or _has_huge_pages(backing):
        return "file"
    return "ram"


def _has_huge_pages(backing: Element | None) -> bool:
    huge = backing.child("hugepages") if backing is not None else None
    if huge is None:
        return False
    pages = [attribute_in_bytes(page, "size", "KiB") for page in huge.all("page")]
    return not pages or any(size != _ORDINARY_PAGE for size in pages)
