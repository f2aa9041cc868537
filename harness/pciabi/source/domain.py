"""A libvirt domain as one side of a comparison: written as the command line that libvirt starts it
with, and read as any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pciabi.cancellation import Cancellation
from pciabi.errors import InputError, PciabiError, SourcePosition
from pciabi.libvirt import installed
from pciabi.probe.host import Host, names_a_libvirt
from pciabi.qemu.binary import Binary
from pciabi.result.entry import Subject
from pciabi.result.side import Side
from pciabi.source import command_line, naming
from pciabi.source.naming import Named
from pciabi.source.request import Request
from pciabi.source.side import naming_its_side
from pciabi.source.startable import Startable
from pciabi.vm import xml_tree
from pciabi.vm.command_line.argument import plain
from pciabi.vm.command_line.option import Option
from pciabi.vm.command_line.source import decoded
from pciabi.vm.domain import dialect, kind, line
from pciabi.vm.domain.dialect import Dialect, Version
from pciabi.vm.xml_tree import Element


@dataclass(frozen=True)
class DomainVm:
    """The VM of a `<domain>`."""

    subject: Subject
    root: Element = field(compare=False)

    @property
    def options(self) -> tuple[Option, ...]:
        """See Vm. Of the options, that libvirt writes for the QEMU at hand, the machine type alone
        is the user's own."""
        type_ = kind.os_type(self.root)
        machine = type_.attributes.get("machine") if type_ is not None else None
        if type_ is None or machine is None:
            return ()
        word, value = (
            plain(text, type_.start.file, type_.start.line, type_.start.column)
            for text in ("-machine", machine)
        )
        return (Option("machine", word, value),)

    def on(self, request: Request, host: Host) -> Startable[Any]:
        """See Vm."""
        command_line.must_not_boot(self.subject.file, request)
        if names_a_libvirt(request.qemu):
            return self._made_by(request.qemu, request, host)
        qemu = host.qemu(request.qemu)
        with naming_its_side(request, self.subject.file):
            chosen = dialect_for(qemu, request.libvirt)
        written = line.command_line(self.root, chosen)
        made = command_line.prepare_line(written, self.subject.file, request, host)
        return replace(made, libvirt=dialect.shown(chosen.libvirt))

    def _made_by(self, libvirt: str, request: Request, host: Host) -> Startable[Any]:
        """It as a libvirt makes it that is asked. Raises as `on`, and as `made_by_libvirt.made`."""
        # Not above: what asks a libvirt takes longer to import than a domain to be read.
        from pciabi.source import made_by_libvirt

        with naming_its_side(request, self.subject.file):
            session = host.session(libvirt)
            made = made_by_libvirt.made(self._on_machine(request.machine), session)
        vm = command_line.prepare_line(made.line, self.subject.file, request, host)
        return replace(vm, libvirt=session.libvirt.version_text, domain=made.domain)

    def _on_machine(self, name: str | None) -> Element:
        """The domain with another machine type, where one is asked for."""
        type_ = kind.os_type(self.root)
        if name is None or type_ is None:
            return self.root
        other = replace(type_, attributes={**type_.attributes, "machine": name})
        return self.root.with_instead(type_, other)

    def named(self, request: Request, qemu: Binary) -> tuple[Named, ...]:
        """See Vm."""
        written = line.command_line(self.root, dialect_for(qemu, request.libvirt))
        return naming.in_hardware(command_line.made_inert(written, request, qemu))


def dialect_for(qemu: Binary, wanted: Version | None) -> Dialect:
    """How a domain is written for a QEMU: by the libvirt of the wanted version, else by the one
    installed here, or the newest that takes that QEMU.

    Raises InputError where the wanted one does not take it.
    """
    if wanted is not None:
        if not dialect.takes(wanted, qemu.version):
            newest = dialect.shown(dialect.newest_for(qemu.version))
            raise InputError(
                f"libvirt {dialect.shown(wanted)} does not take QEMU {qemu.version_text}",
                advice=f"the newest that takes it is {newest}",
            )
        return Dialect(wanted, qemu.version)
    here = installed.version()
    if here is not None and dialect.takes(here, qemu.version):
        return Dialect(here, qemu.version)
    return Dialect(dialect.newest_for(qemu.version), qemu.version)


def domains_in(path: Path, raw: bytes) -> tuple[DomainVm, ...]:
    """The domains of QEMU's in an XML file, none left out. Raises InputError."""
    text = decoded(raw, str(path)).text
    roots = tuple(xml_tree.read(str(path), text).below("domain"))
    return tuple(_vms(path, roots))


def _vms(path: Path, roots: tuple[Element, ...]) -> Iterator[DomainVm]:
    for root in roots:
        other = kind.other_hypervisor(root)
        if other is not None:
            raise InputError(f"a domain of {other}, which is no QEMU", place=root.start)
        name = kind.name(root) if len(roots) > 1 else ""
        yield DomainVm(Subject(str(path), name, path), root)


def read(path: Path, raw: bytes, request: Request, cancellation: Cancellation) -> Side:
    """The machine of the one domain in a file, read here and now. Raises as `take`."""
    vms = domains_in(path, raw)
    if len(vms) > 1:
        raise InputError(
            f"holds {len(vms)} domains, and one is wanted",
            advice="keep each in a file of its own, as `virsh dumpxml` prints it",
            place=SourcePosition(str(path), 1),
        )
    with Host(cancellation) as host:
        vm = vms[0].on(request, host)
        try:
            reading = host.read(vm.task)
        except PciabiError as error:
            raise vm.blame(error) from None
        return vm.side(reading)
