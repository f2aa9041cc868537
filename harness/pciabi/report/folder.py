"""The folder of one result, and everything in it."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pciabi.errors import CannotTest
from pciabi.report import printable, whole_file, writers
from pciabi.report.formats import formats, writer
from pciabi.report.words import vms
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedComparison
from pciabi.result.result import Command, Result
from pciabi.result.side import Side
from pciabi.signals import held

PAGE = "report.html"

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_STEM = 80
_ATTEMPTS = 100


def write(result: Result, directory: Path) -> Path:
    """Make `directory/<UTC time>-<suffix>/` with all reports of a result, and what it was made
    of; the path of report.html.

    Raises CannotTest where a file or folder cannot be written.
    """
    return write_files(rendered(result), directory, result.started) / PAGE


def rendered(result: Result) -> tuple[tuple[str, str], ...]:
    """The name and the text of every file of a result's folder."""
    return (*_evidence(result), *_reports(result))


def write_files(files: Iterable[tuple[str, str]], directory: Path, started: datetime) -> Path:
    """Make `directory/<UTC time>-<suffix>/` with these files: all of them, or nothing.

    Raises CannotTest where a file or folder cannot be written.
    """
    try:
        with held():
            return _written(files, directory, started)
    except OSError as error:
        raise CannotTest(
            f"the report cannot be written to {error.filename or directory}: {error.strerror}",
            advice="--report-dir names another place",
        ) from error


def _written(files: Iterable[tuple[str, str]], directory: Path, started: datetime) -> Path:
    folder = _new_folder(directory, started)
    try:
        for name, text in files:
            whole_file.write(folder / name, text)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _reports(result: Result) -> Iterator[tuple[str, str]]:
    """One of each writer, the page last."""
    for name in sorted(formats(writers), key=lambda name: name == "html"):
        module = writer(writers, name)
        if result.command in module.COMMANDS:
            yield module.FILE, module.render(result)


def _evidence(result: Result) -> Iterator[tuple[str, str]]:
    """The two snapshots that were compared, those of every VM of a gate, or what every boot left
    behind."""
    if result.command is Command.DIFF:
        yield from _snapshots("", result.two_sides)
    if result.command is Command.GATE:
        yield from _snapshots_of_vms(result)
    for number, entry in enumerate(result.entries, start=1):
        yield from _boot_files(number, entry)


def _snapshots_of_vms(result: Result) -> Iterator[tuple[str, str]]:
    names = vms.names(result.entries)
    for number, (name, entry) in enumerate(zip(names, result.entries, strict=True), start=1):
        stem = f"{_stem(number, name)}-"
        for comparison in entry.comparisons:
            yield from _snapshots(stem, comparison)
        if entry.will_not_start is not None and not entry.comparisons:
            yield f"{stem}before.json", _snapshot(entry.will_not_start.before)


def _snapshots(stem: str, comparison: JudgedComparison) -> Iterator[tuple[str, str]]:
    yield f"{stem}before.json", _snapshot(comparison.before)
    yield f"{stem}after.json", _snapshot(comparison.after)


def _snapshot(side: Side) -> str:
    # Not above: only a folder holds snapshots, and most commands write none.
    from pciabi.snapshots import write as snapshot_file

    return snapshot_file.render(side.snapshot)


def _stem(number: int, name: str) -> str:
    return f"{number:02}-{_UNFIT.sub('-', name)[:_LONGEST_STEM].strip('-.')}"


def _boot_files(number: int, entry: Entry) -> Iterator[tuple[str, str]]:
    stem = _stem(number, entry.subject.title)
    for boot, record in enumerate(entry.boots, start=1):
        yield f"serial-{stem}-boot{boot}.log", printable.block(record.console)
        yield f"lspci-{stem}-boot{boot}.txt", printable.block(record.lspci)
    if entry.error is not None and entry.error.evidence is not None:
        console = printable.block(entry.error.evidence.console)
        yield f"serial-{stem}-boot{len(entry.boots) + 1}-failed.log", console


def _new_folder(directory: Path, started: datetime) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    stamp = started.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    for _ in range(_ATTEMPTS):
        folder = directory / f"{stamp}-{secrets.token_hex(2)}"
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise CannotTest(f"no free name for a report in {directory}")
