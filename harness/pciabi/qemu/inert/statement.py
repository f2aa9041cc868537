"""Options of a command line with their parameters read, and what stands in for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pciabi.abi.snapshot import Substitution
from pciabi.errors import InputError, SourcePosition
from pciabi.pci.facts import Facts
from pciabi.vm.command_line.argument import Argument, Unresolved
from pciabi.vm.command_line.option import Option
from pciabi.vm.command_line.parameters import Parameter, Parameters

LEFT_OUT = "left out"


@dataclass(frozen=True)
class Statement:
    """An option with its parameters; empty ones where it takes no argument."""

    option: Option
    parameters: Parameters

    @property
    def name(self) -> str:
        """The option's name."""
        return self.option.name

    @property
    def position(self) -> SourcePosition:
        """Where it stands."""
        return self.option.position

    def get(self, name: str) -> str | None:
        """A parameter's value, or None. Raises InputError where it is not known."""
        found = self.parameters.find(name)
        if found is None:
            return None
        if found.unresolved is not None:
            raise unknown(found.unresolved, found.position)
        return found.value

    def refused(self, message: str, advice: str = "", at: str | None = None) -> InputError:
        """The error for what would touch the host, or is not known to leave it alone; `at` is
        the parameter it is about."""
        found = self.parameters.find(at) if at is not None else None
        place = found.position if found is not None else None
        return InputError(f"-{self.name}: {message}", advice=advice, place=place or self.position)

    def shown(self, *names: str) -> str:
        """The option as people recognise it, with only these of its parameters."""
        return _shown(self.name, self.parameters, names)


@dataclass(frozen=True)
class Stated:
    """What stands in the place of one option: arguments, what they replace, the ids of the PCI
    devices among them, and what a guest tells the device of the option by that they lack."""

    arguments: tuple[str, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    expected: tuple[str, ...] = ()
    facts: Facts = field(default_factory=Facts)


@dataclass(frozen=True)
class Processors:
    """How many are there at first, and how many there may ever be."""

    present: int
    most: int


@dataclass(frozen=True)
class Nic:
    """A NIC that `-nic` or `-net nic` makes: its driver, and which one of that driver it is, in
    the order of creation, from 0."""

    statement: Statement
    driver: str
    ordinal: int


@dataclass(frozen=True)
class Surroundings:
    """What the rest of the command line says that matters to one option.

    `users` tells which devices use a backend: (property, backend's id) to qdev ids; `devices`
    has the `-device` of each of those ids, `networks` what each `-netdev` says of its kind, by id,
    `nics` what else uses a network backend, or has one of its own, with its place among the NICs of
    its driver. `audiodev` is the id of the silent audio backend for devices that name none,
    `memory` the most bytes of it the machine may ever have, `processors` how many it has. `banner`
    is the version line of the QEMU it is for. `globals` are what `-global` states: driver,
    property, value.
    """

    users: Mapping[tuple[str, str], tuple[str, ...]]
    devices: Mapping[str, Statement]
    nics: Sequence[Nic]
    networks: Mapping[str, Mapping[str, str]]
    audiodev: str
    memory: int
    processors: Processors
    banner: str
    globals: tuple[tuple[str, str, str], ...]

    def globals_of(self, driver: str) -> Mapping[str, str]:
        """What `-global` says of a driver."""
        return {name: value for of, name, value in self.globals if of == driver}

    def of(self, kind: str, backend: str | None) -> tuple[str, ...]:
        """The devices that use a backend (`netdev`, `drive`, `chardev`, `object` …)."""
        return self.users.get((kind, backend or ""), ())


def text_of(argument: Argument) -> str:
    """An argument's text. Raises InputError where a part of it is not known."""
    for part in argument.unresolved:
        raise unknown(part, argument.at(part.start))
    return argument.text


def written(parameters: Parameters) -> str:
    """Parameters as QEMU takes them. Raises InputError where one of them is not known."""
    for item in parameters.items:
        if item.unresolved is not None:
            raise unknown(item.unresolved, item.position)
    return parameters.text()


def unknown(part: Unresolved, place: SourcePosition | None) -> InputError:
    """The error for something only a run of the user's script would tell."""
    return InputError(
        f"{part.source} is not known: {part.reason}",
        advice="write its value there, or read /proc/PID/cmdline of the running QEMU instead",
        place=place,
    )


def fresh(name: str, *pairs: tuple[str, str | int | bool], like: Parameters) -> Parameters:
    """New parameters in the form of others, `name` the implied one's value."""
    assert like.implied is not None
    items = ((like.implied, name), *pairs)
    return Parameters(
        tuple(Parameter(key, as_text(value), data=value) for key, value in items),
        like.implied,
        like.is_json,
    )


def as_text(value: str | int | bool) -> str:  # noqa: FBT001
    """A value in key=value form."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def kept(statement: Statement) -> Stated:
    """The option as it is."""
    value = statement.option.value
    word = f"-{statement.name}"
    return Stated((word,) if value is None else (word, text_of(value)))


def replaced(
    statement: Statement,
    parameters: Parameters,
    shown: str,
    users: tuple[str, ...] = (),
    unknown_fields: tuple[str, ...] = (),
) -> Stated:
    """The option with other parameters, told once for each device that uses it."""
    inert = _shown(statement.name, parameters, (parameters.implied or "driver",))
    told = _told(shown, inert, users, unknown_fields)
    return Stated((f"-{statement.name}", written(parameters)), told)


def left_out(
    shown: str, users: tuple[str, ...] = (), unknown_fields: tuple[str, ...] = ()
) -> Stated:
    """Nothing in the option's place, and that told."""
    return Stated((), _told(shown, LEFT_OUT, users, unknown_fields))


def _told(
    shown: str, inert: str, users: tuple[str, ...], unknown_fields: tuple[str, ...]
) -> tuple[Substitution, ...]:
    return tuple(Substitution(shown, inert, user, unknown_fields) for user in users or (None,))


def _shown(name: str, parameters: Parameters, names: tuple[str, ...]) -> str:
    """An option with only these parameters, in key=value form.

    Others may hold secrets, and snapshots are committed; ids would make two readings of the
    same kind of backend look as if they were of two kinds.
    """
    kept = parameters.keeping(*names)
    return f"-{name} {Parameters(kept.items, kept.implied).text()}".rstrip()
