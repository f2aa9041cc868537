"""What every HTML page of ours shares: the template engine, and how texts are put on a page.

Whatever comes from a guest or a file is escaped by the template engine and has lost its
control characters before; a page holds no script and forbids itself any (CSP).
"""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pciabi.abi.change import Change, Consequence
from pciabi.report import printable
from pciabi.report.page.comparison import compared
from pciabi.report.page.evidence import boots, provenance, shell
from pciabi.report.page.gate import gate
from pciabi.report.words import cases, drifts, refusals, rows, story, two_sides, verdicts
from pciabi.report.words import gate as gate_words
from pciabi.report.words.changes import GUESTS, HARMS, values
from pciabi.report.words.gaps import gaps
from pciabi.report.words.matrix import Mark
from pciabi.report.words.open_questions import open_questions, unanswered


@dataclass(frozen=True)
class View:
    """What a guest system makes of a change; `consequence` is None where nothing is known to
    be said."""

    guest: str
    consequence: Consequence | None


def environment() -> Environment:
    """The engine, with what the templates call."""
    made = Environment(
        loader=PackageLoader("pciabi.report.page", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["seconds"] = cases.seconds
    made.globals.update(
        boots=boots,
        cases=cases,
        compared=compared,
        drifts=drifts,
        enumerate=enumerate,
        gaps=gaps,
        gate=gate,
        gate_words=gate_words,
        marks=tuple(Mark),
        open_questions=open_questions,
        provenance=provenance,
        refusals=refusals,
        rows=rows,
        shell=shell,
        story=story,
        two_sides=two_sides,
        values=values,
        unanswered=unanswered,
        verdicts=verdicts,
        views=views,
    )
    return made


def _finalize(value: object) -> object:
    """Every inserted text passes here; what the templates themselves made is left alone."""
    return value if isinstance(value, Markup) else printable.block(str(value))


def views(change: Change) -> list[View]:
    """What each guest system makes of a change, Linux and Windows in any case."""
    known = change.consequences
    silent = [
        View(name, None)
        for harm, name in GUESTS.items()
        if not any(one.harm is harm for one in known)
    ]
    return [*(View(HARMS[one.harm], one) for one in known), *silent]
