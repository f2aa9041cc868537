"""The released QEMUs that tests compare. Where neither the cache nor the archive has one, a test
that needs it fails in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pciabi.errors import PciabiError
from pciabi.qemu import acquire, binary, spec
from pciabi.qemu.binary import Binary

COMPARED = ("5.2", "10.0", "11.1")
ON_PATH = "7.2"


@contextmanager
def needed(name: str, remedy: str) -> Iterator[None]:
    """Within the block, what cannot be had fails the test in one line, without a traceback."""
    try:
        yield
    except PciabiError as error:
        line = f"this test needs {name}: {error}; then: {remedy}"
        raise pytest.fail.Exception(line, pytrace=False) from None


def emulator(version: str) -> Binary:
    """The QEMU on PATH or a release of that version, fetched unless it is in the cache."""
    if version == ON_PATH:
        return binary.find(None)
    with needed(f"QEMU {version}", f"pciabi qemu get {version}"):
        return binary.released(acquire.ensure(spec.released(version), lambda _: None))
