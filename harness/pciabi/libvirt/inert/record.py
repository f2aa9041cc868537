"""What was taken out of a domain, or stands in for it, before a libvirt sees it: never silent."""

from __future__ import annotations

from dataclasses import dataclass, field

from pciabi.abi.snapshot import Substitution
from pciabi.errors import SourcePosition
from pciabi.vm.pci_vm import Span
from pciabi.vm.xml_tree import Element

LEFT_OUT = "left out"


@dataclass(frozen=True)
class Replacement:
    """One thing of a domain that libvirt is not told as it is written.

    `device` is what the owner calls the element of `<devices>` that it is about (`disk vda`), or
    the name of another child of `<domain>`. `written` says of which kind it is (`<source
    protocol='rbd'>`), and nothing that names the host, or may be secret; `instead` is what stands
    there now. `unknown` names the facts that nobody can tell any more because of it, in the words
    of `Substitution.unknown`; it is empty where no PCI fact depends on it. `span` is where in the
    user's file the element stands.
    """

    device: str
    written: str
    instead: str
    unknown: tuple[str, ...]
    span: Span

    @property
    def place(self) -> SourcePosition:
        """Where the element begins."""
        return self.span.start

    def substitution(self, qdev_id: str | None) -> Substitution:
        """The same as a snapshot tells it of the device that libvirt calls `qdev_id`."""
        return Substitution(self.written, self.instead, qdev_id, self.unknown)


@dataclass
class Record:
    """Takes down what is replaced in one element of a domain while it is made inert."""

    device: str
    element: Element
    replacements: list[Replacement] = field(default_factory=list)

    def tell(self, written: str, instead: str = LEFT_OUT, *unknown: str) -> None:
        """Take one thing down."""
        made = Replacement(self.device, written, instead, unknown, self.element.span)
        if made not in self.replacements:
            self.replacements.append(made)
