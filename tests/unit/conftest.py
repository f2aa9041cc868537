"""Settings for every unit test, and two families of facts more for some."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from pciabi.abi import facts as package
from pciabi.abi import families
from pciabi.abi.choice import chosen_by_default

MADE_UP = Path(__file__).resolve().parent.parent / "made_up" / "facts"

# A time limit for one example fails on a machine that is busy with something else.
# PCIABI_EXAMPLES is for script/fuzz-lint; 100 is the library's own number.
settings.register_profile(
    "pciabi", deadline=None, max_examples=int(os.environ.get("PCIABI_EXAMPLES", "100"))
)
settings.load_profile("pciabi")


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two more families, `rom-bar` of each function and `system-uuid` of the machine."""
    caches = [
        families.families,
        families.function_families,
        families.machine_families,
        families.kinds,
        families.concerns,
        chosen_by_default,
    ]
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(MADE_UP)])
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()
