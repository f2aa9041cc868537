"""A domain as a libvirt at hand makes it: defined, completed, and written. What we write is held
against what it writes itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from pciabi.errors import CannotTest, InputError
from pciabi.libvirt import complaint, session
from pciabi.libvirt.inert.definable import InertDomain, definable
from pciabi.libvirt.inert.record import Replacement
from pciabi.libvirt.inert.startable import startable
from pciabi.libvirt.session import Refused, Session
from pciabi.qemu.inert.hardware import InertHardware, inert
from pciabi.source import true_line
from pciabi.vm import xml_tree
from pciabi.vm.command_line.option import QemuCommandLine
from pciabi.vm.domain import line, marks
from pciabi.vm.domain.completed import completed
from pciabi.vm.domain.dialect import Dialect
from pciabi.vm.drift.made_domain import MadeDomain
from pciabi.vm.drift.placed import placed
from pciabi.vm.xml_tree import Element

T = TypeVar("T")


@dataclass(frozen=True)
class Made:
    """What a libvirt made of a domain: `line` is what it is started with, in our words and with
    all that is of the host, `domain` what the libvirt stores and writes itself, without that.
    `replacements` are what it was not told."""

    line: QemuCommandLine
    domain: MadeDomain
    replacements: tuple[Replacement, ...]


def made(root: Element, asked: Session) -> Made:
    """What a libvirt makes of a user's domain.

    Raises InputError for what cannot be made safe or is not known to our translation, Refused with
    libvirt's words at the element's line, CannotTest where libvirt writes a device otherwise than
    we do, LibvirtError.
    """
    libvirt = asked.libvirt
    to_define = definable(root, session.EMULATOR)
    defined = _domain(_answer(asked.define, to_define))
    ours = line.command_line(
        completed(root, defined), Dialect(libvirt.version, libvirt.qemu.version)
    )
    stored = placed(defined, root)
    words = _answer(asked.command_line, startable(stored, session.EMULATOR))
    domain = MadeDomain(libvirt.name, marks.unmarked(stored), ours)
    theirs = true_line.with_places(words, domain)
    _must_agree(ours, theirs, asked)
    return Made(ours, replace(domain, line=theirs), to_define.replacements)


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
