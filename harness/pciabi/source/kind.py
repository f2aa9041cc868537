"""What a file is that a user names as something to read hardware from: told by its content."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pciabi.errors import InputError, SourcePosition
from pciabi.json_documents import read_limited
from pciabi.scenario.load import SUFFIX
from pciabi.snapshots import lspci_text, read

_SCENARIO_KEYS = (b"machine:", b"devices:", b"steps:", b"matrix:", b"summary:", b"image:")


class Kind(StrEnum):
    """What a file holds: a reading of hardware, or the configuration of a VM to be read."""

    SNAPSHOT = "snapshot"
    LSPCI = "text of lspci"
    SCENARIO = "scenario"
    COMMAND_LINE = "QEMU command line"

    @property
    def is_recorded(self) -> bool:
        """Whether the hardware was read already."""
        return self in (Kind.SNAPSHOT, Kind.LSPCI)


def content(path: Path) -> bytes:
    """The file's bytes. Raises InputError where it cannot be read or is too large."""
    return read_limited(path, read.MAX_BYTES)


def kind_of(path: Path, raw: bytes) -> Kind:
    """What the file holds. Raises InputError for something else."""
    if read.is_snapshot(raw):
        return Kind.SNAPSHOT
    if lspci_text.is_lspci(raw):
        return Kind.LSPCI
    if path.name.endswith(SUFFIX) or _has_scenario_keys(raw):
        return Kind.SCENARIO
    if b"qemu" in raw or raw.lstrip().startswith((b"-", b"[")):
        return Kind.COMMAND_LINE
    raise InputError(
        "neither a snapshot, nor lspci's text, a scenario or a QEMU command line",
        advice="`pciabi snapshot` makes a snapshot; lspci -nn -vvv -xxxx prints a text to save",
        place=SourcePosition(str(path), 1),
    )


def _has_scenario_keys(raw: bytes) -> bool:
    return any(line.startswith(_SCENARIO_KEYS) for line in raw.split(b"\n"))
