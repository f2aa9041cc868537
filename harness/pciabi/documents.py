"""YAML and JSON files of the user's, read into a pydantic model with every error at file:line.

YAML scalars keep the text the user wrote and the model decides what they mean: YAML 1.1 would
read `addr: 5.0` as a float and `52:54:00:12:34:56` as a base-60 number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from pciabi.bounded_files import limited, read_limited
from pciabi.errors import InputError, SourcePosition
from pciabi.json_documents import place_of

MAX_BYTES = 1_000_000
MAX_NODES = 20_000
MAX_DEPTH = 40
_STANDARD_TAGS = "tag:yaml.org,2002:"
_SCALAR_TAGS = {
    _STANDARD_TAGS + name for name in ("null", "bool", "int", "float", "str", "timestamp")
}

# What a parser quotes of a file that may not be ours. Its own words for tokens are in <>.
_QUOTED = re.compile(r""" (?:'(?!<)[^']{2,}'|"(?!<)[^"]{2,}")""")
M = TypeVar("M", bound=BaseModel)
Location = tuple[int | str, ...]
Positions = dict[Location, SourcePosition]

Text = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""Text that an editor's YAML parser may take for a number or a boolean (`0x3`, `on`)."""


class Strict(BaseModel):
    """A frozen model that refuses unknown keys and names the ones it knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _know_every_key(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = _keys(cls)
            for key in data:
                if key not in known:
                    raise PydanticCustomError(
                        "unknown_key",
                        "unknown key '{key}', allowed: {known}",
                        {"key": key, "known": ", ".join(known)},
                    )
        return data


def read(path: Path, model: type[M]) -> M:
    """The file as an instance of `model`. Raises InputError with file and line."""
    return read_with_positions(path, model)[0]


def read_with_positions(
    path: Path, model: type[M], raw: bytes | None = None
) -> tuple[M, Positions]:
    """The file as an instance of `model`, and where each part of it stands.

    Positions are keyed by the way from the root (`("steps", 1, "remove")`); that of a mapping
    entry is its key's. `raw` is the file's content where that was read already: a pipe can be
    read once only. Raises InputError.
    """
    return read_alternatives(path, lambda _data: model, (model,), raw)


def read_alternatives(
    path: Path,
    choose: Callable[[Any], type[M]],
    models: Sequence[type[M]],
    raw: bytes | None = None,
) -> tuple[M, Positions]:
    """As `read_with_positions`, with the one of the models that `choose` picks for the file's
    content."""
    known = dict.fromkeys(key for model in models for key in _keys(model))
    content = read_limited(path, MAX_BYTES) if raw is None else limited(raw, path, MAX_BYTES)
    data, positions = _load(content, path, tuple(known))
    try:
        return choose(data).model_validate(data), positions
    except ValidationError as error:
        start = SourcePosition(str(path), 1)
        raise explain(error, lambda location: _nearest(location, positions, start)) from None


def validate_json(data: Any, model: type[M], text: str, file: str) -> M:
    """The value of a JSON text as an instance of `model`. Raises InputError with file and line."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise explain(error, lambda location: place_of(text, location, file)) from None


def _nearest(location: Location, positions: Positions, start: SourcePosition) -> SourcePosition:
    while location and location not in positions:
        location = location[:-1]
    return positions.get(location, start)


def _one_line(text: str) -> str:
    """The text with whatever would break the line, or steer a terminal, written out."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def explain(
    error: ValidationError, place_of: Callable[[Location], SourcePosition], within: Location = ()
) -> InputError:
    """pydantic's error in our words; `place_of` says where a part of the document stands, and
    `within` is the part of it that was validated."""
    first, *more = error.errors(include_url=False)
    location: Location = (*within, *first["loc"])
    context = first.get("ctx", {})
    if first["type"] == "unknown_key":
        location = (*location, str(context["key"]))
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] != "unknown_key" and "input" in first and isinstance(first["input"], str):
        message = f"{message}, got '{first['input'][:80]}'"
    name = ".".join(str(part) for part in location if not str(part).startswith("function-"))
    return InputError(
        _one_line(f"{name}: {message}" if name else message),
        advice=f"and {len(more)} more" if more else "",
        place=place_of(location),
    )


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _load(raw: bytes, path: Path, known: Sequence[str]) -> tuple[Any, Positions]:
    start = SourcePosition(str(path), 1)
    try:
        root = yaml.compose(raw.decode(), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", place=start) from error
    except RecursionError:
        raise InputError("nested too deeply", place=start) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = SourcePosition(str(path), mark.line + 1, mark.column + 1) if mark else start
        problem = _QUOTED.sub("", str(error.problem or error.context))
        raise InputError(f"not valid YAML: {problem}", place=place) from None
    except yaml.YAMLError as error:
        raise InputError(f"not valid YAML: {str(error).splitlines()[0]}", place=start) from None
    if root is None:
        raise InputError("empty file", place=start)
    reading = _Reading(str(path), _foreign(root, known, start))
    data = reading.value(root, ())
    if reading.foreign is not None:
        raise reading.foreign
    return data, reading.positions


def _foreign(root: yaml.Node, known: Sequence[str], start: SourcePosition) -> InputError | None:
    """The error for a file that is something else (of passwords, say), None for one of ours."""
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    if any(isinstance(key, yaml.ScalarNode) and key.value in known for key, _ in pairs):
        return None
    return InputError(f"none of its keys is one of: {', '.join(known)}", place=start)


class _Reading:
    """One pass over a node tree, counting what aliases expand to.

    `foreign` is the error for a file that is none of ours, of which nothing must be quoted.
    """

    def __init__(self, file: str, foreign: InputError | None) -> None:
        self.file = file
        self.foreign = foreign
        self.positions: Positions = {}
        self.nodes = 0

    def place(self, node: yaml.Node) -> SourcePosition:
        return SourcePosition(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def wrong(self, node: yaml.Node, message: str) -> InputError:
        return InputError(message, place=self.place(node))

    def value(self, node: yaml.Node, location: Location) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or len(location) > MAX_DEPTH:
            raise InputError("too large or nested too deeply", place=self.place(node))
        self.positions.setdefault(location, self.place(node))
        if isinstance(node, yaml.ScalarNode):
            if node.tag not in _SCALAR_TAGS:
                raise self.foreign or self.wrong(node, f"tag {node.tag} is not allowed")
            return None if node.tag == _STANDARD_TAGS + "null" else node.value
        sequence = isinstance(node, yaml.SequenceNode)
        if node.tag != _STANDARD_TAGS + ("seq" if sequence else "map"):
            raise self.foreign or self.wrong(node, f"tag {node.tag} is not allowed")
        if sequence:
            return [self.value(item, (*location, i)) for i, item in enumerate(node.value)]
        return self._mapping(node, location)

    def _mapping(self, node: yaml.Node, location: Location) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise InputError("a key must be plain text", place=self.place(key))
            if key.value in result:
                raise self.foreign or self.wrong(key, f"key '{key.value}' appears twice")
            self.positions[(*location, key.value)] = self.place(key)
            result[key.value] = self.value(value, (*location, key.value))
        return result
