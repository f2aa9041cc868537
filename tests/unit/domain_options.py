"""The options that one writer of `vm/domain/` makes of a domain's devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pciabi.vm import xml_tree
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import kind
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Dialect

OLD = Dialect((7, 0, 0), (5, 2, 0))
HERE = Dialect((9, 0, 0), (7, 2, 0))
NEW = Dialect((11, 3, 0), (10, 0, 0))
NEWEST = Dialect((12, 8, 0), (11, 1, 0))

PC, Q35 = "pc-i440fx-5.2", "pc-q35-5.2"
_ROOTS = {PC: "pci-root", Q35: "pcie-root"}
# Where the devices begin, for tests that ask for a place.
FIRST_LINE = 5

Writer = Callable[[Domain], Iterable[Option]]


def pci(slot: int, bus: int = 0) -> str:
    """The address of a device on a bus."""
    return f"<address type='pci' domain='0' bus='{bus}' slot='{slot:#x}' function='0x0'/>"


def domain(
    devices: str, dialect: Dialect = NEW, *, machine: str = PC, os: str = "", type_: str = "kvm"
) -> Domain:
    """A domain of these devices and a root bus."""
    text = f"""<domain type='{type_}'><name>a</name>
<os><type arch='x86_64' machine='{machine}'>hvm</type>{os}</os>
<devices>
<controller type='pci' index='0' model='{_ROOTS[machine]}'/>
{devices}
</devices></domain>"""
    (root,) = xml_tree.read("a.xml", text).children
    return Domain(root, kind.family(root), dialect)


def options(writer: Writer, of: Domain) -> list[str]:
    """The words of each option."""
    return [
        f"-{one.name} {one.value.text if one.value is not None else ''}".rstrip()
        for one in writer(of)
    ]
