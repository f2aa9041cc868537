"""A libvirt on this machine, and the QEMU that it is to run.

A SPEC names both (`libvirt/spec.py`): `find` is where every command gets them from. What they make
of a domain, `libvirt/session.py` asks them.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from pciabi.distribution import release
from pciabi.distribution.release import Release
from pciabi.distribution.suites import Suite, Version
from pciabi.errors import LibvirtError
from pciabi.libvirt import layout, spec, virsh_version
from pciabi.libvirt.product import LIBVIRT
from pciabi.libvirt.spec import Installed, Wanted
from pciabi.qemu import binary
from pciabi.qemu.binary import Binary
from pciabi.qemu.suites import SUITES

HOST = Path("/")
VIRSH = "virsh"


@dataclass(frozen=True)
class Libvirt:
    """A libvirt and its QEMU.

    `name` is the SPEC that means them, such as `libvirt:11.3@10.0`. `package` is the exact version
    of libvirt's package, empty where no package database tells it. `root` is the folder its files
    lie below, `/` for the host's; `command` goes in front of virsh's own arguments. `digest` names
    the content of a release, empty for the host's.
    """

    name: str
    version: tuple[int, int, int]
    package: str
    root: Path
    command: tuple[str, ...]
    qemu: Binary
    digest: str = ""

    @property
    def version_text(self) -> str:
        """Such as `11.3.0`."""
        return ".".join(str(part) for part in self.version)

    @property
    def version_line(self) -> str:
        """Such as `libvirt 11.3.0 (11.3.0-3+deb13u3)`: what a document names it by."""
        package = f" ({self.package})" if self.package else ""
        return f"libvirt {self.version_text}{package}"


def find(text: str) -> Libvirt:
    """The libvirt and the QEMU that a SPEC means (`spec.ACCEPTED`); nothing is fetched.

    A version is looked for in the cache, then on PATH. Without `@QEMU` it runs the QEMU of the
    same suite. Raises InputError for what names no libvirt, LibvirtError where there is none or it
    does not run, PackageError where it is damaged, and as `qemu.binary.find` does.
    """
    wanted = spec.parse(text)
    if isinstance(wanted.libvirt, Installed):
        return _installed(wanted)
    found = release.find(LIBVIRT, wanted.libvirt)
    if found is not None:
        return _released(wanted, found)
    if isinstance(wanted.libvirt, Version) and shutil.which(VIRSH):
        host = _installed(wanted)
        if wanted.libvirt.fits(host.version, host.package):
            return host
    raise LibvirtError(
        f"libvirt {wanted.libvirt} is not in the cache",
        advice=f"pciabi libvirt get {wanted.libvirt}",
    )


def _released(wanted: Wanted, found: Release) -> Libvirt:
    release.verify(found)
    return Libvirt(
        str(wanted),
        found.manifest.version,
        found.package_version,
        found.root,
        layout.command(found.root),
        binary.find(wanted.qemu or qemu_of(found.manifest.suite)),
        found.digest,
    )


def _installed(wanted: Wanted) -> Libvirt:
    program = shutil.which(VIRSH)
    if program is None:
        raise LibvirtError(
            "libvirt is missing: no program virsh",
            advice="apt-get install libvirt-clients libvirt-daemon-driver-qemu, or pciabi libvirt "
            "get 9.0",
        )
    version, package = versions_of(program)
    return Libvirt(str(wanted), version, package, HOST, (program,), binary.find(wanted.qemu))


def versions_of(program: str) -> tuple[tuple[int, int, int], str]:
    """The version of a virsh that is installed here, and of its package, empty where no package
    database tells it. Raises LibvirtError."""
    # Not above: a release tells the version of its package itself.
    from pciabi.qemu import package_owner

    package = package_owner.owner(HOST, Path(program), "*libvirt*")
    return virsh_version.ask(program, (program,)), package


def qemu_of(suite: str) -> str:
    """The SPEC of the QEMU that a suite of the archive has: the one its libvirt is made for."""
    found = next((one for one in SUITES if one.name == suite), None)
    return (found.series if found else None) or str(Suite(suite))
