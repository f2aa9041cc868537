"""What a scenario's words mean: the one place that knows the rules of its format."""

from __future__ import annotations

SUFFIX = ".pciabi.yaml"
"""What the names of scenario files end in."""
