"""Domains as people write them, before any libvirt has defined them: one file each, below
`domains/`, whose folder says what it is rich in.

A comment `<!-- libvirt 9.0 to 11.3 -->` in front of `<domain>` says which libvirts take it, a
comment `<!-- QEMU 7.2 -->` which QEMUs have what it asks for; either end may be left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "domains"
_RANGE = r"<!-- {} (?P<first>[\d.]+)?(?: to (?P<last>[\d.]+))? -->"


@dataclass(frozen=True)
class VariedDomain:
    """A domain: what it is called (`machine/hmat`) and its XML."""

    name: str
    text: str

    def is_for(self, libvirt: str, qemu: str) -> bool:
        """Whether that libvirt takes it and that QEMU has what it asks for."""
        return self._lies_in("libvirt", libvirt) and self._lies_in("QEMU", qemu)

    def _lies_in(self, product: str, release: str) -> bool:
        match = re.search(_RANGE.format(product), self.text)
        if match is None:
            return True
        first, last = (_version(match[end]) if match[end] else None for end in ("first", "last"))
        version = _version(release)
        return (first is None or first <= version) and (last is None or version <= last)


def varied_domains() -> tuple[VariedDomain, ...]:
    """All of them, in order of their names."""
    paths = sorted(_FOLDER.glob("*/*.xml"))
    return tuple(
        VariedDomain(f"{path.parent.name}/{path.stem}", path.read_text()) for path in paths
    )


def _version(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))
