"""The commands there are: each a module of this package, imported when it is used.

`pciabi lint` need not wait for an SSH library, nor `pciabi --help` for anything at all.
"""

from __future__ import annotations

import importlib
from itertools import pairwise
from types import MappingProxyType

import click

from pciabi import cli
from pciabi.errors import InputError

SUMMARIES = MappingProxyType(
    {
        "diff": "Say what a guest would notice between A and B.",
        "gate": "Say whether VMs may go to another QEMU or machine type, and what guests notice.",
        "image": "Build and list the guest images that scenarios boot.",
        "libvirt": "Fetch, list and remove released libvirts.",
        "lint": "Find devices without a pinned PCI address, and related hazards.",
        "qemu": "Fetch, list and run released QEMUs.",
        "rules": "List the lint rules: code, name, severity, and what each is about.",
        "run": "Boot scenarios and compare what the guest sees; all shipped ones unless some are "
        "named.",
        "schema": "Print the JSON Schema of a file format.",
        "snapshot": "Read what a guest sees of PCI, and keep it in a file that goes into git.",
    }
)
"""Each command's name, which is its module's, and the first sentence of its help."""


class Commands(click.Group):
    """The commands of `SUMMARIES`, none of which is imported before it is used."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """The names, sorted."""
        return sorted(SUMMARIES)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name not in SUMMARIES:
            return None
        command = getattr(importlib.import_module(f"{cli.__name__}.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by their summaries, without importing any."""
        listed = {name: click.Command(name, help=text) for name, text in SUMMARIES.items()}
        click.Group(commands=listed).format_commands(context, formatter)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command and its words, none of which may be empty."""
        name, command, words = super().resolve_command(context, args)
        # What is handed on to a QEMU is QEMU's to judge.
        if name != "qemu":
            _none_may_be_empty(words)
        return name, command, words


def _none_may_be_empty(words: list[str]) -> None:
    """Raises InputError: as a path an empty word would be the working folder."""
    for before, word in pairwise(("", *words)):
        is_open = word.startswith("--") and word.endswith("=")
        if word and not is_open:
            continue
        option = word.rstrip("=") if is_open else before
        where = f"{option}: " if option.strip("-") and option.startswith("-") else ""
        raise InputError(f"{where}an empty path", advice="a variable that is not set?")
