"""A QEMU command line as one side of a comparison: its machine is started paused, and read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pciabi.cancellation import Cancellation
from pciabi.errors import InputError, PciabiError, SourcePosition
from pciabi.probe import configuration
from pciabi.probe.cold import ColdReading
from pciabi.probe.cold_task import SECONDS, HardwareTask
from pciabi.probe.host import Host
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert.hardware import InertHardware, inert
from pciabi.result.side import Side
from pciabi.source.request import Probe, Request
from pciabi.source.side import as_typed, naming_its_side, told_of_its_side
from pciabi.vm import reading
from pciabi.vm.command_line.option import QemuCommandLine
from pciabi.vm.drift.made_domain import MadeDomain


@dataclass(frozen=True)
class CommandLineVm:
    """The machine a QEMU command line starts, without anything of the host; `libvirt` is the
    version of the libvirt whose words it is in, empty for a user's own; `domain` is what a libvirt
    made of a domain, where one was asked."""

    path: Path
    request: Request
    qemu: Binary
    made: InertHardware
    libvirt: str = ""
    domain: MadeDomain | None = None

    @property
    def task(self) -> HardwareTask:
        """See Startable."""
        hardware = configuration.hardware_of(self.made, self.request.families)
        return HardwareTask(hardware, self.request.qemu, self.request.seconds or SECONDS)

    def side(self, reading: ColdReading) -> Side:
        """See Startable."""
        read = configuration.traced(reading, self.made)
        snapshot = as_typed(read.snapshot, self.qemu, self.made.arguments, self.libvirt)
        places = {**dict(self.made.devices), **read.places}
        start = SourcePosition(str(self.path), 1)
        return Side(self.path.name, snapshot, start, places, read.names, self.domain)

    def blame(self, error: PciabiError) -> PciabiError:
        """See Startable."""
        explained = configuration.explained(error, self.made, self.qemu)
        return told_of_its_side(explained, self.request, self.path)


def prepare(path: Path, raw: bytes, request: Request, host: Host) -> CommandLineVm:
    """The VM of a file whose content is `raw`, on the QEMU that is asked for.

    Raises InputError for a file or an option that is wrong, CannotTest where QEMU is missing.
    """
    must_not_boot(path, request)
    return prepare_line(reading.read(path, raw=raw), path, request, host)


def must_not_boot(path: Path, request: Request) -> None:
    """Raise InputError for a request to boot."""
    if request.probe is Probe.BOOT:
        raise InputError(
            "only a scenario's VM can be booted: a command line brings its own disks",
            advice="leave out --boot",
            place=SourcePosition(str(path), 1),
        )


def prepare_line(line: QemuCommandLine, path: Path, request: Request, host: Host) -> CommandLineVm:
    """The VM of a command line. Raises as `prepare`."""
    with naming_its_side(request, path):
        found = host.qemu(request.qemu)
    made = made_inert(line, request, found)
    with naming_its_side(request, path):
        configuration.must_take_the_processors(made, found)
    return CommandLineVm(path, request, found, made)


def made_inert(line: QemuCommandLine, request: Request, qemu: Binary) -> InertHardware:
    """The command line made safe, with the machine type of a request. Raises as `inert`."""
    asked = line if request.machine is None else line.on_machine(request.machine)
    return inert(asked, qemu.banner)


def read(path: Path, raw: bytes, request: Request, cancellation: Cancellation) -> Side:
    """The machine a QEMU command line starts, read here and now; `raw` is the file's content.
    Raises as `take`."""
    host = Host(cancellation)
    vm = prepare(path, raw, request, host)
    try:
        found = host.read(vm.task)
    except PciabiError as error:
        raise vm.blame(error) from None
    return vm.side(found)
