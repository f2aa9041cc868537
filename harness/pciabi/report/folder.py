"""The folder of one run, and everything in it. The only module of reports that writes files."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pciabi.abi.diff import Diff
from pciabi.errors import CannotTest
from pciabi.report import (
    diff_html,
    diff_json,
    diff_junit,
    diff_sarif,
    html,
    json,
    junit,
    printable,
    whole_file,
)
from pciabi.scenario.result import CaseResult, RunResult
from pciabi.signals import held
from pciabi.snapshots import write as snapshot_file

HTML = "report.html"
JUNIT = "junit.xml"
JSON = "report.json"
SARIF = "report.sarif"

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_STEM = 80
_ATTEMPTS = 100


def write(result: RunResult, directory: Path) -> Path:
    """Make `directory/<UTC time>-<suffix>/` with all reports of a run; the path of report.html.

    Raises CannotTest where a file or folder cannot be written.
    """
    return write_files(rendered(result), directory, result.started) / HTML


def rendered(result: RunResult) -> tuple[tuple[str, str], ...]:
    """The name and the text of every file of a run's folder."""
    return tuple(_files(result))


def write_diff(diff: Diff, directory: Path, started: datetime) -> Path:
    """The same for all reports of a comparison, and the two snapshots."""
    return write_files(tuple(_diff_files(diff)), directory, started) / HTML


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


def _diff_files(diff: Diff) -> Iterator[tuple[str, str]]:
    yield "before.json", snapshot_file.render(diff.before.snapshot)
    yield "after.json", snapshot_file.render(diff.after.snapshot)
    yield JSON, diff_json.render(diff)
    yield JUNIT, diff_junit.render(diff)
    yield SARIF, diff_sarif.render(diff)
    yield HTML, diff_html.render(diff)


def _files(result: RunResult) -> Iterator[tuple[str, str]]:
    for number, case in enumerate(result.cases, start=1):
        yield from _boot_files(number, case)
    yield JSON, json.render(result)
    yield JUNIT, junit.render(result)
    yield HTML, html.render(result)


def _boot_files(number: int, case: CaseResult) -> Iterator[tuple[str, str]]:
    stem = f"{number:02}-{_UNFIT.sub('-', case.case.title)[:_LONGEST_STEM].strip('-.')}"
    for boot, record in enumerate(case.boots, start=1):
        yield f"serial-{stem}-boot{boot}.log", printable.block(record.console)
        yield f"lspci-{stem}-boot{boot}.txt", printable.block(record.lspci)
    if case.error is not None and case.error.evidence is not None:
        console = printable.block(case.error.evidence.console)
        yield f"serial-{stem}-boot{len(case.boots) + 1}-failed.log", console


def _new_folder(directory: Path, started: datetime) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    stamp = started.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    for _ in range(_ATTEMPTS):
        folder = directory / f"{stamp}-{secrets.token_hex(2)}"
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise CannotTest(f"no free name for a report in {directory}")
