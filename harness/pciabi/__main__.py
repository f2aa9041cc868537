"""`pciabi`, also `python -m pciabi`: signals are answered before anything slow is imported."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from pciabi import signals
from pciabi.errors import Interrupted

_NEW_OBJECTS = 100_000
"""As many objects may be made before those that are in use no more are looked for."""


def main() -> NoReturn:
    """Run the command line and exit."""
    # What cannot be raised any more (a socket that is cleaned away) is not for a user to read.
    sys.unraisablehook = lambda _: None
    signals.watch()
    # Most commands have ended before there is garbage worth looking for: what they import is none.
    gc.set_threshold(_NEW_OBJECTS)
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
    # Nor is anything looked through once more at the end.
    gc.freeze()
    sys.exit(code if isinstance(code, int) else 3)


if __name__ == "__main__":
    main()
