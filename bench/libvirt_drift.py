#!/usr/bin/env python3
"""Prints docs/libvirt-drift.md: what libvirts make differently of the domains in examples/libvirt/.

Usage: PYTHONPATH=. bench/libvirt_drift.py

Each domain is defined by each libvirt, and the command line taken down that this starts QEMU with:
no QEMU is started for that, and none of pciabi's own translation takes part. What a guest sees of
it is then what `pciabi gate` says.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pciabi.abi.choice import chosen_by_default
from pciabi.cancellation import Cancellation
from pciabi.errors import PciabiError, Refusal
from pciabi.gate.configurations import named_by
from pciabi.gate.question import Question
from pciabi.gate.run import run
from pciabi.gate.workers import threads
from pciabi.libvirt import installation, session
from pciabi.probe.host import Host
from pciabi.qemu.wish import Wish
from pciabi.report.words import drifts as words
from pciabi.report.words import gate, vms
from pciabi.report.words import rows as words_of_rows
from pciabi.result.policy import Policy
from pciabi.result.result import Result
from pciabi.result.rows import rows as rows_of
from pciabi.result.rows import weighty
from pciabi.result.verdict import Verdict
from pciabi.source import made_by_libvirt
from pciabi.source.request import Probe, Request
from pciabi.vm import xml_tree
from pciabi.vm.drift.between import drifts
from pciabi.vm.drift.made_domain import MadeDomain

ROOT = Path(__file__).resolve().parent.parent
DOMAINS = "examples/libvirt"
OWN = ("libvirt:7.0", "libvirt:9.0", "libvirt:11.3")
"""Each libvirt with the QEMU of its suite."""
ONE = ("libvirt:7.0@7.2", "libvirt:9.0@7.2", "libvirt:11.3@7.2")
"""The same with one QEMU: what differs is libvirt's alone."""
_NOTHING = "nothing"


@dataclass(frozen=True)
class Row:
    """A drift between two libvirts, in words, and the domains that have it."""

    drift: str
    domains: tuple[str, ...]


Told = MadeDomain | Refusal
"""What a libvirt made of a domain, or why it refuses it."""


def told(spec: str, files: Sequence[Path]) -> Mapping[str, Told]:
    """What a libvirt makes of each domain, by name. Raises PciabiError."""
    with session.opened(installation.find(spec)) as asked:
        return {file.stem: _told(file, asked) for file in files}


def _told(file: Path, asked: session.Session) -> Told:
    (root,) = xml_tree.read(file.name, file.read_text()).below("domain")
    try:
        return made_by_libvirt.told(root, asked).domain
    except Refusal as refusal:
        return refusal


def rows(before: Mapping[str, Told], after: Mapping[str, Told]) -> tuple[Row, ...]:
    """What two libvirts make differently of the same domains, each thing once."""
    seen: dict[str, list[str]] = {}
    for name, one in before.items():
        for line in _differing(one, after[name]):
            seen.setdefault(line, []).append(name)
    return tuple(Row(line, tuple(names)) for line, names in sorted(seen.items()))


def _differing(before: Told, after: Told) -> Iterator[str]:
    match before, after:
        case Refusal(), Refusal():
            yield f"refused by both: {after.words}"
        case Refusal(), _:
            yield f"only the later one takes it; the earlier one says: {before.words}"
        case _, Refusal():
            yield f"the later one refuses it: {after.words}"
        case MadeDomain(), MadeDomain():
            yield from (words.words(drift) for drift in drifts(before, after))


def table(specs: Sequence[str], files: Sequence[Path]) -> Iterator[str]:
    """What each libvirt makes otherwise than the one before it, as a table in Markdown."""
    made = {spec: told(spec, files) for spec in specs}
    yield "| from → to | what differs | domains |"
    yield "| --- | --- | --- |"
    for before, after in pairwise(specs):
        found = rows(made[before], made[after])
        for row in found or (Row(_NOTHING, ()),):
            names = "all" if len(row.domains) == len(files) else ", ".join(row.domains)
            yield f"| {before} → {after} | {row.drift.replace('|', '/')} | {names} |"


def seen(specs: Sequence[str], files: Sequence[Path]) -> Iterator[str]:
    """What a guest sees of each domain otherwise than with the libvirt before, as a table."""
    yield "| from → to | what a guest sees differ | domains |"
    yield "| --- | --- | --- |"
    for before, after in pairwise(specs):
        result = _gated(before, after, files)
        names = vms.names(result.entries)
        found = [
            (f"{words_of_rows.standing(row)}: {words_of_rows.heading(row)}", row.vms)
            for row in weighty(rows_of(result.entries))
        ]
        found += [
            (f"not judged: {gate.trouble(entry)}", (vm,))
            for vm, entry in enumerate(result.entries)
            if entry.verdict is Verdict.ERROR
        ]
        for what, those in found or [(_NOTHING, ())]:
            listed = ", ".join(names[vm] for vm in those)
            yield f"| {before} → {after} | {what.replace('|', '/')} | {listed} |"


def _gated(before: str, after: str, files: Sequence[Path]) -> Result:
    named = named_by([str(file) for file in files], (), {})
    question = Question(named.judged, _on(before), _on(after), Policy())
    with (
        Host(Cancellation()) as host,
        threads(host, len(os.sched_getaffinity(0))) as workers,
    ):
        return run(question, named.skipped, host, workers)


def _on(spec: str) -> Request:
    return Request("", spec, None, (), Probe.COLD, Wish.AUTO, {}, chosen_by_default())


def page(files: Sequence[Path]) -> str:
    """The whole page. Raises PciabiError."""
    listed = "\n".join(f"- [{one.stem}](../{DOMAINS}/{one.name})" for one in files)
    return _PAGE.format(
        count=len(files),
        listed=listed,
        own="\n".join(table(OWN, files)),
        one="\n".join(table(ONE, files)),
        seen="\n".join(seen(ONE, files)),
    )


def domains() -> tuple[Path, ...]:
    """The files of the domains, by name."""
    return tuple(sorted((ROOT / DOMAINS).glob("*.xml")))


_PAGE = """\
# What libvirts make differently of one domain

Written by `script/record-libvirt-drift`; a test holds that it says what the script would.

{count} domains as people write them, without addresses, each defined by libvirt 7.0, 9.0 and 11.3
and started by them (the command line alone is taken down):

{listed}

What differs is told by kind: `allocation` (another PCI address), `implicit` (a device that only one
of them adds), `model` (a model or default that the domain leaves open), `attribute` (anything else
that they store), `command line` (what they start QEMU with). The host's side of a domain is not
compared. `pciabi diff vm.xml vm.xml --from libvirt:9.0 --to libvirt:11.3` tells it of your own,
with what a guest sees of it.

## Each libvirt with the QEMU of its suite

5.2, 7.2 and 10.0: what an upgrade of the whole host changes.

{own}

## All with QEMU 7.2

What is libvirt's alone.

{one}

And what a guest sees of that, as `pciabi gate` says:

{seen}
"""


def main() -> int:
    """Print the page."""
    try:
        text = page(domains())
    except PciabiError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
