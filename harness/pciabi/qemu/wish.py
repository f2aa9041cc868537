"""What a user wants guest code to be run by: what `--accel` takes."""

from __future__ import annotations

from enum import StrEnum


class Wish(StrEnum):
    """What the user asks for."""

    AUTO = "auto"
    KVM = "kvm"
    TCG = "tcg"
