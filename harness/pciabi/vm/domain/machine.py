"""The machine itself: type, memory, processors."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import kind
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.words import Form, bare, option, stated

_DEFAULT = "pc"
_KIB = {"KiB": 1, "k": 1, "MiB": 1 << 10, "M": 1 << 10, "GiB": 1 << 20, "G": 1 << 20}


def options(domain: Domain) -> Iterator[Option]:
    """`-machine`, `-m` and `-smp`. Raises InputError."""
    root = domain.root
    type_ = kind.os_type(root) or root
    name = type_.attributes.get("machine", _DEFAULT)
    properties = stated(type_, ("type", name), ("usb", False))
    yield option("machine", properties, Form.KEY_VALUE, "type")
    memory = root.child("memory")
    if memory is None:
        raise InputError("<memory> is missing", place=root.start)
    unit = _KIB.get(memory.attributes.get("unit", "KiB"))
    if unit is None or not memory.text.strip().isdigit():
        raise InputError("<memory> is no size", place=memory.start)
    yield bare("m", f"{int(memory.text) * unit >> 10}M", memory.start)
    vcpu = root.child("vcpu")
    yield bare("smp", vcpu.text.strip() if vcpu is not None else "1", (vcpu or root).start)
