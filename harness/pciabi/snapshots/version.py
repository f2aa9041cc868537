"""What a snapshot file is known by: the version that is written, and how large a file may be.

It stands apart from the shape of the file, for who only writes one, or asks whether something is
one, need not wait for the library that reads it.
"""

from __future__ import annotations

SCHEMA = "pciabi-snapshot/3"
FAMILY = SCHEMA.partition("/")[0]
MAX_BYTES = 32_000_000
MAX_NAME = 1_000
_FIRST_BYTES = 4096


def is_snapshot(raw: bytes) -> bool:
    """Whether the bytes claim to be a snapshot file, of whatever version."""
    return raw.lstrip()[:1] == b"{" and f'"{FAMILY}/'.encode() in raw[:_FIRST_BYTES]
