"""What was found out about KVM earlier, since the machine was started.

Proving KVM takes seconds where it does not work, and the answer stays what it is until the
machine, the device node or the QEMU is another. It is kept in the cache, one file for each set of
circumstances, so that runs at the same time do not disturb each other::

    ~/.cache/pciabi/kvm/<digest of the circumstances>.json
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pciabi.errors import CannotTest
from pciabi.qemu import program_files
from pciabi.qemu.binary import Binary
from pciabi.resources import cache_folder, cache_root
from pciabi.signals import held

DEVICE = Path("/dev/kvm")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FOLDER = "kvm"
_SCHEMA = "pciabi-kvm-proof/1"
_MOST = 100_000


@dataclass(frozen=True)
class Circumstances:
    """What decides whether KVM runs guest code here.

    `boot` is the kernel's own name for the time since the machine was started, `device` the state
    of the device node and this user's right to it, `programs` the files that start QEMU, and
    `banner` QEMU's version line.
    """

    boot: str
    device: tuple[int, ...]
    programs: tuple[tuple[str, int, int, int, int], ...]
    banner: str

    @property
    def digest(self) -> str:
        """What names them, in hex."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What the proof said: why KVM does not run guest code, None where it does."""

    fault: str | None


def circumstances(binary: Binary) -> Circumstances | None:
    """Those of a QEMU here and now; None where they cannot be told, so that nothing is kept."""
    try:
        boot = _BOOT_ID.read_text().strip()
        node = DEVICE.stat()
    except OSError:
        return None
    allowed = os.access(DEVICE, os.R_OK | os.W_OK)
    numbers = (node.st_dev, node.st_ino, node.st_rdev, node.st_mode, node.st_uid, node.st_gid)
    device = (*numbers, os.geteuid(), int(allowed))
    return Circumstances(
        boot, device, tuple(program_files.identities(binary.command)), binary.banner
    )


def recall(now: Circumstances) -> Outcome | None:
    """What was found out under the same circumstances; None where nothing is known.

    A file that is damaged, or that somebody else has put there, tells nothing.
    """
    try:
        document = json.loads(_read(_place(now)))
        if document["schema"] != _SCHEMA or document["circumstances"] != _written(now):
            return None
        fault = document["fault"]
    except (OSError, CannotTest, ValueError, KeyError, TypeError, RecursionError):
        return None
    return Outcome(fault) if fault is None or (isinstance(fault, str) and fault) else None


def keep(now: Circumstances, outcome: Outcome) -> None:
    """Write it down for later runs, and forget what was true before the machine was started.

    Where the cache cannot be written, later runs find out for themselves.
    """
    document = {"schema": _SCHEMA, "circumstances": _written(now), "fault": outcome.fault}
    with suppress(OSError, CannotTest):
        folder = cache_folder() / _FOLDER
        folder.mkdir(exist_ok=True)
        _replace(_place(now), json.dumps(document, indent=1).encode() + b"\n")
        for other in folder.glob("*.json"):
            if not _is_of_this_boot(other, now.boot):
                other.unlink(missing_ok=True)


def _place(now: Circumstances) -> Path:
    return cache_root() / _FOLDER / f"{now.digest}.json"


def _written(now: Circumstances) -> object:
    """The circumstances as they come back from a JSON document."""
    return json.loads(json.dumps(asdict(now)))


def _read(place: Path) -> bytes:
    """The content of a file of this user's. Raises OSError for anything else of that name."""
    # A pipe would have us wait for whoever writes to it.
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        there = os.fstat(descriptor)
        if not stat.S_ISREG(there.st_mode) or there.st_uid != os.geteuid():
            raise PermissionError(place)
        return file.read(_MOST)


def _replace(place: Path, content: bytes) -> None:
    """Have the whole content in a file at once, or nothing of it."""
    with (
        held(),
        tempfile.NamedTemporaryFile(dir=place.parent, prefix=".", delete=False) as file,
    ):
        arriving = Path(file.name)
        try:
            file.write(content)
            file.flush()
            arriving.replace(place)
        except OSError:
            arriving.unlink(missing_ok=True)
            raise


def _is_of_this_boot(place: Path, boot: str) -> bool:
    try:
        return bool(json.loads(_read(place))["circumstances"]["boot"] == boot)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
