"""Settings for every unit test."""

from __future__ import annotations

from hypothesis import settings

# A time limit for one example fails on a machine that is busy with something else.
settings.register_profile("pciabi", deadline=None)
settings.load_profile("pciabi")
