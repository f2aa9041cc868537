"""Properties of q35's ISA bridge that QEMU's device tree does not print: they are QOM properties
of the object, no qdev ones (hw/isa/lpc_ich9.c, hw/acpi/ich9.c).

Compatibility properties of machine types set them: they say who hot-plugs PCI devices, ACPI or the
ports themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pciabi.qemu.answers import LISTING, Listed, shaped
from pciabi.qemu.monitor import Monitor

TYPE = "ICH9-LPC"
NAMES = ("acpi-pci-hotplug-with-bridge-support", "x-keep-pci-slot-hpc")
_FOLDER = "/machine/unattached"


def read(monitor: Monitor) -> Mapping[str, str]:
    """The values of those that this QEMU's bridge has, as a configuration says them; nothing
    where it is not where machine types put it. Raises QemuError."""
    listed = _list(monitor, _FOLDER)
    path = next((f"{_FOLDER}/{one.name}" for one in listed if one.type == f"child<{TYPE}>"), None)
    if path is None:
        return {}
    names = [one.name for one in _list(monitor, path) if one.name in NAMES]
    values = monitor.execute_all(*(("qom-get", {"path": path, "property": name}) for name in names))
    return dict(_as_configured(zip(names, values, strict=True)))


def _list(monitor: Monitor, path: str) -> list[Listed]:
    return list(shaped(monitor.execute("qom-list", {"path": path}), LISTING, f"qom-list {path}"))


def _as_configured(values: Iterator[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    words = {True: "on", False: "off"}
    return ((name, words[value]) for name, value in values if isinstance(value, bool))
