"""JSON files of the user's, with every error at file:line.

Only where something is wrong is the text gone through again, to find the line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from pciabi.errors import InputError, SourcePosition

_SPACE = re.compile(r"[ \t\r\n]*")


class _Doubled(Exception):
    """A key appears twice in one object."""


def text_of(raw: bytes, file: str) -> str:
    """The file's text. Raises InputError where it is none."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", place=SourcePosition(file, line)) from None


def load(text: str, file: str) -> Any:
    """The JSON value in the text. Raises InputError with file and line."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        place = SourcePosition(file, error.lineno, error.colno)
        raise InputError(f"not valid JSON: {error.msg}", place=place) from None
    except _Doubled as error:
        raise InputError(f"key '{error}' appears twice", place=SourcePosition(file, 1)) from None
    except RecursionError:
        raise InputError("nested too deeply", place=SourcePosition(file, 1)) from None
    except ValueError as error:
        # A number of thousands of digits, or none that JSON knows.
        message = f"not valid JSON: {str(error)[:80]}"
        raise InputError(message, place=SourcePosition(file, 1)) from None


def place_of(text: str, location: Sequence[int | str], file: str) -> SourcePosition:
    """Where the part of a valid JSON text stands that the location leads to, or as much of the
    location as there is."""
    at = _locate(text, location)
    line = text.count("\n", 0, at) + 1
    return SourcePosition(file, line, at - text.rfind("\n", 0, at))


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _Doubled(next(key for key in keys if keys.count(key) > 1))
    return result


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _locate(text: str, location: Sequence[int | str]) -> int:
    at = _skip(text, 0)
    for step in location:
        found = _step(text, at, step)
        if found is None:
            break
        at = found
    return at


def _step(text: str, at: int, step: int | str) -> int | None:
    """The place of an element, or of the key of an entry's value, in the value at `at`."""
    closing = {"{": "}", "[": "]"}.get(text[at])
    if closing is None:
        return None
    decoder = json.JSONDecoder()
    place, count = _skip(text, at + 1), 0
    while text[place] != closing:
        start = place
        key: int | str = count
        if closing == "}":
            key, place = decoder.raw_decode(text, place)
            start = place = _skip(text, _skip(text, place) + 1)
        if key == step:
            return start
        _, place = decoder.raw_decode(text, place)
        place = _skip(text, place)
        if text[place] == ",":
            place = _skip(text, place + 1)
        count += 1
    return None


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None, "matches the empty text too"
    return match.end()
