"""What several real tests need."""

from __future__ import annotations

import pytest

from tests.real.releases import COMPARED, emulator


@pytest.fixture(scope="session")
def releases() -> None:
    """The released QEMUs that are compared, fetched unless they are in the cache."""
    for version in COMPARED:
        emulator(version)
