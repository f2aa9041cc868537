"""The options that say what a gate's VMs are held against, and what of it may differ."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from pciabi.cli.options import Given
from pciabi.gate.baselines import is_baselines
from pciabi.result.policy import FailOn, Policy
from pciabi.result.waivers import Waivers

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class PolicyAsked:
    """The policy's file, the folders of baselines, and the revision since which things are new;
    None where the option was not given."""

    policy: Path | None
    record: Path | None
    against: Path | None
    accept: bool
    new_since: str | None

    def beside(
        self, old: Given | None, new: Given | None, machine: Given | None, *, both_ways: bool
    ) -> PolicyAsked:
        """What is asked, where these are the QEMUs of either side and the machine type of the
        old one: a `--from` that leads to baselines is the same as `--against`.

        Raises click.UsageError for options that cannot be had together.
        """
        asked = self
        if old is not None and self.against is None and is_baselines(old.value):
            asked, old = replace(self, against=Path(old.value)), None
        if asked.record is not None:
            _must_be_alone(
                "--record",
                {
                    "--to": new is not None,
                    "--both-ways": both_ways,
                    "--against": asked.against is not None,
                    "--accept": asked.accept,
                    "--policy": asked.policy is not None,
                    "--new-since": asked.new_since is not None,
                },
            )
        elif asked.against is not None:
            here = {"--from": old, "--from-machine": machine, "--both-ways": both_ways or None}
            _must_be_alone("--against", {name: given is not None for name, given in here.items()})
        elif asked.accept:
            raise click.UsageError("--accept needs --against DIR, whose baselines it renews")
        return asked

    def terms(self, fail_on: frozenset[FailOn]) -> tuple[Policy, Waivers | None]:
        """The terms of every comparison, and the waivers in them, as they stand today.

        Raises InputError for a policy that is wrong.
        """
        if self.policy is None:
            return Policy(fail_on), None
        # Not above: what reads a policy takes longer to import than a QEMU to start.
        from pciabi.gate import policy_file

        return policy_file.read(self.policy).on(datetime.now(UTC).date(), fail_on)


def _must_be_alone(option: str, others: dict[str, bool]) -> None:
    for name, is_given in others.items():
        if is_given:
            raise click.UsageError(f"{option} and {name} cannot be had together")


def policy_options(command: F) -> F:
    """The options of a policy; the command is handed them as `asked`."""

    @functools.wraps(command)
    def handed(
        *,
        policy: Path | None,
        record: Path | None,
        against: Path | None,
        accept: bool,
        new_since: str | None,
        **others: Any,
    ) -> Any:
        asked = PolicyAsked(policy, record, against, accept, new_since)
        return command(asked=asked, **others)

    folder = click.Path(path_type=Path, file_okay=False)
    decorated: Any = handed
    for option in (
        click.option(
            "--new-since",
            metavar="GITREF",
            help="Only what was not so already at that revision of the VMs' files fails.",
        ),
        click.option(
            "--accept",
            is_flag=True,
            help="With --against: take what differs for the new baselines.",
        ),
        click.option(
            "--against",
            type=folder,
            help="Hold the VMs against their baselines there, in place of --from.",
        ),
        click.option(
            "--record",
            type=folder,
            help="Only read each VM on --from, and keep that there as its baseline.",
        ),
        click.option(
            "--policy",
            type=click.Path(path_type=Path, dir_okay=False),
            help="A YAML file that says what fails and what is waived (docs/gate.md).",
        ),
    ):
        decorated = option(decorated)
    return cast(F, decorated)
