"""The options that say what a gate's VMs are held against, and what of it may differ."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from pciabi.cli.options import Given
from pciabi.gate.baselines import is_baselines
from pciabi.result.policy import FailOn, Policy
from pciabi.result.waivers import Waivers

# What says of the later side, or of a comparison, has no meaning where one side is read.
_NEITHER_RECORDED = (
    *("--to", "--to-machine", "--to-firmware", "--both-ways"),
    *("--against", "--accept", "--policy", "--new-since"),
)
# What the earlier side is was said when it was recorded.
_NO_BASELINES = ("--from", "--from-machine", "--from-firmware", "--both-ways")
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

    def beside(self, old: Given | None, others: Mapping[str, object]) -> PolicyAsked:
        """What is asked, where `old` is the QEMU of `--from` and `others` the command's other
        options, by name, that say what is read: a `--from` that leads to baselines is the same as
        `--against`.

        Raises click.UsageError for options that cannot be had together.
        """
        asked, given = self, {"--from": old, **others}
        if old is not None and self.against is None and is_baselines(old.value):
            asked, given["--from"] = replace(self, against=Path(old.value)), None
        if asked.record is not None:
            ours = {
                "--against": asked.against,
                "--accept": asked.accept,
                "--policy": asked.policy,
                "--new-since": asked.new_since,
            }
            _must_be_alone("--record", _NEITHER_RECORDED, given | ours)
        elif asked.against is not None:
            _must_be_alone("--against", _NO_BASELINES, given)
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


def _must_be_alone(option: str, excluded: Sequence[str], given: Mapping[str, object]) -> None:
    for name in excluded:
        if given.get(name):
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
