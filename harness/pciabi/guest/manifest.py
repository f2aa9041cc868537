"""An image's manifest: what it was built from, and the checksums of what was built."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.distribution.manifest import ManifestShape
from pciabi.distribution.packages import Package


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says. `files` are (name, SHA-256 in hex) pairs, sorted by name."""

    name: str
    kernel_version: str
    kernel_arguments: str
    packages: tuple[Package, ...]
    files: tuple[tuple[str, str], ...]


FORM = ManifestShape("pciabi-image/1", Manifest)
