"""The folder of a run: unique, whole files only, one clear error where it cannot be written."""

from __future__ import annotations

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pciabi.errors import CannotTest
from pciabi.report import folder
from tests.unit import report_data as data


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Writing more fails as a full disk does: the system call ends with an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_all_reports_and_the_evidence_of_every_boot(tmp_path: Path) -> None:
    result = data.run(data.sabotage("serial\r\n"), data.untested("panic\x1b[0m\n"))
    page = folder.write(result, tmp_path / "new" / "reports")
    assert page.parent.name.startswith("20300102T030405Z-")
    assert sorted(path.name for path in page.parent.iterdir()) == [
        "junit.xml",
        "lspci-01-two-nics-pinned-pc-sabotaged-boot1.txt",
        "lspci-01-two-nics-pinned-pc-sabotaged-boot2.txt",
        "lspci-02-two-nics-pinned-pc-e1000-boot1.txt",
        "report.html",
        "report.json",
        "serial-01-two-nics-pinned-pc-sabotaged-boot1.log",
        "serial-01-two-nics-pinned-pc-sabotaged-boot2.log",
        "serial-02-two-nics-pinned-pc-e1000-boot1.log",
        "serial-02-two-nics-pinned-pc-e1000-boot2-failed.log",
    ]
    failed = page.parent / "serial-02-two-nics-pinned-pc-e1000-boot2-failed.log"
    assert failed.read_text() == "panic\n"
    assert "0000:00:03.0 Ethernet" in next(page.parent.glob("lspci-01*boot2*")).read_text()
    assert stat.S_ISREG(page.stat().st_mode)


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    result = data.run(data.pinned())
    pages = {folder.write(result, tmp_path) for _ in range(8)}
    assert len(pages) == len(list(tmp_path.iterdir())) == 8


def test_a_name_that_is_taken_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suffixes = iter(["aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda _size: next(suffixes))
    result = data.run(data.pinned())
    first, second = folder.write(result, tmp_path), folder.write(result, tmp_path)
    assert (first.parent.name[-4:], second.parent.name[-4:]) == ("aaaa", "bbbb")


def test_names_of_cases_cannot_leave_the_folder(tmp_path: Path) -> None:
    case = replace(
        data.pinned(), subject=replace(data.pinned().subject, group="../../x", name="/y")
    )
    page = folder.write(data.run(case, case), tmp_path / "reports")
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]
    assert len(list(page.parent.glob("serial-*.log"))) == 4


def test_a_full_disk_is_one_clear_error_and_leaves_no_half_report(tmp_path: Path) -> None:
    result = data.run(data.pinned(), data.sabotage())
    with no_file_larger_than(12_000), pytest.raises(CannotTest) as caught:
        folder.write(result, tmp_path)
    assert str(caught.value) == (
        f"the report cannot be written to {tmp_path}: File too large "
        "(--report-dir names another place)"
    )
    assert not list(tmp_path.iterdir())


def test_a_directory_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CannotTest, match=r"cannot be written to .*/file/reports: Not a directory"):
        folder.write(data.run(data.pinned()), tmp_path / "file" / "reports")
