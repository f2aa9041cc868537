"""Nothing of a domain is read over: whatever is taken away from what a libvirt has defined, the
domain is either translated as that libvirt then starts it, or asked about, or refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pciabi.errors import InputError, Refusal
from pciabi.libvirt import session
from pciabi.libvirt.session import Session
from pciabi.qemu.inert.hardware import InertHardware, inert
from pciabi.source import true_line
from pciabi.vm import reading, xml_tree
from pciabi.vm.command_line.device_options import device_options
from pciabi.vm.domain import kind, line
from pciabi.vm.domain.completeness import open_addresses
from pciabi.vm.domain.dialect import Dialect
from pciabi.vm.xml_tree import Element
from tests.real.libvirt_sessions import QEMU_OF, libvirt
from tests.real.varied_domains import VariedDomain, varied_domains

VERSION = "11.3"
# Of other than PCI devices nothing is compared here, nor of companions that belong to nobody: those
# have one id, which no QEMU takes.
_ELSEWHERE = ("redirfilter", "master")


@pytest.fixture(scope="module")
def asked() -> Iterator[Session]:
    with session.opened(libvirt(VERSION)) as opened:
        yield opened


@pytest.mark.full
@pytest.mark.parametrize(
    "domain",
    [
        pytest.param(one, id=one.name)
        for one in varied_domains()
        if one.is_for(VERSION, QEMU_OF[VERSION])
    ],
)
def test_whatever_is_taken_away_is_noticed(
    domain: VariedDomain, asked: Session, tmp_path: Path
) -> None:
    qemu = asked.libvirt.qemu
    dialect = Dialect(asked.libvirt.version, qemu.version)
    (whole,) = xml_tree.read("defined.xml", asked.define(domain.text)).children
    differences = {}
    for what, text in mutants(whole):
        (root,) = xml_tree.read("mutant.xml", text).children
        try:
            if open_addresses(root, kind.family(root)):
                continue
            ours = inert(line.command_line(root, dialect), qemu.banner)
            true = read(asked.command_line(text), tmp_path / "true.cmdline", qemu.banner)
        except (InputError, Refusal):
            # By us, who name what it is, or by libvirt.
            continue
        difference = true_line.difference(ours, true)
        if difference and on_pci(difference, ours, true):
            differences[what] = difference
    assert differences == {}


def mutants(whole: Element) -> Iterator[tuple[str, str]]:
    """Each domain with one element or attribute less, or one index higher, and what that is."""
    for what, root in less(whole, ""):
        if not any(word in what for word in _ELSEWHERE):
            yield what, xml_tree.written(root)


def less(element: Element, path: str) -> Iterator[tuple[str, Element]]:
    for at, child in enumerate(element.children):
        before, after = element.children[:at], element.children[at + 1 :]
        here = f"{path}/{child.name}[{at}]"
        yield here, replace(element, children=[*before, *after])
        for name in child.attributes:
            rest = {key: value for key, value in child.attributes.items() if key != name}
            other = replace(child, attributes=rest)
            yield f"{here}@{name}", replace(element, children=[*before, other, *after])
        if (index := child.attributes.get("index", "")).isdigit():
            other = replace(child, attributes={**child.attributes, "index": str(int(index) + 1)})
            yield f"{here}@index+1", replace(element, children=[*before, other, *after])
        for what, other in less(child, here):
            yield what, replace(element, children=[*before, other, *after])


def read(words: tuple[str, ...], path: Path, banner: str) -> InertHardware:
    path.write_bytes(b"".join(f"{word}\0".encode() for word in ("qemu-system-x86_64", *words)))
    return inert(reading.read(path, raw=path.read_bytes()), banner)


def on_pci(difference: str, *lines: InertHardware) -> bool:
    """Whether a difference is one of a device that has a PCI address."""
    name = difference.partition(":")[0]
    options = [one for hardware in lines for one in device_options(hardware.arguments)]
    return any(one.id == name and one.addr is not None for one in options)
