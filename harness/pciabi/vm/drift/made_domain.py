"""What a libvirt made of a domain. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pciabi.vm.command_line.option import QemuCommandLine
from pciabi.vm.domain import aliases, kind
from pciabi.vm.xml_tree import Element


@dataclass(frozen=True)
class MadeDomain:
    """The `<domain>` as a libvirt stores it (`virsh dumpxml --inactive`), with its places in the
    user's file, and what that libvirt starts it with. `libvirt` is what the user calls it, `given`
    the domain that it was given, as XML."""

    libvirt: str
    root: Element = field(compare=False)
    line: QemuCommandLine = field(compare=False)
    given: str = ""

    @cached_property
    def devices(self) -> tuple[Element, ...]:
        """The children of `<devices>`, in order."""
        merged = self.root.merged("devices")
        return tuple(merged.children) if merged is not None else ()

    def id_of(self, device: Element) -> str | None:
        """The qdev id of a device, None where it has none."""
        return self._ids.get(id(device))

    @cached_property
    def _ids(self) -> Mapping[int, str]:
        return aliases.assigned(self.devices, kind.family(self.root))
