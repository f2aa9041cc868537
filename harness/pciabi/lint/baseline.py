"""Findings that were there when pciabi was adopted, kept in a file so that only new ones count.

An entry holds no line, so that edits elsewhere in a file do not bring a finding back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pciabi.bounded_files import read_limited
from pciabi.errors import InputError, SourcePosition
from pciabi.lint.engine import FileResult
from pciabi.lint.finding import Finding

MAX_BYTES = 32_000_000
SCHEMA = "pciabi-lint-baseline/1"
Key = tuple[str, str, str, str]


def key(finding: Finding) -> Key:
    """What makes a finding the same one: file, rule, VM and device."""
    return finding.span.start.file, finding.name, finding.vm, finding.device


def render(results: Iterable[FileResult]) -> str:
    """The baseline file of these results."""
    counted = Counter(key(finding) for result in results for finding in result.findings)
    entries = [
        {"file": file, "name": name, "vm": vm, "device": device, "count": count}
        for (file, name, vm, device), count in sorted(counted.items())
    ]
    return json.dumps({"schema": SCHEMA, "findings": entries}, indent=1) + "\n"


def load(path: Path) -> Counter[Key]:
    """How often each finding was there. Raises InputError."""
    place = SourcePosition(str(path), 1)
    try:
        document = json.loads(read_limited(path, MAX_BYTES))
        if document["schema"] != SCHEMA:
            raise InputError(f"is no {SCHEMA} file", place=place)
        return Counter(
            {
                (str(e["file"]), str(e["name"]), str(e["vm"]), str(e["device"])): int(e["count"])
                for e in document["findings"]
            }
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"is no {SCHEMA} file: {error}", place=place) from None


def without(results: Sequence[FileResult], known: Counter[Key]) -> tuple[FileResult, ...]:
    """The results without the findings that were known, each as often as it was."""
    left = Counter(known)
    return tuple(replace(result, findings=tuple(_new(result, left))) for result in results)


def _new(result: FileResult, left: Counter[Key]) -> Iterable[Finding]:
    for finding in result.findings:
        if left[key(finding)] > 0:
            left[key(finding)] -= 1
        else:
            yield finding
