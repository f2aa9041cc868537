"""A sample of bench/gate_truth.py: a QEMU held against itself shows no change of any severity."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_qemu_differs_from_itself() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "bench/gate_truth.py", "3"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:] for line in done.stdout.splitlines() if line.startswith("| ")]
    counts = {row[0].strip(): [cell.strip() for cell in row[1:5]] for row in rows[2:]}
    assert list(counts) == ["5.2", "7.2", "10.0", "11.1"]
    for configurations, functions, equal, changes in counts.values():
        assert (configurations, equal, changes) == ("3", "3", "0")
        assert int(functions) > 20
