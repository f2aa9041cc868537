"""The command line: `pciabi COMMAND`. The only place that turns errors into exit codes."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback
from itertools import pairwise
from typing import NoReturn

import click

from pciabi import __version__, cli
from pciabi.cli import surroundings
from pciabi.errors import InputError, Interrupted, PciabiError
from pciabi.signals import STOP, watched

EPILOG = """Exit codes: 0 compatible, 1 a break (or a control that did not move), 2 bad usage or
input, 3 the test could not be carried out, 130 and 143 stopped by SIGINT and SIGTERM."""
_NO_COMMANDS = ("main", "surroundings")


class Commands(click.Group):
    """The modules of this package, each the command of its own name, imported when it is used:
    `pciabi lint` need not wait for an SSH library."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Every module that is a command."""
        names = (module.name for module in pkgutil.iter_modules(cli.__path__))
        return sorted(name for name in names if name not in _NO_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name not in self.list_commands(context):
            return None
        command = getattr(importlib.import_module(f"{cli.__name__}.{name}"), name)
        assert isinstance(command, click.Command)
        return command

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
        option = word if word.startswith("--") and word.endswith("=") else before
        if not word or option is word:
            where = (
                f"{option.rstrip('=')}: " if option.strip("-") and option.startswith("-") else ""
            )
            raise InputError(f"{where}an empty path", advice="a variable that is not set?")


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pciabi")
def pciabi() -> None:
    """Prove that a QEMU guest keeps the same PCI hardware."""
    surroundings.must_be_there()


def main() -> NoReturn:
    """Run the command line and exit."""
    surroundings.prepare()
    with watched():
        try:
            code = pciabi.main(standalone_mode=False)
            if sys.stdout is not None:
                sys.stdout.flush()
            STOP.check()
        except BaseException as error:  # noqa: BLE001 - Python's own status, 1, would look like a break
            code = _told(error)
    sys.exit(code if isinstance(code, int) else 0)


def _told(error: BaseException) -> int:
    """The exit code of what has ended a command, once it is told."""
    try:
        return _tell(STOP.reason or error)
    except Exception:  # noqa: BLE001 - where nothing can be told, the exit code still can
        sys.stdout = sys.stderr = None
        return 3


def _tell(error: BaseException) -> int:
    if isinstance(error, click.ClickException):
        error.show()
        return 2
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        error = Interrupted(2)
    if isinstance(error, Interrupted):
        click.echo(f"pciabi: {error}", err=True)
        return error.exit_code
    # click makes a SystemExit of the one that it sees.
    if isinstance(error, (BrokenPipeError, SystemExit)):
        # Whoever read our output has gone; what was left unsaid must not look like success.
        sys.stdout = sys.stderr = None
        return 3
    known = error if isinstance(error, PciabiError) else surroundings.explained(error)
    if known is not None:
        _print(known)
        return known.exit_code
    traceback.print_exception(error)
    click.echo("pciabi: a fault in pciabi itself; please report it", err=True)
    return 3


def _print(error: PciabiError) -> None:
    try:
        # Not above: what it draws in takes longer to import than a file takes to lint.
        from pciabi.report.terminal.errors import print_error

        print_error(error)
    except (OSError, ImportError, RuntimeError):
        # Nothing more can be opened, or standard output is what is full.
        os.write(2, f"pciabi: {error}\n".encode(errors="backslashreplace"))
