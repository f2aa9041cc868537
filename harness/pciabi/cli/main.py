"""The command line: `pciabi COMMAND`. The only place that turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from pciabi import __version__, system_faults
from pciabi.cli import surroundings
from pciabi.cli.commands import Commands
from pciabi.cli.ending import Ending
from pciabi.errors import Interrupted, PciabiError
from pciabi.signals import STOP, watched

EPILOG = """Exit codes: 0 compatible, 1 a break (or a control that did not move), 2 bad usage or
input, 3 the test could not be carried out, 130, 143 and 129 stopped by SIGINT, SIGTERM and
SIGHUP."""


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pciabi")
def pciabi() -> None:
    """Prove that a QEMU guest keeps the same PCI hardware."""
    surroundings.must_be_there()


def main() -> NoReturn:
    """Run the command line and exit."""
    surroundings.prepare()
    ending = Ending()
    with watched():
        try:
            code = pciabi.main(standalone_mode=False, obj=ending)
            if sys.stdout is not None:
                sys.stdout.flush()
            STOP.check()
        except BaseException as error:  # noqa: BLE001 - Python's own status, 1, would look like a break
            code = ending.code_of_error(_told(error))
            _leave_unwritten()
    sys.exit(code if isinstance(code, int) else 0)


def _told(error: BaseException) -> int:
    """The exit code of what has ended a command, once it is told."""
    try:
        return _tell(STOP.reason or error)
    except Exception:  # noqa: BLE001 - where nothing can be told, the exit code still can
        sys.stdout = sys.stderr = None
        return 3


def _leave_unwritten() -> None:
    """What cannot be written is not tried once more at the end: Python would exit with 120."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        sys.stdout = None


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
    known = error if isinstance(error, PciabiError) else system_faults.explained(error)
    if known is not None:
        _print(known)
        return known.exit_code
    # Not above: most commands end well, and it draws in a tokenizer.
    import traceback

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
