"""A command line as people type it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def shell(arguments: Sequence[str]) -> str:
    """A command line as a shell takes it, one option a line."""
    lines: list[str] = []
    for argument in arguments:
        if lines and not argument.startswith("-"):
            lines[-1] += f" {shlex.quote(argument)}"
        else:
            lines.append(shlex.quote(argument))
    return " \\\n  ".join(lines)
