"""What was measured on: the machine, its load, and the versions that matter."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from pciabi.qemu.binary import Binary


def facts() -> list[str]:
    """Date, CPU, cores and load average, one a line."""
    load = " ".join(f"{average:.2f}" for average in os.getloadavg())
    cores = len(os.sched_getaffinity(0))
    return [
        f"date: {datetime.now(UTC):%Y-%m-%d}",
        f"machine: {_cpu_model()}, {cores} cores",
        f"load average at the start: {load}",
    ]


def qemu(binary: Binary) -> str:
    """QEMU's version line, and how to tell it from an update of the same version."""
    return f"QEMU: {binary.banner}"


def vng(program: str) -> str:
    """virtme-ng's version."""
    asked = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return f"virtme-ng: {asked.stdout.strip()}"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return "unknown CPU"
