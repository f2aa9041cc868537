"""A user's command line made safe to start: the hardware stays, everything of the host goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pciabi.abi.snapshot import Substitution
from pciabi.errors import InputError, SourcePosition
from pciabi.pci.facts import Facts
from pciabi.qemu.inert import devices, machine, network, processors, stand_ins
from pciabi.qemu.inert.option_rules import OPTION_RULES, REFUSED
from pciabi.qemu.inert.origin import DeviceOrigin, Origin
from pciabi.qemu.inert.stand_ins import Model
from pciabi.qemu.inert.statement import (
    Processors,
    Stated,
    Statement,
    Surroundings,
    unknown,
)
from pciabi.vm.command_line.device_options import device_options
from pciabi.vm.command_line.option import OPEN, Option, QemuCommandLine
from pciabi.vm.command_line.parameters import IMPLIED, Parameters, parameters, parameters_in
from pciabi.vm.command_line.program import is_foreign

SILENCE = "pciabi-silence"

_SIZES = ("size", "maxmem")
# By these people tell one option from another of its name.
_RECOGNISED = (
    *("type", "order", "id", "driver", "qom-type", "backend", "fsdriver", "node-name", "model"),
    *("if", "index", "bus", "unit", "media", "addr", "size", "maxmem", "slots"),
    *("cpus", "maxcpus", "sockets", "dies", "cores", "threads"),
    *(f"smp.{name}" for name in ("cpus", "maxcpus", "sockets", "dies", "cores", "threads")),
)
# `-set` names these options' groups by other words, or by the same.
_SET_GROUPS = ("device", "drive", "chardev", "netdev", "fsdev", "net", "nic")


@dataclass(frozen=True)
class InertHardware:
    """Arguments that state a VM's hardware and name nothing of the host.

    `devices` are the qdev ids of its PCI devices, each with the place of its option;
    `substitutions` are what was replaced, `facts` what a guest tells some of the devices
    by that stand-ins lack, `models` what QEMU must have though it is not told of it.
    `origins` tells where each pair of arguments comes from, for QEMU quotes a pair
    (`-device e1000,addr=0x3`) when it refuses it. `machine` is the machine type as it is given
    to QEMU, None for QEMU's default; `processors` and `memory` (in bytes) are what the
    configuration asks for. `place` is where the command line begins.
    """

    arguments: tuple[str, ...]
    devices: tuple[tuple[str, SourcePosition], ...]
    substitutions: tuple[Substitution, ...]
    facts: Mapping[str, Facts]
    models: tuple[Model, ...]
    origins: tuple[Origin, ...]
    machine: str | None
    processors: Processors
    memory: int
    place: SourcePosition

    def with_open(self, unknown: Sequence[Substitution]) -> InertHardware:
        """The same, of which something more is not known."""
        return replace(self, substitutions=(*self.substitutions, *unknown))

    @property
    def expected(self) -> tuple[str, ...]:
        """The qdev ids that must turn up on PCI."""
        return tuple(name for name, _ in self.devices)


def inert(line: QemuCommandLine, banner: str = "") -> InertHardware:
    """The command line made safe, for the QEMU whose version line is `banner`.

    Raises InputError for whatever is not on the allow-list, not known, or there only under a
    condition.
    """
    if line.program is not None and is_foreign(line.program):
        raise InputError(
            f"{line.program.text} emulates no PC",
            advice="pciabi compares PCs: qemu-system-x86_64",
            place=line.program.position,
        )
    statements = list(_statements(line))
    wanted = processors.wanted(statements)
    around = Surroundings(
        users=_users(statements),
        devices=_devices(statements),
        nics=network.nics(statements),
        networks=network.networks(statements),
        audiodev=SILENCE,
        memory=_most_memory(statements),
        processors=wanted,
        banner=banner,
        globals=_globals(statements),
    )
    found = [(statement, _stated(statement, around)) for statement in statements]
    arguments = [argument for _, stated in found for argument in stated.arguments]
    types = [name for s in statements if s.name == "machine" and (name := s.get("type"))]
    machine_type = machine.type_for(types[-1], banner) if types else None
    return InertHardware(
        arguments=(
            "-no-user-config",
            *("-audiodev", f"none,id={SILENCE}"),
            *processors.queues(wanted, machine_type),
            *arguments,
            *_memory(statements),
        ),
        devices=tuple(
            (name, statement.position) for statement, stated in found for name in stated.expected
        ),
        substitutions=tuple(told for _, stated in found for told in stated.substitutions),
        facts={
            name: stated.facts
            for _, stated in found
            for name in stated.expected
            if stated.facts != Facts()
        },
        models=tuple(
            model for statement, stated in found for model in stand_ins.models(statement, stated)
        ),
        origins=tuple(_origins(statements, found)),
        machine=machine_type,
        processors=wanted,
        memory=around.memory,
        place=line.program.position if line.program is not None else _start(line),
    )


def _start(line: QemuCommandLine) -> SourcePosition:
    return line.options[0].position if line.options else SourcePosition(line.file, 1)


def _origins(
    statements: Sequence[Statement], found: Sequence[tuple[Statement, Stated]]
) -> Iterator[Origin]:
    for statement, stated in found:
        given = " ".join(stated.arguments)
        if given:
            device = _device(statement, stated) if stated.arguments[0] == "-device" else None
            yield Origin(
                given, statement.name, _words(statement, stated), statement.position, device
            )
    memory = _memory(statements)
    for pair in (memory[:2], memory[2:]) if memory else ():
        size = next(s for s in reversed(statements) if s.name == "m")
        yield Origin(" ".join(pair), "m", size.option.written, size.position)


def _words(statement: Statement, stated: Stated) -> str:
    """The option as written; without what was taken out, which may hold secrets."""
    value = statement.option.value
    if value is None or value.text == stated.arguments[-1]:
        return statement.option.written
    given = parameters_in(stated.arguments[-1], statement.parameters.implied)
    items = statement.parameters.items
    kept = (item.name for item in items if given.get(item.name) == item.value)
    return statement.shown(*_RECOGNISED, *kept)


def _device(statement: Statement, stated: Stated) -> DeviceOrigin:
    (given,) = device_options(stated.arguments)
    if statement.name == "device":
        return DeviceOrigin(statement.get("driver") or given.driver, statement.get("id"), given)
    return DeviceOrigin(given.driver, given.id, given)


def _statements(line: QemuCommandLine) -> Iterator[Statement]:
    statements: list[Statement] = []
    for option in line.options:
        if option.name == "set":
            _set(option, statements)
        else:
            statements.append(Statement(option, _parameters(option)))
    yield from statements


def _parameters(option: Option) -> Parameters:
    if option.value is None or option.name not in IMPLIED:
        return Parameters((), None)
    return parameters(option.value, IMPLIED[option.name])


def _set(option: Option, statements: list[Statement]) -> None:
    """`-set GROUP.ID.NAME=VALUE`: a parameter more for an option in front of it."""
    _must_be_certain(option)
    assert option.value is not None
    (item, *more) = parameters(option.value, None).items or (None,)
    group, _, rest = (item.name if item else "").partition(".")
    name, _, key = rest.partition(".")
    if item is None or more or not key or group not in _SET_GROUPS:
        raise InputError(
            f"{option.written} is not GROUP.ID.NAME=VALUE of an option that has an id",
            place=option.position,
        )
    for at, statement in enumerate(statements):
        if statement.name == group and statement.parameters.get("id") == name:
            if statement.parameters.is_json:
                raise InputError(
                    f"{option.written}: QEMU sets nothing of a device in JSON form",
                    place=option.position,
                )
            items = (*statement.parameters.items, replace(item, name=key))
            changed = replace(statement.parameters, items=items)
            statements[at] = replace(statement, parameters=changed)
            return
    raise InputError(f"{option.written}: there is no {group} '{name}'", place=option.position)


def _users(statements: Sequence[Statement]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for statement in statements:
        if statement.name == "device" and not _names_unknown(statement):
            name = devices.device_id(statement)
            for backend in devices.users(statement) if name else ():
                found[backend] = (*found.get(backend, ()), name or "")
    return found


def _devices(statements: Sequence[Statement]) -> dict[str, Statement]:
    found = {}
    for statement in statements:
        if statement.name == "device" and not _names_unknown(statement):
            found[devices.device_id(statement) or ""] = statement
    return found


def _globals(statements: Sequence[Statement]) -> tuple[tuple[str, str, str], ...]:
    known = (s for s in statements if s.name == "global" and not _names_unknown(s))
    return tuple(filter(None, map(devices.global_of, known)))


def _names_unknown(statement: Statement) -> bool:
    return any(item.unresolved for item in statement.parameters.items)


def _stated(statement: Statement, around: Surroundings) -> Stated:
    option = statement.option
    if option.name == OPEN:
        raise unknown(option.word.unresolved[0], option.position)
    rule = OPTION_RULES.get(option.name)
    if rule is None:
        reason = REFUSED.get(option.name, "not on the list of options known to be safe to start")
        raise InputError(f"{option.word.text}: {reason}", place=option.position)
    if rule.treatment is None:
        return Stated()
    _must_be_certain(option)
    return rule.treatment(statement, around)


def _must_be_certain(option: Option) -> None:
    if option.condition is not None:
        raise InputError(
            f"{option.written[:60]} is there only under a condition (line {option.condition.line})",
            advice="read /proc/PID/cmdline of the running QEMU instead",
            place=option.position,
        )


def _most_memory(statements: Sequence[Statement]) -> int:
    """What `-m` lets the machine have, hot-plugged memory included."""
    given = [s.parameters.get(name) for s in statements if s.name == "m" for name in _SIZES]
    return max((machine.size_in_bytes(text or "", "m") or 0 for text in given), default=0)


def _memory(statements: Sequence[Statement]) -> tuple[str, ...]:
    """Memory of its own for a machine larger than the host may be: a file without a name.

    QEMU's default memory must fit into the host's in full, though nothing ever touches it.
    """
    sizes = [s.get("size") for s in statements if s.name == "m" and s.get("size")]
    assigned = any(
        s.get("memory-backend") if s.name == "machine" else s.name == "numa"
        for s in statements
        if s.name in {"machine", "numa"}
    )
    wanted = machine.size_in_bytes(sizes[-1] or "", "m") if sizes else None
    if assigned or wanted is None or wanted <= machine.LARGE_BYTES:
        return ()
    return (
        *("-object", f"memory-backend-memfd,id={machine.MEMORY_ID},size={wanted},share=on"),
        *("-machine", f"memory-backend={machine.MEMORY_ID}"),
    )
