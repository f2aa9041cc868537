"""A libvirt domain as the QEMU command line that libvirt starts it with.

Only what `pciabi.qemu.inert` keeps, or tells from something else, need be written; in libvirt's
order, which decides in what order QEMU makes devices that no address is written for.
Source: libvirt, src/qemu/qemu_command.c, qemuBuildCommandLine. Held against the true command lines
of libvirt 7.0, 9.0 and 11.3 in tests/real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pciabi.errors import InputError, SourcePosition
from pciabi.vm.command_line.option import Option, QemuCommandLine
from pciabi.vm.domain import (
    balloons,
    clock,
    controllers,
    crash_stores,
    cryptography,
    disks,
    filesystems,
    firmware,
    hostdevs,
    identity,
    inputs,
    interfaces,
    iommus,
    iothreads,
    kind,
    machine,
    memory,
    memory_devices,
    numa,
    own_options,
    panics,
    pci_controllers,
    power,
    processor,
    random_numbers,
    security,
    serial_ports,
    shared_memories,
    sockets,
    sounds,
    topology,
    tpms,
    usb_devices,
    videos,
    watchdogs,
)
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Dialect
from pciabi.vm.domain.vocabulary import unknown
from pciabi.vm.domain.words import flag
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element


@dataclass(frozen=True)
class Writer:
    """Who writes the options of some elements. `devices` are those below `<devices>`, `others`
    those right below `<domain>`; what nobody writes is refused."""

    options: Callable[[Domain], Iterable[Option]]
    devices: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()


def _nothing_of_its_own(domain: Domain) -> Iterator[Option]:
    """What keeps QEMU from adding anything."""
    for name in ("no-user-config", "nodefaults"):
        yield flag(name, domain.root.start)


def _users_own(domain: Domain) -> Iterator[Option]:
    """The options of `<qemu:commandline>`. Raises InputError."""
    own_options.must_be_known(domain.root)
    yield from own_options.options(domain.root)


_IN_ORDER: Final = (
    Writer(machine.options, others=frozenset({"os", "features"})),
    Writer(processor.options, others=frozenset({"cpu"})),
    Writer(firmware.loaders),
    Writer(memory.options, others=frozenset({"memory", "maxMemory", "memoryBacking"})),
    Writer(topology.options, others=frozenset({"vcpu", "vcpus"})),
    Writer(iothreads.options, others=frozenset({"iothreads", "iothreadids"})),
    Writer(numa.options),
    Writer(memory_devices.before_the_controllers),
    Writer(identity.uuids, others=frozenset({"uuid"})),
    Writer(identity.tables, others=frozenset({"sysinfo"})),
    Writer(identity.generations, others=frozenset({"genid"})),
    Writer(_nothing_of_its_own),
    Writer(firmware.serial_consoles),
    Writer(clock.options, others=frozenset({"clock"})),
    Writer(power.options, others=frozenset({"pm"})),
    Writer(firmware.boots),
    Writer(iommus.before_the_controllers, frozenset({"iommu"})),
    Writer(pci_controllers.hole_sizes),
    Writer(controllers.options, frozenset({"controller"})),
    Writer(iommus.behind_the_controllers),
    Writer(memory_devices.behind_the_controllers, frozenset({"memory"})),
    Writer(usb_devices.hubs, frozenset({"hub"})),
    Writer(controllers.behind_hubs),
    Writer(disks.options, frozenset({"disk"})),
    Writer(filesystems.options, frozenset({"filesystem"})),
    Writer(interfaces.options, frozenset({"interface"})),
    Writer(usb_devices.smart_cards, frozenset({"smartcard"})),
    Writer(serial_ports.serials, frozenset({"serial"})),
    Writer(serial_ports.parallels, frozenset({"parallel"})),
    Writer(serial_ports.channels, frozenset({"channel"})),
    Writer(serial_ports.consoles, frozenset({"console"})),
    Writer(tpms.options, frozenset({"tpm"})),
    Writer(inputs.options, frozenset({"input"})),
    Writer(videos.options, frozenset({"video"})),
    Writer(sounds.options, frozenset({"sound"})),
    Writer(watchdogs.options, frozenset({"watchdog"})),
    Writer(usb_devices.redirections, frozenset({"redirdev"})),
    Writer(hostdevs.options, frozenset({"hostdev"})),
    Writer(balloons.options, frozenset({"memballoon"})),
    Writer(random_numbers.options, frozenset({"rng"})),
    Writer(panics.core_information),
    Writer(security.options, others=frozenset({"launchSecurity"})),
    Writer(_users_own, others=frozenset({"commandline", "override", "capabilities"})),
    Writer(panics.options, frozenset({"panic"})),
    Writer(shared_memories.options, frozenset({"shmem"})),
    Writer(sockets.options, frozenset({"vsock"})),
    Writer(cryptography.options, frozenset({"crypto"})),
    Writer(crash_stores.options, frozenset({"pstore"})),
)
_HARMLESS_DEVICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "emulator": "which QEMU starts it is the user's choice here",
        "audio": "the host's side of a sound device",
        "graphics": "the host's side of a display",
        "redirfilter": "which devices of the host's may be redirected",
        "lease": "a lock that libvirt holds",
    }
)
_SCHEDULING = "how the host runs it"
_LIFE = "what becomes of it when it ends"
_HARMLESS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": "what people call it",
        **dict.fromkeys(("title", "description", "metadata"), "libvirt hands it to nobody"),
        "devices": "each of its children has its own writer",
        "currentMemory": "what the balloon is told once it runs",
        **dict.fromkeys(
            ("cputune", "numatune", "memtune", "blkiotune", "resource", "defaultiothread"),
            _SCHEDULING,
        ),
        "throttlegroups": "how fast the host serves disks",
        **dict.fromkeys(("on_poweroff", "on_reboot", "on_crash", "on_lockfailure"), _LIFE),
        "idmap": "of containers",
        "seclabel": "by which rules the host confines it",
        "perf": "what the host measures",
        "deprecation": "what QEMU says of options that it would rather not have",
    }
)


def ids(root: Element, dialect: Dialect) -> Mapping[SourcePosition, str]:
    """The id of each device of a domain, by where its element stands."""
    domain = Domain(root, kind.family(root), dialect)
    return {device.start: id_ for device in domain.devices if (id_ := domain.id_of(device))}


def command_line(root: Element, dialect: Dialect) -> QemuCommandLine:
    """The command line of a `<domain>` of x86 whose PCI addresses are written.

    Raises InputError for what is not known, at its line; and where an address is missing.
    """
    family = kind.family(root)
    if family not in (Family.I440FX, Family.Q35):
        raise InputError("no domain of a PC", place=root.start)
    domain = Domain(root, family, dialect)
    _must_be_written(domain)
    written = (option for writer in _IN_ORDER for option in writer.options(domain))
    return QemuCommandLine(None, tuple(written), root.start.file)


def _must_be_written(domain: Domain) -> None:
    """Raise InputError at the first element that no writer knows."""
    devices = frozenset().union(*(writer.devices for writer in _IN_ORDER))
    others = frozenset().union(*(writer.others for writer in _IN_ORDER))
    for element in domain.devices:
        if element.name not in devices and element.name not in _HARMLESS_DEVICES:
            raise unknown(element)
    for element in domain.root.children:
        if element.name not in others and element.name not in _HARMLESS:
            raise unknown(element)
