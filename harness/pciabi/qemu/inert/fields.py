"""The names of what a real backend decides about a device, so that an inert one leaves it open;
`virtio_backends` has those of virtio devices.

Measured on real QEMU by `tests/real/test_inert_backends.py`.
"""

from pciabi.abi.snapshot import ACPI_TABLES, SMBIOS_TABLES

MSIX_TABLE = "MSI-X table size"
ROM = "expansion ROM"
ACPI = ACPI_TABLES
SMBIOS = SMBIOS_TABLES
