"""A libvirt domain as one side of a comparison: written as the command line that libvirt starts it
with, and read as any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pciabi.abi.snapshot import Substitution
from pciabi.cancellation import Cancellation
from pciabi.errors import InputError, PciabiError, SourcePosition
from pciabi.libvirt import installed
from pciabi.probe.host import Host, names_a_libvirt
from pciabi.qemu.binary import PROGRAM
from pciabi.result.entry import Subject
from pciabi.result.side import Side
from pciabi.source import command_line, domain_dialect, naming
from pciabi.source.naming import Named
from pciabi.source.request import Request
from pciabi.source.side import naming_its_side
from pciabi.source.startable import Startable
from pciabi.vm import config_text, xml_tree
from pciabi.vm.command_line.option import Option, QemuCommandLine
from pciabi.vm.domain import dialect, kind, line
from pciabi.vm.domain.completeness import Gap, open_addresses
from pciabi.vm.domain.dialect import Version
from pciabi.vm.drift.made_domain import MadeDomain
from pciabi.vm.xml_tree import Element

_SHOWN = 3


@dataclass(frozen=True)
class DomainVm:
    """The VM of a `<domain>`."""

    subject: Subject
    root: Element = field(compare=False)
    _known: dict[_Asked, _Written] = field(default_factory=dict, compare=False, repr=False)

    def options(self, request: Request, host: Host) -> tuple[Option, ...]:
        """See Vm."""
        return self._written(request, host).line.options

    def on(self, request: Request, host: Host) -> Startable[Any]:
        """See Vm."""
        command_line.must_not_boot(self.subject.file, request)
        written = self._written(request, host)
        vm = command_line.prepare_line(written.line, self.subject.file, request, host)
        hardware = vm.made.with_open(written.unknown)
        version = dialect.shown(written.libvirt)
        return replace(vm, made=hardware, libvirt=version, domain=written.domain)

    def _written(self, request: Request, host: Host) -> _Written:
        """It as a libvirt writes it for a request, which is found out once. Raises as `on`, and as
        `made_by_libvirt.made`."""
        asked = request.qemu, request.machine, request.libvirt
        if asked not in self._known:
            self._known[asked] = self._write(request, host)
        return self._known[asked]

    def _write(self, request: Request, host: Host) -> _Written:
        """It as a libvirt writes it: the one that is asked for or completes it, or else none that
        runs."""
        with naming_its_side(request, self.subject.file):
            libvirt = self._libvirt(request, host)
            if libvirt is None:
                qemu = host.qemu(request.qemu)
                version = domain_dialect.libvirt_for(qemu, request.libvirt)
                spoken = domain_dialect.spoken(self.root, version, qemu)
                return _Written(line.command_line(self.root, spoken), version)
            # Not above: what asks a libvirt takes longer to import than a domain to be read.
            from pciabi.source import made_by_libvirt

            session = host.session(libvirt)
            made = made_by_libvirt.made(self._on_machine(request.machine), session)
            return _Written(made.line, session.libvirt.version, made.domain, made.unknown)

    def _libvirt(self, request: Request, host: Host) -> str | None:
        """The SPEC of the libvirt that has to be asked: the one on the request's side, or one that
        completes the domain; None for a domain that says all itself."""
        if names_a_libvirt(request.qemu):
            if request.libvirt is not None:
                wanted = dialect.shown(request.libvirt)
                raise InputError(f"{request.qemu} and libvirt {wanted} are both asked for")
            return request.qemu
        gaps = open_addresses(self.root, kind.family(self.root))
        if not gaps:
            return None
        qemu = host.qemu(request.qemu)
        on = f"@{request.qemu or PROGRAM}"
        if request.libvirt is not None:
            return f"libvirt:{dialect.shown(request.libvirt)}{on}"
        here = installed.version()
        if here is not None and dialect.takes(here, qemu.version):
            return f"libvirt:host{on}"
        raise InputError(
            f"it is left to libvirt: {_words_of(gaps)}",
            advice="give what `virsh dumpxml` shows once the domain is defined, or name a libvirt "
            "that is to complete it: --libvirt 9.0, once `pciabi libvirt get 9.0` has fetched it",
            place=gaps[0].element.start,
        )

    def _on_machine(self, name: str | None) -> Element:
        """The domain with another machine type, where one is asked for."""
        type_ = kind.os_type(self.root)
        if name is None or type_ is None:
            return self.root
        other = replace(type_, attributes={**type_.attributes, "machine": name})
        return self.root.with_instead(type_, other)

    def named(self, request: Request, host: Host) -> tuple[Named, ...]:
        """See Vm."""
        written = self._written(request, host)
        qemu = host.qemu(request.qemu)
        return naming.in_hardware(command_line.made_inert(written.line, request, qemu))


@dataclass(frozen=True)
class _Written:
    """A domain's command line, the version of the libvirt in whose words it is, and what that
    made of the domain where it was asked; `unknown` is what it could not tell without the host."""

    line: QemuCommandLine
    libvirt: Version
    domain: MadeDomain | None = None
    unknown: tuple[Substitution, ...] = ()


_Asked = tuple[str | None, str | None, Version | None]


def _words_of(gaps: Sequence[Gap]) -> str:
    """What is missing of a domain, the first few by name."""
    words = [f"{gap.missing} of <{gap.element.name}>" for gap in gaps[:_SHOWN]]
    more = f" and {len(gaps) - _SHOWN} more" if len(gaps) > _SHOWN else ""
    return ", ".join(words) + more


def domains_in(path: Path, raw: bytes) -> tuple[DomainVm, ...]:
    """The domains of QEMU's in an XML file, none left out. Raises InputError."""
    text = config_text.decoded(raw, str(path)).text
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
