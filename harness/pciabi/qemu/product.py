"""QEMU as a released program: its package, and the suites that hold it."""

from __future__ import annotations

from pciabi.distribution.release import Product
from pciabi.qemu.suites import SUITES

PACKAGE = "qemu-system-x86"
# What else decides on what a guest sees, and its versions are worth telling.
QEMU = Product("qemu", "QEMU", PACKAGE, SUITES, told=(PACKAGE, "seabios", "ipxe-qemu", "ovmf"))
