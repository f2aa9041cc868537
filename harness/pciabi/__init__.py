"""pciabi proves that a QEMU/libvirt guest keeps the same PCI hardware."""

# Written here, where the build reads it: asking the installed package's metadata takes longer to
# import than all of click.
__version__ = "0.1.0"
