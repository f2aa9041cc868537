"""The QEMU of a process that runs, though its file was deleted or replaced since it was started.

The kernel keeps the file of a running program, and /proc/PID/exe leads to it whatever the name
leads to now; /proc/PID/root is the root folder that the process sees (proc(5)). Both are held
open, so that they stay when the process ends. The process itself is only looked at.

Libraries, modules, firmware and option ROMs are those that the process would find if it were
started now, which an update may have replaced: a running process cannot be asked for them. That it
was is noticed of option ROMs, which a guest sees.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path, PurePosixPath

from pciabi.errors import InputError, QemuError
from pciabi.qemu import root_path
from pciabi.qemu.layout import OPTION_ROMS
from pciabi.qemu.spec import Running

_HOST = Path("/")
_DELETED = " (deleted)"
# What every QEMU prints in front of its version has to be in it.
_QEMU = b"QEMU emulator version"
_MOST_WORDS = 4_000_000
# After the name in parentheses, which may hold anything, the 22nd field of /proc/PID/stat.
_START_TIME = 19


@dataclass(frozen=True)
class RunningQemu:
    """The program of a running process, held open.

    `name` is what its file was called, inside of `root`. `root` is `/` where the process sees this
    machine's files, otherwise the root folder it sees, held open too. `data` are the folders of
    firmware that it was told of on its command line (`-L`). `replaced` says whether its file is no
    longer the one of that name. `started` is when the process was, in seconds since the epoch.
    """

    program: Path
    name: PurePosixPath
    root: Path
    data: tuple[Path, ...]
    replaced: bool
    started: float

    def saw_other_roms(self, folders: Iterable[Path]) -> bool:
        """Whether an option ROM in these folders has come there since the process was started."""
        for folder in folders:
            for pattern in OPTION_ROMS:
                for file in folder.glob(pattern):
                    with suppress(OSError):
                        if file.stat().st_ctime > self.started:
                            return True
        return False


def of(process: Running) -> RunningQemu:
    """The QEMU that a process runs.

    Raises InputError for a process that runs something else, QemuError for one that is gone or
    that this user may not look at.
    """
    with _looking_at(process):
        return _held(process, _start_ticks(process))


@contextmanager
def _looking_at(process: Running) -> Iterator[None]:
    """What keeps one from looking at a process is told in one line."""
    try:
        yield
    except PermissionError as error:
        raise QemuError(
            f"process {process.pid} may not be looked at: {error.strerror}",
            advice="as root, or as the user who runs it",
        ) from error
    except (FileNotFoundError, ProcessLookupError) as error:
        if _place(process).exists():
            raise InputError(
                f"process {process.pid} runs no program: it has ended, or is the kernel's own"
            ) from error
        raise QemuError(f"there is no process {process.pid}", advice="it may have ended") from error
    except OSError as error:
        raise QemuError(f"process {process.pid} cannot be looked at: {error.strerror}") from error


def _place(process: Running) -> Path:
    return Path("/proc", str(process.pid))


def _start_ticks(process: Running) -> int:
    """When the process was started, in clock ticks since this machine was: it tells the process
    from an earlier one of its number."""
    stat = (_place(process) / "stat").read_text(errors="replace")
    return int(stat.rpartition(")")[2].split()[_START_TIME])


def _moment(ticks: int) -> float:
    """The end of that tick, in seconds since the epoch."""
    machine_started = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return machine_started + (ticks + 1) / os.sysconf("SC_CLK_TCK")


@cache
def _held(process: Running, ticks: int) -> RunningQemu:
    place = _place(process)
    called = str((place / "exe").readlink())
    program = _open(place / "exe")
    _must_be_qemu(process, program, called)
    root = _root(place, called)
    name = PurePosixPath(_inside(place, root, called.removesuffix(_DELETED)))
    replaced = not root_path.is_same(_by_name(root, name), program)
    return RunningQemu(program, name, root, tuple(_data(place, root)), replaced, _moment(ticks))


def _open(path: Path) -> Path:
    """A name of a file that stays as long as this process does, whatever becomes of its own."""
    descriptor = os.open(path, os.O_PATH)
    # `pciabi qemu exec` becomes the QEMU: what that runs on must be open then.
    fcntl.fcntl(descriptor, fcntl.F_SETFD, 0)
    return Path("/proc", str(os.getpid()), "fd", str(descriptor))


def _must_be_qemu(process: Running, program: Path, called: str) -> None:
    with (
        program.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        if content.find(_QEMU) >= 0:
            return
    raise InputError(
        f"process {process.pid} runs {called}, which is no QEMU",
        advice="a script or a loader that starts one has another number",
    )


def _root(place: Path, called: str) -> Path:
    """The root folder whose files the program was started with."""
    own = place / "root"
    if os.path.samestat(own.stat(), _HOST.stat()) and _shares(own, "usr"):
        return _HOST
    # A folder of this machine's, such as one that it was started in by chroot(8). One that does not
    # hold the program was entered later, by QEMU itself (`-run-with chroot=`).
    reachable = own.readlink()
    if reachable != _HOST and root_path.is_same(reachable, own):
        return reachable if Path(called).is_relative_to(reachable) else _HOST
    return _open(own)


def _shares(root: Path, name: str) -> bool:
    return root_path.is_same(root / name, _HOST / name)


def _inside(place: Path, root: Path, called: str) -> str:
    """What the program's file is called inside of its root."""
    if root != _HOST and root == (place / "root").readlink():
        return str(root_path.inside(root, Path(called)))
    return called


def _by_name(root: Path, name: PurePosixPath) -> Path:
    return Path(name) if root == _HOST else root_path.resolve(root, name)


def _data(place: Path, root: Path) -> Iterator[Path]:
    """The folders of firmware that a process was told of, in order."""
    with (place / "cmdline").open("rb") as file:
        words = file.read(_MOST_WORDS).split(b"\0")
    for option, folder in pairwise(words):
        if option in (b"-L", b"--L") and folder != b"help":
            path = PurePosixPath(os.fsdecode(folder))
            here = PurePosixPath(str((place / "cwd").readlink()))
            yield _by_name(root, path if path.is_absolute() else here / path)
