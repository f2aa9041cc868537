"""An image's manifest: what it was built from, and the checksums of what was built."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pciabi.distribution.packages import Package
from pciabi.errors import ImageError

SCHEMA = "pciabi-image/1"
FILE_NAME = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says. `files` are (name, SHA-256 in hex) pairs, sorted by name."""

    name: str
    kernel_version: str
    kernel_arguments: str
    packages: tuple[Package, ...]
    files: tuple[tuple[str, str], ...]


_READER = TypeAdapter(Manifest)


def dumps(manifest: Manifest) -> bytes:
    """The manifest as JSON, the same bytes for the same manifest."""
    document: dict[str, Any] = {"schema": SCHEMA, **asdict(manifest)}
    document["files"] = dict(manifest.files)
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def loads(text: bytes, place: Path) -> Manifest:
    """Inverse of `dumps`. Raises ImageError naming `place`."""
    try:
        document = json.loads(text)
        if document.pop("schema") != SCHEMA:
            raise ValueError("another version's manifest")
        document["files"] = sorted(document["files"].items())
        return _READER.validate_python(document)
    except (ValidationError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ImageError(f"{place} is damaged") from error


def digest(text: bytes) -> str:
    """What names an image's content: the SHA-256, in hex, of its manifest's bytes."""
    return hashlib.sha256(text).hexdigest()
