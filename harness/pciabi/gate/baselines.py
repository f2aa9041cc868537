"""A folder of baselines: one recorded snapshot a VM, which later runs are held against."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pciabi.abi.change import Change
from pciabi.abi.choice import restricted
from pciabi.abi.snapshot import Snapshot
from pciabi.errors import InputError, PciabiError, SourcePosition
from pciabi.gate.baseline_name import SUFFIX, baseline_name
from pciabi.gate.configurations import Unusable
from pciabi.result.coverage import Skipped
from pciabi.result.entry import Entry, Subject
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict
from pciabi.snapshots import write
from pciabi.source.content import Content, bytes_of
from pciabi.source.take import recorded
from pciabi.source.vms import Vm

MARK = "pciabi-baselines.txt"
"""Tells a folder of baselines from any other."""

MARK_TEXT = """\
Baselines of `pciabi gate`: what a guest saw of the PCI hardware of each VM, one snapshot a file.
A file is named by the path of its VM's configuration from the folder above this one.

pciabi gate --record THIS_FOLDER CONFIG...              records VMs that have none
pciabi gate --against THIS_FOLDER --to QEMU CONFIG...   holds a QEMU against them
pciabi gate --against ... --accept                      and takes what differs for the new baseline
"""

Key = tuple[str, str]


def key_of(subject: Subject) -> Key:
    """What tells a VM from the others: its file, and its case."""
    return str(subject.file), subject.name


def is_baselines(folder: str) -> bool:
    """Whether a path leads to a folder of baselines, and to no root or build of a QEMU."""
    return os.path.isfile(os.path.join(folder, MARK))  # noqa: PTH113, PTH118 - raise nothing


@dataclass(frozen=True)
class Baseline:
    """The baseline of one VM as the earlier side of a comparison. `left_out` are the families, by
    name, that its file holds facts of and nobody asked for."""

    side: Side
    left_out: frozenset[str]


@dataclass(frozen=True)
class Baselines:
    """The baselines of VMs in a folder."""

    folder: Path
    known: Mapping[Key, Baseline]

    @property
    def name(self) -> str:
        """What the earlier side of all comparisons is called, with the packages it was read on."""
        provenances = (one.side.snapshot.provenance for one in self.known.values())
        packages = sorted({one.qemu_package for one in provenances})
        return ": ".join((f"baselines in {self.folder}", *filter(None, (", ".join(packages),))))

    def of(self, subject: Subject) -> Side | None:
        """The baseline of a VM."""
        found = self.known.get(key_of(subject))
        return None if found is None else found.side


def against(
    folder: Path, vms: Sequence[Vm | Unusable], families: frozenset[str]
) -> tuple[Baselines, tuple[Vm | Unusable, ...]]:
    """The baselines of these VMs, and the VMs, those without one as such that cannot be judged.

    Raises InputError where there is no folder.
    """
    if not os.path.isdir(folder):  # noqa: PTH112 - raises nothing
        raise InputError(
            f"there is no folder {folder} with baselines",
            advice=f"pciabi gate --record {folder} CONFIG... makes one",
        )
    known: dict[Key, Baseline] = {}
    judged: list[Vm | Unusable] = []
    for vm in vms:
        if isinstance(vm, Unusable):
            judged.append(vm)
            continue
        try:
            known[key_of(vm.subject)] = _baseline(folder, vm.subject, families)
            judged.append(vm)
        except PciabiError as error:
            judged.append(Unusable(vm.subject, error))
    return Baselines(folder, known), tuple(judged)


def skipped(
    folder: Path, vms: Sequence[Vm | Unusable], others: Sequence[Skipped]
) -> Iterator[Skipped]:
    """Every baseline in the folder whose VM is none of these, and what else was skipped."""
    yield from (one for one in others if not _is_within(folder, Path(one.file)))
    looked_at = {folder / baseline_name(folder, vm.subject) for vm in vms}
    for path in _files(folder):
        if path not in looked_at:
            yield Skipped(str(path), "a baseline whose VM was not named")


def new_files(folder: Path, sides: Sequence[tuple[Subject, Side]]) -> tuple[tuple[Path, str], ...]:
    """What is to be written of VMs that were read: their baselines, and what marks the folder.

    Raises InputError for one that would be written outside.
    """
    files = tuple((_path(folder, subject), write.render(side.snapshot)) for subject, side in sides)
    mark = folder / MARK
    return files if is_baselines(str(folder)) else ((mark, MARK_TEXT), *files)


def has_baseline(folder: Path, subject: Subject) -> bool:
    """Whether a VM has one already. Raises InputError."""
    return os.path.lexists(_path(folder, subject))


@dataclass(frozen=True)
class Accepted:
    """A baseline that another one takes the place of: its file, the new text, and what a guest
    sees changed."""

    path: Path
    text: str
    changes: tuple[Change, ...]


def blocking(entries: Sequence[Entry]) -> Entry | None:
    """The first VM of which it is not known what it is now: none is accepted then."""
    for entry in entries:
        refusal = entry.will_not_start
        if entry.verdict is Verdict.ERROR or (refusal is not None and refusal.failures):
            return entry
    return None


def acceptable(baselines: Baselines, entries: Sequence[Entry]) -> tuple[Accepted, ...]:
    """The baselines that differ from what the VMs are now.

    Raises InputError where facts would be lost.
    """
    assert blocking(entries) is None, "nothing is accepted then"
    return tuple(_accepted(baselines, entries))


def _accepted(baselines: Baselines, entries: Sequence[Entry]) -> Iterator[Accepted]:
    for entry in entries:
        for comparison in entry.comparisons:
            if not comparison.changes:
                continue
            path = _path(baselines.folder, entry.subject)
            lost = baselines.known[key_of(entry.subject)].left_out
            if lost:
                raise InputError(
                    "nothing was accepted: the baseline holds facts that were not read: "
                    f"{', '.join(sorted(lost))}",
                    advice="give the --facts that it was recorded with",
                    place=SourcePosition(str(path), 1),
                )
            yield Accepted(path, write.render(comparison.after.snapshot), comparison.changes)


def _baseline(folder: Path, subject: Subject, families: frozenset[str]) -> Baseline:
    path = _path(folder, subject)
    if not os.path.lexists(path):
        raise InputError(
            f"it has no baseline: there is no {path}",
            advice=f"pciabi gate --record {folder} {subject.file} makes it",
            place=SourcePosition(str(subject.file), 1),
        )
    # A pipe that nobody writes to would be waited for.
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 - raise nothing
        raise InputError("this baseline is no file", place=SourcePosition(str(path), 1))
    side = recorded(path, Content.SNAPSHOT, bytes_of(path))
    snapshot = restricted(side.snapshot, families)
    return Baseline(replace(side, snapshot=snapshot), _families(side.snapshot) - families)


def _families(snapshot: Snapshot) -> frozenset[str]:
    """The families of facts, by name, that a snapshot holds something of."""
    every = (snapshot.facts, *(one.facts for one in snapshot.functions))
    return frozenset(name for facts in every for name, _ in facts)


def _path(folder: Path, subject: Subject) -> Path:
    """Where the baseline of a VM is. Raises InputError where a link leads out of the folder."""
    path = folder / baseline_name(folder, subject)
    if not _is_within(folder, path):
        raise InputError(
            "this baseline is a link that leads out of its folder",
            place=SourcePosition(str(path), 1),
        )
    return path


def _is_within(folder: Path, path: Path) -> bool:
    """Whether a path leads to somewhere below a folder, behind all links."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _files(folder: Path) -> Iterator[Path]:
    """Every file in the folder that may be a baseline, in order."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place) / name for name in sorted(names) if name.endswith(SUFFIX))
