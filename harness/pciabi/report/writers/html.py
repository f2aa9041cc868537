"""`report.html`: one self-contained page, for people.

Whatever comes from a guest or a file is escaped by the template engine and has lost its
control characters before; the page holds no script and forbids itself any (CSP).
"""

from __future__ import annotations

from pciabi.report.page import of_run, of_two_sides
from pciabi.report.page.environment import environment
from pciabi.result.result import Command, Result

FILE = "report.html"
COMMANDS = frozenset(Command)


def render(result: Result) -> str:
    """The page."""
    page = of_two_sides if result.command is Command.DIFF else of_run
    return environment().get_template(page.TEMPLATE).render(page.context(result))
