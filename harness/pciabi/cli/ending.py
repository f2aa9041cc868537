"""With which code a command ends, and `--untested-exit`, which says what else it is to be where
nothing was proved: 125 makes `git bisect run` pass over a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from pciabi.errors import worst

F = TypeVar("F", bound=Callable[..., Any])

_BREAK = 1
_UNTESTED = (2, 3)


@dataclass
class Ending:
    """What one command line asks for; `untested` is None where the usual codes hold."""

    untested: int | None = None

    def code(self, codes: Iterable[int]) -> int:
        """The exit code that stands for several: the worst one, unless a break is to be told from
        what could not be tested. Then a break outranks that, for it is proved all the same."""
        every = tuple(codes)
        if self.untested is None or not any(code in _UNTESTED for code in every):
            return worst(every)
        return _BREAK if _BREAK in every else self.untested

    def code_of_error(self, code: int) -> int:
        """The exit code where an error has ended everything; that of a signal stays."""
        return self.code([code]) if code in _UNTESTED else code


pass_ending = click.make_pass_decorator(Ending, ensure=True)
"""Hands a command its `Ending`, as the first argument."""


def untested_option(command: F) -> F:
    """The option, which the command needs no parameter for: it is kept in its `Ending`."""

    def keep(context: click.Context, _option: click.Parameter, value: int | None) -> None:
        context.ensure_object(Ending).untested = value

    return click.option(
        "--untested-exit",
        type=click.IntRange(2, 125),
        metavar="N",
        is_eager=True,
        expose_value=False,
        callback=keep,
        help="Exit with N instead of 2 or 3 where nothing was proved: 125 for `git bisect run`. "
        "A break stays 1.",
    )(command)
