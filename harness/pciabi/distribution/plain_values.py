"""Values read from JSON into dataclasses of plain values, each held against its type.

By hand: whoever asks for a release in the cache waits for what this imports, and a library of
models takes as long to import as two machines take to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints


def plain_value(kind: Any, value: object) -> Any:
    """A value of that type: a dataclass, a tuple, a text or a number. Raises ValueError."""
    if is_dataclass(kind):
        return _made(kind, value)
    if get_origin(kind) is tuple:
        return tuple(_items(get_args(kind), value))
    # A truth value is a number to Python, and to no manifest.
    if kind not in (str, int) or not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{value!r:.40} is no {kind.__name__}")
    return value


def _made(kind: Any, value: object) -> Any:
    types = _types(kind)
    if not isinstance(value, dict) or value.keys() != types.keys():
        raise ValueError(f"{value!r:.40} is no {kind.__name__}")
    return kind(**{name: plain_value(type_, value[name]) for name, type_ in types.items()})


@cache
def _types(kind: Any) -> Mapping[str, Any]:
    """The fields of a dataclass and their types."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _items(kinds: tuple[Any, ...], value: object) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{value!r:.40} is no list")
    repeated = kinds[1:] == (Ellipsis,)
    if not repeated and len(kinds) != len(value):
        raise ValueError(f"{value!r:.40} has not {len(kinds)} parts")
    all_kinds = kinds[:1] * len(value) if repeated else kinds
    return [plain_value(kind, item) for kind, item in zip(all_kinds, value, strict=True)]
