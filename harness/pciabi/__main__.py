"""`pciabi`, also `python -m pciabi`: signals are answered before anything slow is imported."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from pciabi import signals
from pciabi.errors import Interrupted


def main() -> NoReturn:
    """Run the command line and exit."""
    # What cannot be raised any more (a socket that is cleaned away) is not for a user to read.
    sys.unraisablehook = lambda _: None
    signals.watch()
    try:
        from pciabi.cli.main import main as command_line

        command_line()
    except Interrupted as stop:
        # While it was imported.
        sys.stderr.write(f"pciabi: {stop}\n")
        code: object = stop.exit_code
    except SystemExit as end:
        code = end.code
    if signals.STOP.requested:
        # Output that nobody reads, or a thread that does not end, must not hold us up.
        os._exit(code if isinstance(code, int) else 3)
    sys.exit(code if isinstance(code, int) else 3)


if __name__ == "__main__":
    main()
