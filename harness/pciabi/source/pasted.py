"""lspci's text as people paste it: with the prompt they typed `lspci` at, or of a kind without ids.

A line that is left out stays as an empty one, so that every other keeps its number.
"""

from __future__ import annotations

import re
from pathlib import Path

from pciabi.errors import InputError, SourcePosition

_FIRST_LINES = 40
_PROMPT = re.compile(rb"([^\n]*?[#$%>])[ \t]*(?:sudo +)?(?:\S*/)?lspci(?:[ \t][^\n]*)?")
_FUNCTION = re.compile(rb"(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7] ")
# `-[0000:00]-+-00.0`, or `-[00]-`; several domains hang from `-+-`.
_TREE = re.compile(rb"-\+?-?\[[0-9a-f]{2,}(?:[:-][0-9a-f]{2,})*\]-")
_ADVICE = "lspci -nn -vvv -xxxx prints a text to save"


def is_lspci(raw: bytes) -> bool:
    """Whether the bytes begin like lspci's text. An empty text is taken for one that was cut."""
    stripped = raw.strip()
    return not stripped or _FUNCTION.match(stripped) is not None


def without_prompt(raw: bytes) -> bytes:
    """The text without a first line that is the command itself, and the prompt that follows."""
    lines = raw.split(b"\n")
    at = next((number for number, line in enumerate(lines) if line.strip()), 0)
    typed = _PROMPT.fullmatch(lines[at].rstrip(b"\r"))
    if typed is None or _FUNCTION.match(lines[at]):
        return raw
    prompt = typed[1].strip()
    lines[at] = b""
    for number in range(at, len(lines)):
        # Below the output the shell asks again, for `exit` at the most.
        if lines[number].strip() in (prompt, prompt + b" exit", b"logout"):
            lines[number] = b""
    return b"\n".join(lines)


def must_tell_ids(path: Path, raw: bytes) -> None:
    """Raise InputError for `lspci -t`, and for lspci's text with something else in front."""
    lines = raw.split(b"\n", _FIRST_LINES)[:_FIRST_LINES]
    said = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not said:
        return
    number, first = said[0]
    if _TREE.match(first):
        raise InputError(
            "lspci -t shows no ids", advice=_ADVICE, place=SourcePosition(str(path), number)
        )
    if not _is_something(first) and any(_FUNCTION.match(line) for _, line in said):
        raise InputError(
            "this line is none of lspci's, and a function of lspci's follows below",
            advice="take it out",
            place=SourcePosition(str(path), number),
        )


def _is_something(line: bytes) -> bool:
    """Whether a file that begins so may be of another kind that quotes lspci's text."""
    return line.lstrip()[:1] in (b"{", b"<", b"#", b"-", b"[") or b"qemu" in line
