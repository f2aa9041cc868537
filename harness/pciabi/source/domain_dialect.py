"""In which words a libvirt writes a domain for a QEMU, which is asked for what its version alone
does not tell."""

from __future__ import annotations

from pciabi.errors import InputError
from pciabi.libvirt import installed
from pciabi.qemu import drivers
from pciabi.qemu.binary import Binary
from pciabi.vm.domain import dialect, videos
from pciabi.vm.domain.dialect import Dialect, Version
from pciabi.vm.xml_tree import Element


def spoken(root: Element, libvirt: Version, qemu: Binary) -> Dialect:
    """How that libvirt writes a domain for that QEMU. Raises QemuError."""
    wanted = videos.in_modules(root)
    lacking = frozenset(driver for driver in wanted if not drivers.has(qemu, driver))
    return Dialect(libvirt, qemu.version, lacking)


def libvirt_for(qemu: Binary, wanted: Version | None) -> Version:
    """The libvirt that writes a domain for a QEMU: the one of the wanted version, else the one
    installed here, or the newest that takes that QEMU.

    Raises InputError where the wanted one does not take it.
    """
    if wanted is not None:
        if not dialect.takes(wanted, qemu.version):
            newest = dialect.shown(dialect.newest_for(qemu.version))
            raise InputError(
                f"libvirt {dialect.shown(wanted)} does not take QEMU {qemu.version_text}",
                advice=f"the newest that takes it is {newest}",
            )
        return wanted
    here = installed.version()
    if here is not None and dialect.takes(here, qemu.version):
        return here
    return dialect.newest_for(qemu.version)
