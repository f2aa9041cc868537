"""A capture of a guest's PCI hardware, as a test has it at hand: lspci's text, or a snapshot."""

from __future__ import annotations

from pathlib import Path

from pciabi.abi.snapshot import Snapshot
from pciabi.bounded_files import limited, read_limited
from pciabi.errors import InputError, SourcePosition
from pciabi.result.side import Side
from pciabi.snapshots import version
from pciabi.source import pasted

Capture = str | bytes | Path
"""The text itself, or the path of the file that it is in."""


def side(capture: Capture, name: str) -> Side:
    """One side of a comparison; `name` is what it is called where it has no file.

    Raises InputError for what is no capture, CannotTest for one that lists no function, TypeError.
    """
    file = str(capture) if isinstance(capture, Path) else name
    raw = pasted.without_prompt(_bytes(capture, name))
    label = capture.name if isinstance(capture, Path) else name
    return Side(label, _snapshot(raw, file, capture), SourcePosition(file, 1), {})


def _bytes(capture: Capture, name: str) -> bytes:
    if isinstance(capture, Path):
        return read_limited(capture, version.MAX_BYTES)
    if isinstance(capture, str):
        # A lone surrogate is none of UTF-8's then, and told as that.
        capture = capture.encode("utf-8", "surrogatepass")
    elif not isinstance(capture, bytes):
        kind = type(capture).__name__
        raise TypeError(f"{name} is of type {kind}: a str, bytes or Path is wanted")
    return limited(capture, Path(name), version.MAX_BYTES)


def _snapshot(raw: bytes, file: str, capture: Capture) -> Snapshot:
    # Neither is imported above: a snapshot's model takes longer than lspci's text to read.
    if version.is_snapshot(raw):
        from pciabi.snapshots import read

        return read.parse(raw, file)
    if pasted.is_lspci(raw):
        from pciabi.snapshots import lspci_text

        return lspci_text.parse(raw, file)
    pasted.must_tell_ids(Path(file), raw)
    if isinstance(capture, str) and "\n" not in capture.strip():
        advice = "a str is the text itself: write pathlib.Path(…) around the name of a file"
    else:
        advice = "lspci -nn -vvv -xxxx prints the one, `pciabi snapshot` makes the other"
    raise InputError(
        "neither lspci's text nor a snapshot", advice=advice, place=SourcePosition(file, 1)
    )
