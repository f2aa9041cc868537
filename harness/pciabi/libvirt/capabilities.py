"""What a libvirt has found out of a QEMU: which machine types, devices and properties it has.

To find out takes libvirt as long as a hundred domains. It writes it down, and believes it as long
as the emulator is the same file, unchanged: our script, that is, which is therefore kept with it.
One folder in the cache holds both, for each libvirt, QEMU and kernel::

    ~/.cache/pciabi/libvirt-capabilities/<libvirt>-<QEMU>-<digest of both>/<digest>/
        qemu-system-x86_64        the emulator's script
        capabilities/*.xml        libvirt's own files
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from pciabi.distribution import cache
from pciabi.errors import LibvirtError
from pciabi.libvirt import complaint, conversation, emulator, place, sandbox
from pciabi.libvirt.installation import Libvirt
from pciabi.qemu import program_files
from pciabi.signals import STOP
from pciabi.workspace import workspace

_KIND = "libvirt-capabilities"
_BUILDER = "1"
_DIGITS = 12
_NOT_TAKEN = re.compile(r"Failed to probe capabilities for \S+: (.+)")
_FOLDER = place.CAPABILITIES.name
# What is asked for its capabilities alone does not say why there are none.
_SMALLEST = f"""\
<domain type='qemu'><name>smallest</name><memory>65536</memory>
<os><type arch='x86_64'>hvm</type></os>
<devices><emulator>{place.EMULATOR}</emulator></devices></domain>
"""


@dataclass(frozen=True)
class Capabilities:
    """What is known, in a folder of the cache that is never written to again."""

    folder: Path

    @property
    def emulator(self) -> Path:
        """The script that stands for the QEMU."""
        return self.folder / place.EMULATOR.name

    def lay_into(self, folder: Path) -> None:
        """Have a sandbox's libvirt know it."""
        _copy(self.folder / _FOLDER, sandbox.outside(folder, place.CAPABILITIES))


def ensure(libvirt: Libvirt) -> Capabilities:
    """What a libvirt knows of its QEMU, from the cache, or else asked now.

    Who asks at the same time waits. Raises LibvirtError where libvirt does not take the QEMU, or
    cannot be asked; PackageError where the cache cannot be written.
    """
    script = emulator.script(libvirt.qemu)
    shelf = cache.shelf(_KIND, _name(libvirt), _circumstances(libvirt, script))
    found = _kept(shelf, script)
    if found is not None:
        return found
    with cache.disk_faults(), cache.building(shelf, STOP.check) as work:
        found = _kept(shelf, script)
        if found is not None:
            return found
        ready = work / "ready"
        ready.mkdir()
        made = Capabilities(ready)
        made.emulator.write_bytes(script)
        made.emulator.chmod(0o755)
        _ask(libvirt, made)
        return Capabilities(cache.publish(ready, shelf, _digest(ready)))


def forget(libvirt_digest: str) -> None:
    """Remove what a release that is removed has found out."""
    for shelf in cache.shelves(_KIND):
        if shelf.name.startswith(f"{libvirt_digest[:_DIGITS]}-"):
            shutil.rmtree(shelf, ignore_errors=True)


def _name(libvirt: Libvirt) -> str:
    return f"{libvirt.digest[:_DIGITS] or libvirt.version_text}-{libvirt.qemu.version_text}"


def _circumstances(libvirt: Libvirt, script: bytes) -> str:
    """What names everything that the answer depends on, in hex."""
    kernel = os.uname()
    parts = (
        _BUILDER,
        script,
        (libvirt.digest, libvirt.version, libvirt.package),
        tuple(program_files.identities(libvirt.command)),
        libvirt.qemu.version_line,
        tuple(program_files.identities(libvirt.qemu.command)),
        (kernel.release, kernel.version),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _kept(shelf: Path, script: bytes) -> Capabilities | None:
    """What is on a shelf, None where nothing is or its script is another."""
    current = cache.current(shelf)
    if current is None:
        return None
    found = Capabilities(current)
    try:
        return found if found.emulator.read_bytes() == script else None
    except OSError:
        return None


def _ask(libvirt: Libvirt, made: Capabilities) -> None:
    with workspace() as folder:
        sandbox.prepare(folder)
        sandbox.outside(folder, place.DOMAIN).write_text(_SMALLEST)
        with conversation.in_sandbox(libvirt, folder, made.emulator) as virsh:
            answer = virsh.ask(f"define {place.DOMAIN}")
        known = sandbox.outside(folder, place.CAPABILITIES)
        if answer.complaint or not any(known.iterdir()):
            # Newer ones say it in their log alone.
            reason = _NOT_TAKEN.search(answer.log)
            words = reason[1] if reason else complaint.words(answer.complaint)
            raise LibvirtError(
                f"libvirt {libvirt.version_text} does not take QEMU {libvirt.qemu.version_text}: "
                f"{words or 'it keeps nothing of it'}",
                advice="name another QEMU: libvirt:VERSION@QEMU",
            )
        _copy(known, made.folder / _FOLDER)


def _copy(source: Path, target: Path) -> None:
    """Copy the files of a folder. Raises OSError with the place that cannot be written, which
    shutil's own copies do not name."""
    target.mkdir(exist_ok=True)
    for file in source.iterdir():
        data = file.read_bytes()
        copied = target / file.name
        try:
            copied.write_bytes(data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(copied)) from error


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return found.hexdigest()
