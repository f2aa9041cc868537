"""What ACPI's tables say of PCI: their headers, and the devices that their AML declares. Pure.

Source: ACPI Specification 6.5, chapters 5 (tables), 6 (device configuration), 20 (AML).
"""
