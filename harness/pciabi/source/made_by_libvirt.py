"""A domain as a libvirt at hand makes it: defined, completed, and written. What we write is held
against what it writes itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from pciabi.abi.snapshot import Substitution
from pciabi.errors import CannotTest, InputError, SourcePosition
from pciabi.libvirt import complaint, session
from pciabi.libvirt.inert.definable import InertDomain, definable
from pciabi.libvirt.inert.host_devices import PATH
from pciabi.libvirt.inert.record import Replacement
from pciabi.libvirt.inert.startable import startable
from pciabi.libvirt.session import Refused, Session
from pciabi.qemu.inert.hardware import InertHardware, inert
from pciabi.source import true_line
from pciabi.source.domain_dialect import spoken
from pciabi.vm import xml_tree
from pciabi.vm.command_line.option import QemuCommandLine
from pciabi.vm.domain import line, marks, own_options
from pciabi.vm.domain.completed import completed
from pciabi.vm.drift.made_domain import MadeDomain
from pciabi.vm.drift.placed import placed
from pciabi.vm.xml_tree import Element

T = TypeVar("T")


@dataclass(frozen=True)
class Told:
    """What a libvirt tells of a user's domain: `whole` is that with all that the libvirt filled in,
    `domain` what the libvirt stores and writes itself, without anything of the host.
    `replacements` are what it was not told."""

    whole: Element
    domain: MadeDomain
    replacements: tuple[Replacement, ...]


@dataclass(frozen=True)
class Made:
    """What a libvirt made of a domain: `line` is what it is started with, in our words and with
    all that is of the host; `domain` as in `Told`; `unknown` is what the libvirt would look at the
    host for, by the devices' ids."""

    line: QemuCommandLine
    domain: MadeDomain
    unknown: tuple[Substitution, ...]


def made(root: Element, asked: Session) -> Made:
    """What a libvirt makes of a user's domain.

    Raises InputError for what is not known to our translation, CannotTest where libvirt writes a
    device otherwise than we do, and as `told`.
    """
    libvirt = asked.libvirt
    found = told(root, asked)
    dialect = spoken(root, libvirt.version, libvirt.qemu)
    # libvirt was told of none of the user's own arguments, and would not look at them.
    _must_agree(
        line.command_line(own_options.without_arguments(found.whole), dialect),
        found.domain.line,
        asked,
    )
    ours = line.command_line(_without_made_up_macs(found.whole, root), dialect)
    return Made(ours, found.domain, tuple(_left_open(found, line.ids(found.whole, dialect))))


def _without_made_up_macs(whole: Element, root: Element) -> Element:
    """The domain without the MACs that its user has not written: QEMU makes some up in their place,
    and like those they say nothing of who a NIC is."""
    unwritten = {
        nic.start
        for devices in root.all("devices")
        for nic in devices.all("interface")
        if nic.value("mac", "address") is None
    }

    def without(element: Element) -> Element:
        inside = element.children
        if element.name == "interface" and element.start in unwritten:
            inside = [child for child in inside if child.name != "mac"]
        return replace(element, children=[without(child) for child in inside])

    return without(whole)


def _left_open(found: Told, ids: Mapping[SourcePosition, str]) -> Iterator[Substitution]:
    """What a libvirt was not told and would have looked at the host for."""
    for one in found.replacements:
        qdev_id = ids.get(one.place)
        if PATH in one.unknown and qdev_id is not None:
            yield replace(one.substitution(qdev_id), unknown=(PATH,))


def told(root: Element, asked: Session) -> Told:
    """What a libvirt tells of a user's domain.

    Raises InputError for what cannot be made safe, Refused with libvirt's words at the element's
    line, CannotTest where the domain cannot be found again in what libvirt stores, LibvirtError.
    """
    to_define = definable(root, session.EMULATOR)
    defined = _domain(_answer(asked.define, to_define))
    whole = completed(root, defined)
    stored = placed(defined, root)
    words = _answer(asked.command_line, startable(stored, session.EMULATOR))
    nothing = QemuCommandLine(None, (), root.start.file)
    domain = MadeDomain(asked.libvirt.name, marks.unmarked(stored), nothing, xml_tree.written(root))
    written = replace(domain, line=true_line.with_places(words, domain))
    return Told(whole, written, to_define.replacements)


def _answer(ask: Callable[[str, str], T], domain: InertDomain) -> T:
    """What a libvirt answers; where it refuses, at the line of the user's own element."""
    try:
        return ask(domain.text, domain.root.start.file)
    except Refused as refused:
        refused.place = complaint.place(refused.words, domain.root)
        raise


def _domain(defined: str) -> Element:
    return next(xml_tree.read("what libvirt stores", defined).below("domain"))


def _must_agree(ours: QemuCommandLine, theirs: QemuCommandLine, asked: Session) -> None:
    libvirt = asked.libvirt
    banner = libvirt.qemu.banner
    difference = true_line.difference(inert(ours, banner), _made_safe(theirs, banner))
    if difference:
        raise CannotTest(
            f"pciabi does not write this domain as libvirt {libvirt.version_text} does: "
            f"{difference}",
            advice="report this domain; its /proc/PID/cmdline can be compared meanwhile",
            place=ours.start,
        )


def _made_safe(line: QemuCommandLine, banner: str) -> InertHardware:
    try:
        return inert(line, banner)
    except InputError as error:
        raise CannotTest(
            f"the command line that libvirt writes cannot be made safe: {error.message}",
            place=error.place,
        ) from None
