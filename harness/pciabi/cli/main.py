"""The command line: `pciabi COMMAND`. The only place that turns errors into exit codes."""

from __future__ import annotations

import sys
import traceback
from typing import NoReturn

import click

from pciabi import __version__
from pciabi.cli.image import image
from pciabi.cli.run import run
from pciabi.cli.schema import schema
from pciabi.errors import Interrupted, PciabiError
from pciabi.report import text

EPILOG = """Exit codes: 0 compatible, 1 a break (or a control that did not move), 2 bad usage or
input, 3 the test could not be carried out, 130 and 143 stopped by SIGINT and SIGTERM."""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pciabi")
def cli() -> None:
    """Prove that a QEMU guest keeps the same PCI hardware."""


cli.add_command(run)
cli.add_command(schema)
cli.add_command(image)


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except PciabiError as error:
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
