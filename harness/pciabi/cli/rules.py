"""`pciabi rules`: all lint rules in a line each, or their pages."""

from __future__ import annotations

import click

from pciabi.lint.rule import Group
from pciabi.lint.rule import rules as all_rules
from pciabi.report.lint.manual import markdown


@click.command()
@click.option("--markdown", "as_markdown", is_flag=True, help="Print every rule's page.")
def rules(as_markdown: bool) -> None:  # noqa: FBT001 - click hands flags over by name
    """List the lint rules: code, name, severity, and what each is about."""
    if as_markdown:
        click.echo(markdown(all_rules()), nl=False)
        return
    for loaded in all_rules():
        rule = loaded.rule
        selected = "" if rule.group is Group.ADDRESS else " (with --select)"
        click.echo(f"{rule.code}  {rule.name:<28} {rule.severity:<8} {rule.summary}{selected}")
