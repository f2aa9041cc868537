"""A snapshot as the text of a file that goes into git: one fact a line, in stable order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pciabi import __version__
from pciabi.abi.families import families, function_families, shown
from pciabi.abi.identity import identity
from pciabi.abi.naming import words
from pciabi.abi.reading import reading
from pciabi.abi.snapshot import PlacedFunction, Provenance, Snapshot
from pciabi.pci import registers as reg
from pciabi.pci.facts import Facts
from pciabi.snapshots.plain import plain
from pciabi.snapshots.version import MAX_NAME, SCHEMA

_ROW_BYTES = 16
_INDENT = " "


def render(snapshot: Snapshot) -> str:
    """The file, in ASCII. lspci's text of each function is not kept, but for its heading."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tool": "pciabi",
        "version": __version__,
        "provenance": _provenance(snapshot.provenance),
        "functions": [_function(placed) for placed in snapshot.functions],
        "facts": _facts(snapshot.facts),
        "unreachable": [
            {"path": str(u.path), "id": u.qdev_id, "device": u.device, "reason": u.reason}
            for u in snapshot.unreachable
        ],
        "substitutions": [
            {
                "option": s.option,
                "inert": s.inert,
                "id": s.qdev_id,
                "device": s.device,
                "ordinal": s.ordinal,
                "unknown": list(s.unknown),
            }
            for s in snapshot.substitutions
        ],
        "creations": [
            {"id": c.qdev_id, "device": c.device, "path": str(c.path), "pinned": c.pinned}
            for c in snapshot.creations
        ],
    }
    return _text(document, "") + "\n"


def _provenance(origin: Provenance) -> dict[str, Any]:
    return {
        "probe": origin.probe,
        "qemu_version": origin.qemu_version,
        "qemu_package": origin.qemu_package,
        "machine": origin.machine,
        "accelerator": origin.accelerator,
        "firmware": origin.firmware,
        "guest": origin.guest,
        "command_line": list(origin.command_line),
        **({"libvirt": origin.libvirt} if origin.libvirt else {}),
    }


def _function(placed: PlacedFunction) -> dict[str, Any]:
    function = placed.function
    return {
        "address": str(placed.address),
        "path": str(placed.path) if placed.path_is_read else None,
        "id": placed.qdev_id,
        "device": placed.device,
        "name": words(placed)[:MAX_NAME],
        "summary": list(summary(placed)),
        "size": len(function.config),
        "config": _rows(function.config),
        "known": "all" if function.is_whole else _rows(function.known),
        "facts": _facts(placed.facts),
    }


def _facts(facts: Facts) -> dict[str, Any]:
    forms = {family.key.name: family.form for family in families()}
    written = {}
    for name, fact in facts:
        form = forms[name]
        assert form is not None, "what is inherent is no fact"
        written[name] = plain(form.write(fact))
    return written


def summary(placed: PlacedFunction) -> Iterator[str]:
    """What the bytes of a function mean, a line for the ids and one for each capability."""
    read = reading(placed.function)
    config = placed.function.config
    vendor, device, class_code = identity(placed)
    subsystem = ""
    if read.space.header_type == reg.HEADER_TYPE_NORMAL:
        ids = config[reg.SUBSYSTEM_VENDOR_ID : reg.SUBSYSTEM_VENDOR_ID + 4]
        subsystem = f" subsystem {ids[1::-1].hex()}:{ids[3:1:-1].hex()}"
    yield (
        f"{vendor:04x}:{device:04x} class {class_code:06x} "
        f"revision {config[reg.REVISION_ID]:02x}{subsystem}"
    )
    for capability in read.space.capabilities:
        version = f" version {capability.version}" if capability.version is not None else ""
        yield f"capability at 0x{capability.offset:02x}: {capability.name}{version}"
    for finding in read.space.findings:
        yield f"finding at 0x{finding.offset:02x}: {finding.message}"
    yield from shown(placed)
    missing = [name for family in function_families() for name in family.missing(placed)]
    if missing:
        yield f"not read: {', '.join(sorted(missing))}"


def _rows(data: bytes) -> dict[str, str]:
    rows = {}
    for start in range(0, len(data), _ROW_BYTES):
        row = data[start : start + _ROW_BYTES]
        if any(row):
            rows[f"{start:02x}"] = row.hex(" ")
    return rows


def _text(value: Any, indent: str) -> str:
    """JSON with each fact on a line of its own: objects and lists of plain values that stand in
    a list, and empty ones, keep to one line."""
    inner = indent + _INDENT
    if isinstance(value, Mapping) and value:
        items = [f"{json.dumps(key)}: {_entry(key, part, inner)}" for key, part in value.items()]
        return "{\n" + ",\n".join(inner + item for item in items) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        parts = [json.dumps(part) if _is_fact(part) else _text(part, inner) for part in value]
        return "[\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}]"
    return json.dumps(value)


def _entry(key: str, part: Any, indent: str) -> str:
    if key != "facts" or not part:
        return _text(part, indent)
    inner = indent + _INDENT
    items = [
        f"{json.dumps(name)}: {_text(fact, inner) if _takes_lines(fact) else json.dumps(fact)}"
        for name, fact in part.items()
    ]
    return "{\n" + ",\n".join(inner + item for item in items) + f"\n{indent}}}"


def _is_fact(value: Any) -> bool:
    """Whether a value in a list is one fact: no list of parts, no rows."""
    return not isinstance(value, Mapping) or "config" not in value


def _takes_lines(fact: Any) -> bool:
    """Whether a fact takes several lines: a list, or what has one, and a table of texts by names
    that nobody knows beforehand."""
    if isinstance(fact, Mapping) and fact and all(isinstance(part, str) for part in fact.values()):
        return True
    parts = fact.values() if isinstance(fact, Mapping) else ()
    return isinstance(fact, list) or any(isinstance(part, list) and part for part in parts)
