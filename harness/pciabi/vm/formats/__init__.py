"""The formats in which people keep VMs: one module each, found by looking, in no list.

A module holds `FORMAT`. Of those whose `detects` says yes the one with the highest `rank` reads.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

from pciabi.errors import InputError
from pciabi.vm.command_line.option import QemuCommandLine
from pciabi.vm.config_text import ConfigText as ConfigText
from pciabi.vm.pci_vm import PciVm
from pciabi.vm.statement import Statement


@dataclass(frozen=True)
class Vm:
    """One VM of a file, and the views of what the file says of it.

    `places` is what lint judges. `line` is what a probe starts: the QEMU command line, None where
    the file holds none itself.
    """

    places: PciVm
    say: Callable[[], tuple[Statement, ...]]
    line: QemuCommandLine | None = None

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """What the file says of it, in the order in which it says it."""
        return self.say()


@dataclass(frozen=True)
class Format:
    """One input format.

    `name` is what `--type` takes; `endings` are those of files a folder is searched for.
    `detects` looks at a text whatever its file is called; `read` gives the VMs in it, none
    where it holds none, and raises InputError for a text that is not what it claims to be.
    `comment` shows how a suppression is written.
    """

    name: str
    title: str
    endings: tuple[str, ...]
    rank: int
    detects: Callable[[ConfigText], bool]
    read: Callable[[ConfigText], tuple[Vm, ...]]
    comment: str


@cache
def formats() -> tuple[Format, ...]:
    """All formats, the highest rank first."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        if hasattr(loaded, "FORMAT"):
            found.append(loaded.FORMAT)
    return tuple(sorted(found, key=lambda format_: (-format_.rank, format_.name)))


def named(name: str) -> Format:
    """The format of that name. Raises InputError."""
    for format_ in formats():
        if format_.name == name:
            return format_
    names = ", ".join(sorted(format_.name for format_ in formats()))
    raise InputError(f"there is no input format '{name}', only: {names}")


def detect(source: ConfigText) -> Format | None:
    """The format a text is in, or None where it is no VM's configuration."""
    return next((format_ for format_ in formats() if format_.detects(source)), None)


def read(source: ConfigText, type_: str | None = None) -> tuple[Vm, ...]:
    """The VMs of a text in a format by its name, or in the one it is detected as; none in a text
    that is no VM's configuration. Raises InputError."""
    format_ = named(type_) if type_ is not None else detect(source)
    return format_.read(source) if format_ is not None else ()
