"""The command line: `pciabi COMMAND`. The only place that turns errors into exit codes."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import traceback
from typing import NoReturn

import click

from pciabi import __version__, cli
from pciabi.errors import Interrupted, PciabiError

EPILOG = """Exit codes: 0 compatible, 1 a break (or a control that did not move), 2 bad usage or
input, 3 the test could not be carried out, 130 and 143 stopped by SIGINT and SIGTERM."""


class Commands(click.Group):
    """The modules of this package, each the command of its own name, imported when it is used:
    `pciabi lint` need not wait for an SSH library."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Every module but this one."""
        return sorted(m.name for m in pkgutil.iter_modules(cli.__path__) if m.name != "main")

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name not in self.list_commands(context):
            return None
        command = getattr(importlib.import_module(f"{cli.__name__}.{name}"), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pciabi")
def pciabi() -> None:
    """Prove that a QEMU guest keeps the same PCI hardware."""


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        code = pciabi.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except PciabiError as error:
        # Not above: what it draws in takes longer to import than a file takes to lint.
        from pciabi.report import text

        text.print_error(error)
        sys.exit(error.exit_code)
    except Interrupted as stop:
        click.echo(f"pciabi: {stop}", err=True)
        sys.exit(stop.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("pciabi: stopped by signal 2", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone; what was left unsaid must not look like success.
        sys.stderr.close()
        sys.exit(3)
    except Exception:  # noqa: BLE001 - Python's own status for it, 1, would look like a break
        traceback.print_exc()
        click.echo("pciabi: a fault in pciabi itself; please report it", err=True)
        sys.exit(3)
