"""Which suites of the Debian archive hold which QEMU."""

from __future__ import annotations

from pciabi.distribution.suites import Suite

SUITES = (
    Suite("bullseye", series="5.2"),
    Suite("bookworm", series="7.2"),
    Suite("trixie", series="10.0"),
    Suite("trixie-backports", base="trixie"),
    Suite("bookworm-backports", base="bookworm"),
    Suite("forky"),
    Suite("sid"),
)
