"""The list of commands, which is printed without importing one of them."""

from __future__ import annotations

import pkgutil
from importlib.metadata import version

import click
import pytest

from pciabi import __version__, cli
from pciabi.cli.commands import SUMMARIES
from pciabi.cli.main import pciabi

NO_COMMANDS = {
    "releases",
    *("baselines", "commands", "ending", "gate_host", "main", "options"),
    *("policy_options", "result_options", "sides_options", "surroundings", "watching"),
}


def test_every_module_that_is_a_command_is_listed() -> None:
    modules = {module.name for module in pkgutil.iter_modules(cli.__path__)}
    assert modules - NO_COMMANDS == set(SUMMARIES)


@pytest.mark.parametrize("name", SUMMARIES)
def test_a_summary_is_what_the_command_says_of_itself(name: str) -> None:
    command = pciabi.get_command(click.Context(pciabi), name)
    assert command is not None
    assert command.get_short_help_str(limit=1000) == SUMMARIES[name]


def test_the_version_is_the_installed_packages() -> None:
    assert __version__ == version("pciabi")
