"""Manifests: what something in the cache was made of, and the checksums of its files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pciabi.distribution.packages import checksum
from pciabi.distribution.plain_values import plain_value
from pciabi.errors import PackageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FILE_NAME = "manifest.json"
T = TypeVar("T", bound="DataclassInstance")


@dataclass(frozen=True)
class ManifestShape(Generic[T]):
    """One kind of manifest: the name and version of its schema, and the dataclass it reads into.

    The dataclass has a field `files`: (name, SHA-256 in hex) pairs, sorted by name.
    """

    schema: str
    content: type[T]

    def dumps(self, manifest: T) -> bytes:
        """The manifest as JSON, the same bytes for the same manifest."""
        document: dict[str, Any] = {"schema": self.schema, **asdict(manifest)}
        document["files"] = dict(document["files"])
        return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()

    def loads(self, text: bytes, place: Path) -> T:
        """Inverse of `dumps`. Raises PackageError naming `place`."""
        try:
            document = json.loads(text)
            if document.pop("schema") != self.schema:
                raise ValueError("another version's manifest")
            document["files"] = sorted(document["files"].items())
            content: T = plain_value(self.content, document)
            return content
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
            raise PackageError(f"{place} is damaged") from error


def digest(text: bytes) -> str:
    """What names the content: the SHA-256, in hex, of its manifest's bytes."""
    return hashlib.sha256(text).hexdigest()


def verify(folder: Path, files: Iterable[tuple[str, str]], advice: str) -> None:
    """Hold the files in a folder against their checksums. Raises PackageError, with the advice."""

    listed, workers = tuple(files), len(os.sched_getaffinity(0))
    shares = [listed[first::workers] for first in range(workers)]
    # The sums are made without Python's lock: every processor makes some.
    with ThreadPoolExecutor(workers, "pciabi-verify") as executor:
        for _ in executor.map(partial(_verify, folder, advice), shares):
            pass


def _verify(folder: Path, advice: str, files: Iterable[tuple[str, str]]) -> None:
    for name, said in files:
        try:
            found = checksum(folder / name)
        except OSError as error:
            raise PackageError(
                f"{folder} is incomplete: {name}: {error.strerror}", advice=advice
            ) from error
        if found != said:
            raise PackageError(f"{folder / name} is damaged", advice=advice)


def checksums(folder: Path, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The `files` of a manifest: these files in a folder, with their checksums."""
    return tuple((name, checksum(folder / name)) for name in sorted(names))
