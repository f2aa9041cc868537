"""What a run boots its guests with. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pciabi.cancellation import Cancellation
from pciabi.guest.guest import Guest
from pciabi.guest.keys import RunKeys
from pciabi.qemu.accelerator import Accelerator
from pciabi.qemu.binary import Binary


@dataclass(frozen=True)
class Testbed:
    """QEMU, accelerator, guest, secrets, a private folder, and the way to stop it all."""

    __test__ = False

    binary: Binary
    accelerator: Accelerator
    guest: Guest
    keys: RunKeys
    folder: Path
    cancellation: Cancellation
