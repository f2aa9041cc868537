"""Text as Markdown that a merge request, a comment or a job summary shows. Pure.

What is not ours stands in blocks of HTML, in which no Markdown is read: there it can form neither a
table's cell, nor a link, nor emphasis. GitHub and GitLab look for mentions and references in what
comes out (`@somebody`, `#1`, `!1`, an address), but not across elements, and not in code.
Sources: GitHub Flavored Markdown 0.29, 4.6 (HTML blocks); html-pipeline, MentionFilter.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pciabi.report import printable

MOST_BYTES = 65_000
"""So much a comment takes on GitHub (65,536 characters); a job summary takes 1 MiB a step."""

_LONGEST = 600
# What makes a reference of the word behind it: of people, issues, merge requests, snippets,
# labels, milestones, epics, addresses. Each is put into an element of its own.
_SIGILS = re.compile(r"([@#!$~%^&*[](?=[\w\"])|(?<=:)//|(?<=\b[wW]{3})\.|\bGH-(?=\d))")
_QUOTED = re.compile(r"`([^`]*)`")


def code(text: str) -> str:
    """Somebody's word, such as a file's name or a device's, as it is."""
    return f"<code>{html.escape(_short(text))}</code>"


def prose(text: str) -> str:
    """A sentence that may hold somebody's words. `Quoted` words become code."""
    words, *others = map(html.escape, _SIGILS.split(_short(text)))
    # What was split at, and what follows that.
    pairs = zip(others[::2], others[1::2], strict=True)
    sentence = words + "".join(f"<span>{sigil}</span>{rest}" for sigil, rest in pairs)
    return _QUOTED.sub(r"<code>\1</code>", sentence)


def _short(text: str) -> str:
    line = printable.line(text)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


@dataclass(frozen=True)
class Section:
    """A title and a block of HTML made of items, as many as there is room for."""

    title: str
    opening: str
    items: Sequence[str]
    closing: str

    def within(self, room: int) -> str:
        """The section in so many bytes of UTF-8 at the most, saying how much is left out; nothing
        where it has no items, or where not even its title has room."""
        if not self.items:
            return ""
        left_out = f"<p>Left out here: {len(self.items)} more.</p>"
        frame = (f"### {self.title}\n", self.opening, self.closing, f"\n{left_out}\n")
        room -= sum(map(size, frame)) + len(frame)
        kept = []
        for item in self.items:
            room -= size(item) + 1
            if room < 0:
                break
            kept.append(item)
        missing = len(self.items) - len(kept)
        if not kept:
            return ""
        lines = [f"### {self.title}\n", self.opening, *kept, self.closing]
        if missing:
            lines.append(f"\n<p>Left out here: {missing} more.</p>")
        return "\n".join(lines) + "\n"


def size(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text.encode("utf-8", "backslashreplace"))
