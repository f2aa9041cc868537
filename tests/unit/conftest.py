"""Settings for every unit test."""

from __future__ import annotations

import os

from hypothesis import settings

# A time limit for one example fails on a machine that is busy with something else.
# PCIABI_EXAMPLES is for script/fuzz-lint; 100 is the library's own number.
settings.register_profile(
    "pciabi", deadline=None, max_examples=int(os.environ.get("PCIABI_EXAMPLES", "100"))
)
settings.load_profile("pciabi")
