"""The words for baselines that were accepted, and for those that were recorded. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from pciabi.abi.change import Change
from pciabi.abi.judgement import Severity
from pciabi.report.words.changes import what, who


def accepted(path: Path, changes: Sequence[Change]) -> Iterator[str]:
    """What a baseline's new text holds that its old one did not: a line for each device with
    something that may matter, and how much else."""
    yield f"accepted: {path}"
    weighty = [change for change in changes if change.severity is not Severity.BENIGN]
    for device, of_device in groupby(weighty, key=who):
        told = ", ".join(f"{what(change)} ({change.severity})" for change in of_device)
        yield f"    {device}: {told}"
    benign = len(changes) - len(weighty)
    if benign:
        yield f"    {benign} benign {'difference' if benign == 1 else 'differences'}"


def all_accepted(baselines: int, unchanged: int) -> str:
    """What became of all of them, in one line."""
    return f"{_counted(baselines)} accepted; {unchanged} did not differ and stayed as they were"


def all_recorded(recorded: int, kept: int, folder: Path) -> str:
    """What became of the VMs that were to be recorded, in one line."""
    left = f"; {kept} had one and kept it (`--against {folder}` holds them)" if kept else ""
    return f"{_counted(recorded)} recorded in {folder}{left}"


def _counted(baselines: int) -> str:
    return "1 baseline" if baselines == 1 else f"{baselines} baselines"
