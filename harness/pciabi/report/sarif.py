"""What every SARIF 2.1.0 log (OASIS) of ours shares: the envelope, rules, places, fingerprints.
Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pciabi import __version__
from pciabi.errors import SourcePosition

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"


@dataclass(frozen=True)
class ReportingDescriptor:
    """A rule's id, a title, what it means, how to mend it, and the level of its results."""

    id: str
    title: str
    meaning: str
    remedy: str
    level: str = "error"


def render(
    rules: Sequence[ReportingDescriptor], results: Sequence[dict[str, Any]], run: dict[str, Any]
) -> str:
    """A log of one run, in ASCII. `run` holds further properties of the run."""
    driver = {
        "name": "pciabi",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in rules],
    }
    whole = {
        "tool": {"driver": driver},
        **run,
        "columnKind": "unicodeCodePoints",
        "results": list(results),
    }
    log = {"$schema": SCHEMA, "version": VERSION, "runs": [whole]}
    return json.dumps(log, indent=1) + "\n"


def physical_location(place: SourcePosition) -> dict[str, Any]:
    """A place in a user's file, its path relative to the working directory where it lies below
    it: code scanning matches that with the repository."""
    return {
        "artifactLocation": {"uri": _uri(place.file)},
        "region": {"startLine": place.line, "startColumn": place.column},
    }


def fingerprint(*facts: object) -> str:
    """What makes a result the same finding in the next run."""
    return hashlib.sha256(repr([str(fact) for fact in facts]).encode()).hexdigest()


def _rule(rule: ReportingDescriptor) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.title.split()),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.meaning},
        "help": {
            "text": f"{rule.meaning} {rule.remedy}",
            "markdown": f"{rule.meaning}\n\n**To mend it:** {rule.remedy}",
        },
        "defaultConfiguration": {"level": rule.level},
    }


def relative(file: str) -> str:
    """A file's path from the working directory where it lies below that, else the whole of it:
    however it was spelled, and wherever a repository is checked out."""
    path, here = Path(file).absolute(), Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _uri(file: str) -> str:
    path = relative(file)
    return ("file://" if path.startswith("/") else "") + quote(path, errors="replace")
