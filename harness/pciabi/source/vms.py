"""The VMs a file holds, each to be started on a QEMU and a machine type of the user's choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pciabi.errors import InputError, SourcePosition
from pciabi.probe.host import Host
from pciabi.result.entry import Subject
from pciabi.source.content import Content, NoConfiguration, NoVm, content_of
from pciabi.source.naming import Named
from pciabi.source.request import Probe, Request
from pciabi.source.startable import Startable
from pciabi.vm import reading
from pciabi.vm.command_line.option import Option, QemuCommandLine

if TYPE_CHECKING:
    from pciabi.scenario.case import Case


class Vm(Protocol):
    """A VM as it is written down; `subject` is what its results are about."""

    @property
    def subject(self) -> Subject:
        """Its file, and which one it is there."""

    def options(self, request: Request, host: Host) -> tuple[Option, ...]:
        """The options that it is started with on the side of a request; none of a VM that pciabi
        makes the options for. Raises as `on`."""

    def on(self, request: Request, host: Host) -> Startable[Any]:
        """It on the QEMU and machine type of a request.

        Raises InputError where the request cannot apply to it, CannotTest where QEMU is missing.
        """

    def named(self, request: Request, host: Host) -> tuple[Named, ...]:
        """What it names of a QEMU's own, with the machine type of a request, in the words of that
        request's QEMU. Raises InputError where what it says cannot be made safe to start."""


@dataclass(frozen=True)
class CommandLine:
    """The VM of a QEMU command line."""

    subject: Subject
    line: QemuCommandLine

    def options(self, request: Request, host: Host) -> tuple[Option, ...]:  # noqa: ARG002
        """See Vm."""
        return self.line.options

    def on(self, request: Request, host: Host) -> Startable[Any]:
        """See Vm."""
        from pciabi.source import command_line

        command_line.must_not_boot(self.subject.file, request)
        return command_line.prepare_line(self.line, self.subject.file, request, host)

    def named(self, request: Request, host: Host) -> tuple[Named, ...]:
        """See Vm."""
        from pciabi.source import command_line, naming

        qemu = host.qemu(request.qemu)
        return naming.in_hardware(command_line.made_inert(self.line, request, qemu))


@dataclass(frozen=True)
class ScenarioCase:
    """The VM that a scenario's case boots first."""

    subject: Subject
    case: Case

    def options(self, request: Request, host: Host) -> tuple[Option, ...]:  # noqa: ARG002
        """See Vm."""
        return ()

    def on(self, request: Request, host: Host) -> Startable[Any]:
        """See Vm."""
        from pciabi.source import scenario_vm

        if request.probe is Probe.BOOT:
            return scenario_vm.prepare_boot(self.case, request, scenario_vm.booting(host))
        return scenario_vm.prepare(self.case, request, host)

    def named(self, request: Request, host: Host) -> tuple[Named, ...]:
        """See Vm."""
        from pciabi.source import naming, scenario_vm

        config = scenario_vm.first_boot(self.case, request).boots[0].config
        return naming.in_config(config, host.qemu(request.qemu).banner, self.case.file)


def vms_in(path: Path, raw: bytes, select: Mapping[str, frozenset[str]]) -> tuple[Vm, ...]:
    """The VMs in a file whose content is `raw`: one of a command line, of a scenario those that
    its cases boot first; `select` picks cases by their axes.

    Raises NotStarted, NoVm, NoCommandLine, or another InputError.
    """
    if not raw.strip():
        raise NoVm(path, "the file is empty")
    try:
        content = content_of(path, raw)
    except NoConfiguration as error:
        raise NoVm(path) from error
    if content.is_recorded:
        raise InputError(
            f"this is a {content}: there is no VM in it to be started",
            advice="`pciabi diff` compares it",
            place=SourcePosition(str(path), 1),
        )
    if content is Content.COMMAND_LINE:
        subject = Subject(str(path), "", path)
        return (CommandLine(subject, reading.read(path, raw=raw)),)
    if content is Content.DOMAIN:
        from pciabi.source import domain

        return domain.domains_in(path, raw)
    # What reads scenarios takes as long to import as QEMU to start.
    from pciabi.scenario import load
    from pciabi.scenario.selection import select as selected

    return tuple(
        ScenarioCase(Subject(str(path), case.name, path, case.summary, case.axes), case)
        for case in selected(load.cases(path, raw), select)
    )
