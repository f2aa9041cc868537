"""Which suites of the Debian archive hold which libvirt."""

from __future__ import annotations

from pciabi.distribution.suites import Suite

SUITES = (
    Suite("bullseye", series="7.0"),
    Suite("bookworm", series="9.0"),
    Suite("trixie", series="11.3"),
    Suite("bookworm-backports", base="bookworm"),
    Suite("trixie-backports", base="trixie"),
    Suite("forky"),
    Suite("sid"),
)
