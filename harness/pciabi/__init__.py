"""pciabi proves that a QEMU/libvirt guest keeps the same PCI hardware."""

from importlib.metadata import version

__version__ = version("pciabi")
