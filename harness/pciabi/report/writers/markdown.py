"""`report.md`: what a reviewer is to know, for merge requests and job summaries.

It is as long as a comment on GitHub may be; what there is no room for is counted. Nothing that a
file or a guest says becomes markup or mentions anybody (`report/markdown.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pciabi.report.markdown import MOST_BYTES, Section, code, prose, size
from pciabi.report.words import drifts, gate, refusals, rows, two_sides, verdicts, vms
from pciabi.report.words.matrix import Matrix, matrix
from pciabi.report.words.open_questions import open_questions
from pciabi.result.entry import Entry
from pciabi.result.result import Command, Result
from pciabi.result.rows import Row

FILE = "report.md"
COMMANDS = frozenset({Command.DIFF, Command.GATE})
_REST = "<p>There was not room for everything: the other formats have it.</p>\n"


def render(result: Result) -> str:
    """The text; its head and its end are there whatever else has room."""
    head, end = _head(result), _end(result)
    room = MOST_BYTES - size(head) - size(end) - size(_REST) - 8
    shown, is_whole = [], True
    for section in _sections(result):
        text = section.within(room)
        room -= size(text) + 1
        is_whole = is_whole and bool(text or not section.items)
        shown += [text] if text else []
    return "\n".join((head, *shown, *(() if is_whole else (_REST,)), end))


def _head(result: Result) -> str:
    lines = [f"## pciabi {result.command}: {result.verdict}\n"]
    lines.append(f"<p><strong>{prose(verdicts.verdict(result))}</strong></p>")
    lines += ["<table>", *(_row(*side) for side in _sides(result)), "</table>"]
    return "\n".join(lines) + "\n"


def _sides(result: Result) -> Iterator[tuple[str, str]]:
    if result.command is Command.GATE:
        yield from gate.sides(result)
    else:
        yield "before", two_sides.origin(result.two_sides.before)
        yield "after", two_sides.origin(result.two_sides.after)


def _row(term: str, value: str) -> str:
    return f"<tr><td>{term}</td><td>{code(value)}</td></tr>"


def _sections(result: Result) -> Iterator[Section]:
    names, found = vms.names(result.entries), matrix(result.entries)
    yield _list("Will not start", _refused(names, result.entries))
    yield _list("Not judged", _not_judged(names, result.entries))
    yield _table(result, found, names)
    yield _list("Who is hurt", _hurt(found))
    yield _list("What mends it", _mending(found))
    questions = (prose(one.line(names)) for one in open_questions(result.entries))
    yield _list("Not known", questions)
    yield _list(drifts.TITLE, map(prose, _drifts(result)))
    yield _list("Skipped, and the policy itself", map(prose, gate.left_out(result)))


def _list(title: str, items: Iterator[str]) -> Section:
    return Section(title, "<ul>", [f"<li>{item}</li>" for item in items], "</ul>")


def _table(result: Result, found: Matrix, names: Sequence[str]) -> Section:
    """The changes; of two sides with the devices, for there is only one VM."""
    of_vms = result.command is Command.GATE
    heads = ("", "Change", "Severity", "VMs" if of_vms else "Devices", "Machine types")
    opening = f"<table>\n<tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
    items = []
    for letter, row in zip(found.letters, found.rows, strict=True):
        where = [names[vm] for vm in row.vms] if of_vms else list(row.devices)
        cells = (
            f"<strong>{letter}</strong>",
            "<br>".join((code(rows.heading(row)), *_beside(row))),
            rows.standing(row),
            f"{len(where)}: {code(vms.shown(where))}",
            code(vms.shown(row.machines)) if row.machines else "",
        )
        items.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return Section("Changes", opening, items, "</table>")


def _beside(row: Row) -> Iterator[str]:
    yield prose(row.change.reason)
    yield from (f"cause: {prose(cause)}" for cause in rows.causes(row))
    yield from (f"libvirt: {prose(drifts.words(drift))}" for drift in row.drifts)
    yield from (f"waived: {prose(excuse)}" for excuse in row.excuses)


def _drifts(result: Result) -> Iterator[str]:
    if result.command is Command.GATE:
        return drifts.of_gate(result)
    return drifts.lines(result.two_sides)


def _hurt(found: Matrix) -> Iterator[str]:
    for hurt in rows.hurts(found.rows):
        yield f"{rows.ranges(hurt.of, len(found.rows))} ({hurt.verb}): {prose(hurt.text)}"


def _mending(found: Matrix) -> Iterator[str]:
    for remedy in rows.mending(found.rows):
        yield f"{rows.ranges(remedy.of, len(found.rows))}: {prose(remedy.text)}"


def _refused(names: Sequence[str], entries: Sequence[Entry]) -> Iterator[str]:
    for name, entry in zip(names, entries, strict=True):
        refusal = entry.will_not_start
        if refusal is not None:
            parts = [f"{code(name)} at {code(str(refusal.place))}: {prose(refusals.reason(entry))}"]
            parts += [f"waived: {prose(refusal.excuse)}"] if refusal.excuse else []
            parts += [f"gone: {prose(refusals.missing(gone))}" for gone in refusal.gone]
            instead = map(refusals.instead, refusal.replacements)
            parts += [f"instead: {prose(str(one))}" for one in instead]
            yield "<br>".join(parts)


def _not_judged(names: Sequence[str], entries: Sequence[Entry]) -> Iterator[str]:
    for name, entry in zip(names, entries, strict=True):
        if entry.error is not None:
            yield f"{code(name)}: {prose(str(entry.error))}"


def _end(result: Result) -> str:
    words = [verdicts.tally(result), verdicts.scope_line(result)]
    if result.command is Command.GATE:
        words.insert(0, gate.checked(result))
    return f"<p>{'<br>'.join(map(prose, words))}</p>\n"
