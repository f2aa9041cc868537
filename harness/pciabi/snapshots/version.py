"""The version of snapshot files that is written, and the longest name in one."""

from __future__ import annotations

SCHEMA = "pciabi-snapshot/3"
MAX_NAME = 1_000
