"""The words for the two sides of a comparison: older spellings mean the same, and what is wrong
is told in the spelling that was typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest

from pciabi.cli import diff as diff_module
from pciabi.cli import snapshot as snapshot_module
from pciabi.cli.main import pciabi
from pciabi.cli.options import Seconds
from pciabi.errors import InputError
from pciabi.source.request import Request

ROOT = Path(__file__).parents[2]
SAVED = "tests/golden/lspci"
SPELLINGS = {
    "--from": "--qemu-a",
    "--to": "--qemu-b",
    "--from-machine": "--machine-a",
    "--to-machine": "--machine-b",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What is asked for by the commands, none of which gets it."""
    requests: list[Request] = []

    def take(request: Request, *_: object) -> None:
        requests.append(request)
        raise InputError("enough")

    monkeypatch.setattr(diff_module, "take", take)
    monkeypatch.setattr(snapshot_module, "take", take)
    return requests


def run(*words: str) -> None:
    """`diff` tells the error of `asked` itself, `snapshot` hands it on."""
    with suppress(InputError):
        pciabi.main(list(words), standalone_mode=False)


@pytest.mark.parametrize("new", SPELLINGS)
def test_older_words_mean_the_same(new: str, asked: list[Request]) -> None:
    old = SPELLINGS[new]
    run("diff", "a", "b", new, "x")
    run("diff", "a", "b", old, "x")
    by_new, by_old = asked[:2], asked[2:]
    assert [(r.qemu, r.machine) for r in by_new] == [(r.qemu, r.machine) for r in by_old]
    given = [r for r in by_new if "x" in (r.qemu, r.machine)]
    assert [r.own for r in given] == [(new,)]
    assert [r.own for r in by_old if "x" in (r.qemu, r.machine)] == [(old,)]
    assert given[0].side == ("A (before)" if "from" in new else "B (after)")


@pytest.mark.parametrize("new", SPELLINGS)
def test_of_two_spellings_the_last_one_counts(new: str, asked: list[Request]) -> None:
    old = SPELLINGS[new]
    run("diff", "a", "b", new, "first", old, "last")
    run("diff", "a", "b", old, "first", new, "last")
    told = [(own, {r.qemu, r.machine} - {None}) for r in asked for own in r.own]
    assert told == [(old, {"last"}), (new, {"last"})]


def test_each_side_goes_its_own_way_from_what_is_said_for_both(asked: list[Request]) -> None:
    run("diff", "a", "b", "--qemu", "10.0", "--machine", "pc", "--to", "11.1")
    assert [(r.qemu, r.machine, r.own) for r in asked] == [
        ("10.0", "pc", ()),
        ("11.1", "pc", ("--to",)),
    ]


@pytest.mark.parametrize(
    ("words", "own"),
    [
        (("--qemu", "10.0", "--machine", "pc"), ("--qemu", "--machine")),
        (("--from", "10.0", "--from-machine", "pc"), ("--from", "--from-machine")),
    ],
)
def test_a_snapshot_reads_one_side(
    words: tuple[str, ...], own: tuple[str, ...], asked: list[Request]
) -> None:
    run("snapshot", "a", *words)
    (request,) = asked
    assert (request.qemu, request.machine, request.own) == ("10.0", "pc", own)
    assert request.machine_option == own[1]


@pytest.mark.parametrize("option", [*SPELLINGS, *SPELLINGS.values()])
def test_the_spelling_that_was_typed_is_named(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = str(next((ROOT / SAVED).rglob("*.txt")))
    assert pciabi.main(["diff", saved, saved, option, "7.2"], standalone_mode=False) == 2
    assert f": {option} needs a configuration to start" in capsys.readouterr().err


def _commands(group: click.Group, above: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{above} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{above} {name}")


def test_every_option_is_documented() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text() for page in pages)
    missing = [
        f"{name} {option.opts}"
        for name, command in _commands(pciabi, "pciabi")
        for option in command.params
        if isinstance(option, click.Option)
        and not any(re.search(rf"{word}(?![\w-])", text) for word in option.opts)
    ]
    assert missing == []


@pytest.mark.parametrize("seconds", ["nan", "0", "-1", "soon"])
def test_a_time_that_is_none_is_bad_usage(seconds: str) -> None:
    with pytest.raises(click.BadParameter):
        Seconds().convert(seconds, None, None)
    assert Seconds().convert("0.5", None, None) == 0.5
