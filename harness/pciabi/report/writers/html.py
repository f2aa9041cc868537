"""`report.html`: one self-contained page, for people.

Whatever comes from a guest or a file is escaped by the template engine and has lost its
control characters before; the page holds no script and forbids itself any (CSP).
"""

from __future__ import annotations

from pciabi.report.page.environment import environment
from pciabi.result.result import Command, Result

FILE = "report.html"
COMMANDS = frozenset(Command)
_TEMPLATES = {
    Command.RUN: "run.html.j2",
    Command.DIFF: "two_sides.html.j2",
    Command.GATE: "gate.html.j2",
}


def render(result: Result) -> str:
    """The page."""
    return environment().get_template(_TEMPLATES[result.command]).render(result=result)
