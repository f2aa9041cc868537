"""libvirt as a released program: its package, and the suites that hold it."""

from __future__ import annotations

from pciabi.distribution.release import Product
from pciabi.libvirt.spec import PREFIX
from pciabi.libvirt.suites import SUITES

PACKAGE = "libvirt0"
LIBVIRT = Product("libvirt", "libvirt", PACKAGE, SUITES, told=(PACKAGE,), prefix=PREFIX)
