"""What the options of several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from pciabi.errors import InputError
from pciabi.libvirt import spec as libvirt_spec
from pciabi.qemu import spec
from pciabi.qemu.wish import Wish

F = TypeVar("F", bound=Callable[..., Any])
SPEC = "SPEC"
SPEC_EPILOG = (
    f"SPEC is {spec.ACCEPTED}; `pciabi qemu get` fetches a release. Or a libvirt and its QEMU: "
    f"{libvirt_spec.ACCEPTED}; `pciabi libvirt get` fetches one."
)


class Seconds(click.FloatRange):
    """A time of more than 0 seconds. What is no number at all is within no range."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """See click.ParamType."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value} is no number of seconds.", param, ctx)
        return seconds


@dataclass(frozen=True)
class Given:
    """An option's value, and how the user has spelled the option."""

    option: str
    value: str


def spelled(name: str, *spellings: str, metavar: str, text: str) -> Callable[[F], F]:
    """An option of several spellings: the last one given counts, and --help shows the first.

    The command is handed a `Given`, None where the option was not given.
    """

    def keep(context: click.Context, option: click.Parameter, value: str | None) -> None:
        # click calls this for what was given first, in the order in which it was.
        if value is not None:
            context.params[name] = Given(option.opts[0], value)
        context.params.setdefault(name, None)

    def decorate(command: F) -> F:
        for spelling in reversed(spellings):
            hidden = spelling != spellings[0]
            command = click.option(
                spelling,
                f"{name}_by_{spelling.strip('-').replace('-', '_')}",
                metavar=metavar,
                help=text,
                hidden=hidden,
                expose_value=False,
                callback=keep,
            )(command)
        return command

    return decorate


def qemu_option(name: str, *spellings: str, text: str) -> Callable[[F], F]:
    """An option that takes a SPEC, which `SPEC_EPILOG` explains."""
    return spelled(name, *spellings, metavar=SPEC, text=text)


def machine_option(name: str, *spellings: str, text: str) -> Callable[[F], F]:
    """An option that takes a machine type."""
    return spelled(name, *spellings, metavar="TYPE", text=text)


def firmware_option(name: str, *spellings: str, text: str) -> Callable[[F], F]:
    """An option that takes firmware: a file, or a SPEC whose own is taken."""
    text = f"{text} A file of SeaBIOS or of a UEFI build, or a SPEC whose firmware is taken; each "
    text += "QEMU's own if not given."
    return spelled(name, *spellings, metavar="FIRMWARE", text=text)


def libvirt_option(name: str, *spellings: str, text: str) -> Callable[[F], F]:
    """An option that takes a version of libvirt."""
    text = f"{text} Of a libvirt domain: the version of libvirt in whose words it is started; that "
    text += "of the one installed here, or of the newest that takes the QEMU, if not given."
    return spelled(name, *spellings, metavar="VERSION", text=text.strip())


def libvirt_version(given: Given | None) -> tuple[int, int, int] | None:
    """The version that an option of `libvirt_option` says. Raises InputError."""
    if given is None:
        return None
    # Not above: few need it.
    from pciabi.vm.domain import dialect

    try:
        return dialect.version(given.value)
    except InputError as error:
        error.message = f"{given.option}: {error.message}"
        raise


def probe_options(command: F) -> F:
    """The options that say how a configuration is started and read."""
    for option in (
        click.option(
            "--accel",
            type=click.Choice([wish.value for wish in Wish]),
            default=Wish.AUTO.value,
            show_default=True,
            help="With --boot. auto: KVM where it really runs guest code, otherwise TCG.",
        ),
        click.option(
            "--facts",
            metavar="NAMES",
            multiple=True,
            default=("default",),
            show_default=True,
            help="Which facts are read and compared, beside what comes with every function: names "
            "of families (docs/facts.md) with commas between them, default or all.",
        ),
        click.option(
            "--select",
            "selected",
            multiple=True,
            metavar="AXIS=VALUE",
            help="Which case of a scenario with several, such as machine=q35.",
        ),
        click.option(
            "--boot/--cold",
            default=False,
            help="Boot a guest and ask it, instead of reading a paused QEMU.",
        ),
    ):
        command = option(command)
    return command


def families(options: Sequence[str]) -> frozenset[str]:
    """The families of facts that `--facts` options mean together, by name. Raises InputError."""
    # Not above: no help needs them.
    from pciabi.abi.choice import chosen

    try:
        return chosen(word.strip() for option in options for word in option.split(","))
    except InputError as error:
        error.message = f"--facts: {error.message}"
        raise


def selection(options: Sequence[str]) -> dict[str, frozenset[str]]:
    """`AXIS=VALUE[,VALUE]` options as a mapping. Raises InputError."""
    wanted: dict[str, frozenset[str]] = {}
    for option in options:
        axis, equals, values = option.partition("=")
        if not equals or not axis or not values:
            raise InputError(f"--select takes AXIS=VALUE[,VALUE], not '{option}'")
        wanted[axis] = wanted.get(axis, frozenset()) | frozenset(values.split(","))
    return wanted
