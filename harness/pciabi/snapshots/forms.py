"""Facts read back from the forms in which they stand in a snapshot file, each family's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pciabi.abi.family import Family
from pciabi.documents import Location, explain
from pciabi.errors import InputError, SourcePosition
from pciabi.pci.facts import Facts, facts_of

_Family = Family[Any, Any]


def facts_in(
    parts: Mapping[str, Any],
    families: Iterable[_Family],
    within: Location,
    place_of: Callable[[Location], SourcePosition],
) -> Facts:
    """The facts of these families in a mapping from the families' names to their forms.

    `within` is where the document has the mapping, and `place_of` says where a part of the
    document stands. Raises InputError for a form that its family does not have, and for a family
    that nobody knows.
    """
    known = {family.key.name: family for family in families if family.form is not None}
    facts = {}
    for name, part in parts.items():
        if name not in known:
            raise InputError(
                f"there are no facts called '{name[:40]}' here, but {_listed(known)}",
                advice="a newer pciabi than this one may have written them",
                place=place_of((*within, name)),
            )
        facts[name] = _fact(known[name], part, (*within, name), place_of)
    return facts_of(facts)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none at all"


def _fact(
    family: _Family, part: Any, within: Location, place_of: Callable[[Location], SourcePosition]
) -> object:
    assert family.form is not None, "only these are looked for"
    try:
        # Of JSON text pydantic makes tuples and enumerations though it is strict.
        checked = _adapter(family).validate_json(json.dumps(part), strict=True)
    except ValidationError as error:
        raise explain(error, place_of, within) from None
    try:
        fact: object = family.form.read(checked)
    except ValueError as error:
        name = ".".join(map(str, within))
        raise InputError(f"{name}: {error}", place=place_of(within)) from None
    return fact


@cache
def _adapter(family: _Family) -> TypeAdapter[Any]:
    assert family.form is not None, "the others are in no file"
    return TypeAdapter(family.form.type)


def json_schema(families: Iterable[_Family]) -> dict[str, Any]:
    """The JSON Schema of a mapping from these families' names to their forms."""
    adapters = {family.key.name: _adapter(family) for family in families if family.form is not None}
    schemas, definitions = TypeAdapter.json_schemas(
        [(name, "validation", adapter) for name, adapter in adapters.items()]
    )
    return {
        "additionalProperties": False,
        "properties": {name: schemas[name, "validation"] for name in adapters},
        **({"$defs": definitions["$defs"]} if "$defs" in definitions else {}),
    }
