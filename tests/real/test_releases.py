"""Where neither the cache nor the archive has a release, a test that needs it fails in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Nobody listens on that port, and nobody asks twice.
UNREACHABLE = """\
Acquire::http::Proxy "http://127.0.0.1:9/";
Acquire::https::Proxy "http://127.0.0.1:9/";
Acquire::Retries "0";
"""
# One test of each way to a release: together, one by one, a suite, an index.
NEEDY = {
    "test_diff.py": "a_change_points_at_the_line",
    "test_refused_wrongly.py": "what_needs_kvm and eim and 11.1",
    "test_qemu_releases.py": "a_second_get or unsigned",
}
LINES = (
    "this test needs QEMU 5.2: the archive's indexes could not be had: ",
    "this test needs QEMU 11.1: the archive's indexes could not be had: ",
    "debian:trixie could not be had: pciabi: the archive's indexes could not be had: ",
    "this test needs the archive's index of trixie: the archive's indexes could not be had: ",
)


def test_a_release_that_cannot_be_had_fails_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "apt.conf").write_text(UNREACHABLE)
    files = [f"tests/real/{name}" for name in NEEDY]
    wanted = " or ".join(f"({name} and ({test}))" for name, test in NEEDY.items())
    empty = {"XDG_CACHE_HOME": str(tmp_path), "APT_CONFIG": str(tmp_path / "apt.conf")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", wanted],
        cwd=ROOT,
        env={**os.environ, **empty},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    report, _, summary = done.stdout.partition(" short test summary info ")
    # Beside it, each test has a letter in the first line and a title, and nothing else.
    said = [line for line in report.splitlines()[1:] if not line.startswith(("_", "="))]
    assert len(said) == len(LINES), done.stdout
    for line, beginning in zip(sorted(said), sorted(LINES), strict=True):
        assert line.startswith(beginning)
        assert "pciabi qemu get " in line or "--mirror URI" in line
    assert "skipped" not in summary
    assert "passed" not in summary
