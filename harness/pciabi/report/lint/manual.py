"""A rule's manual page, as plain text and as Markdown. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from pciabi.lint.rule import Example, Group, LoadedRule

_HEADING = """# Lint rules

Made from the rules themselves by `script/record-rule-pages`; `pciabi lint --explain RULE` prints
one.

"""


def page(loaded: LoadedRule) -> str:
    """The page as `pciabi lint --explain` prints it."""
    rule = loaded.rule
    title = f"{rule.code} {rule.name} ({rule.severity}{_how_selected(loaded)})"
    return (
        f"{title}\n\n{loaded.manual}\n\nBad:\n\n{_indented(rule.bad)}\n"
        f"Good:\n\n{_indented(rule.good)}\nSource: {rule.source}\n"
    )


def markdown(rules: Sequence[LoadedRule]) -> str:
    """The pages of all rules, as the documentation holds them."""
    return _HEADING + "\n".join(_section(loaded) for loaded in rules)


def _section(loaded: LoadedRule) -> str:
    rule = loaded.rule
    return (
        f"## {rule.code} `{rule.name}`\n\n"
        f"Severity {rule.severity}{_how_selected(loaded)}.\n\n{loaded.manual}\n\n"
        f"Bad ({rule.bad.format}):\n\n```\n{rule.bad.text}```\n\n"
        f"Good:\n\n```\n{rule.good.text}```\n\nSource: {rule.source}\n"
    )


def _how_selected(loaded: LoadedRule) -> str:
    return "" if loaded.rule.group is Group.ADDRESS else f", only with --select {loaded.rule.name}"


def _indented(example: Example) -> str:
    return textwrap.indent(example.text, "    ")
