"""Which VMs a gate judges: those in the files, folders and patterns a user names."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pciabi import resources
from pciabi.errors import InputError, PciabiError
from pciabi.result.coverage import Skipped
from pciabi.result.entry import Subject
from pciabi.source.content import NoConfiguration, bytes_of, content_of
from pciabi.source.vms import Vm, vms_in
from pciabi.vm import config_files
from pciabi.vm.reading import NoCommandLine

_PATTERN = frozenset("*?[")


@dataclass(frozen=True)
class Unusable:
    """A configuration that cannot be judged, and why."""

    subject: Subject
    error: PciabiError


@dataclass(frozen=True)
class Configurations:
    """What was named: VMs to be judged and configurations that cannot be, in the order they were
    named, and files of searched folders that hold no VM."""

    judged: tuple[Vm | Unusable, ...]
    skipped: tuple[Skipped, ...]

    @property
    def vms(self) -> tuple[Vm, ...]:
        """Those that can be started."""
        return tuple(one for one in self.judged if not isinstance(one, Unusable))


def named_by(
    words: Sequence[str], exclude: Sequence[str], select: Mapping[str, frozenset[str]]
) -> Configurations:
    """What files, folders, patterns and names of shipped scenarios mean.

    Raises InputError for a word that means no VM, whatever the others mean.
    """
    meant = {word: tuple(_meant(word, exclude)) for word in words}
    judged: list[Vm | Unusable] = []
    skipped: list[Skipped] = []
    for path, is_named in _each_once(meant.values()):
        subject = Subject(str(path), "", path)
        try:
            raw = bytes_of(path)
            # An empty file is no recording that somebody keeps beside the VMs.
            if not is_named and raw.strip() and content_of(path, raw).is_recorded:
                skipped.append(Skipped(str(path), "a recording, and no VM"))
                continue
            judged += vms_in(path, raw, select)
        except NoConfiguration as error:
            if is_named:
                judged.append(Unusable(subject, error))
            else:
                skipped.append(Skipped(str(path), "no VM's configuration"))
        except NoCommandLine as error:
            if is_named:
                judged.append(Unusable(subject, error))
            else:
                skipped.append(Skipped(str(path), "it speaks of QEMU, and starts none"))
        except InputError as error:
            judged.append(Unusable(subject, error))
    without_vm = {one.file for one in skipped}
    for word, files in meant.items():
        if all(str(path) in without_vm for path, _ in files):
            raise InputError(
                f"there is no VM's configuration in {word}, so nothing can be judged of it",
                advice=f"in a folder, files that end in {' '.join(config_files.endings())} are "
                "looked at, but for those that .gitignore or --exclude leaves out; a file that is "
                "named is always read",
            )
    return Configurations(tuple(judged), tuple(skipped))


def _each_once(meant: Iterable[Iterable[tuple[Path, bool]]]) -> Iterable[tuple[Path, bool]]:
    """Every file meant by a word, and whether a word named it itself. Of several ways to one file
    the first counts; a link is a file of its own."""
    found: dict[tuple[str, str], tuple[Path, bool]] = {}
    for files in meant:
        for path, is_named in files:
            place = os.path.realpath(path.parent), path.name
            first, was_named = found.get(place, (path, False))
            found[place] = first, was_named or is_named
    return found.values()


def _meant(word: str, exclude: Sequence[str]) -> Iterable[tuple[Path, bool]]:
    if Path(word).exists():
        return _in(word, exclude)
    if _PATTERN & set(word):
        # Path.glob takes no absolute pattern.
        names = sorted(glob.glob(word, recursive=True))  # noqa: PTH207
        if not names:
            raise InputError(f"nothing matches '{word}'")
        return (found for name in names for found in _in(name, exclude))
    if "/" in word or "." in word:
        raise InputError(f"there is no file or folder {word}")
    return [(resources.scenario(word), True)]


def _in(word: str, exclude: Sequence[str]) -> Iterator[tuple[Path, bool]]:
    for file, is_named in config_files.in_path(word, exclude):
        yield Path(file), is_named
