"""Properties of PCI devices that no guest sees or that other facts hold, and why each is none of
the properties that are compared.

Names by QEMU's include/hw/qdev-properties*.h and the devices' own tables, from 5.2 to 11.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_PLACE = "where a device sits is told of its path"
_ID = "an id is the configuration's own word"
_BACKEND = "the name of a backend"
_HOST = "a path, a descriptor or a device of the host"
_TOLD = "another family of facts has it"
_MADE_UP = "QEMU makes it up, by the order of creation"
_BACKEND_SIZE = "QEMU guesses it from the size of the image"
_ACCOUNTING = "what the host counts, and how the host locks an image"
_ACCELERATOR = "how the host is woken; the accelerator may change it"

_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_PLACE, ("addr", "busnr")),
    (_ID, ("id", "bus", "failover_pair_id", "masterbus", "sriov-pf")),
    (
        _BACKEND,
        (
            *("audiodev", "bmc", "chardev", "cryptodev", "display", "drive", "iothread"),
            *("memdev", "netdev", "peer", "pmrdev", "primary-bus", "rng"),
        ),
    ),
    (
        _HOST,
        (
            *("evdev", "fd", "fds", "host", "hostaddr", "iommufd", "romfile", "socket"),
            *("sysfsdev", "vf-token", "vhostdev", "vhostfd", "vhostfds", "wwpn"),
        ),
    ),
    (_TOLD, ("acpi-index", "mac", "mount_tag", "serial")),
    (_MADE_UP, ("fp_start_macaddr", "switch_id")),
    (_BACKEND_SIZE, ("cyls", "heads", "secs")),
    (_ACCOUNTING, ("account-failed", "account-invalid", "share-rw", "stats-intervals")),
    (_ACCELERATOR, ("ioeventfd",)),
)
WHY_UNSEEN: Mapping[str, str] = {name: why for why, names in _NAMES for name in names}
"""Names of properties that are no facts, each with its reason."""

_NO_VALUE = "<null>"
# A path in QEMU's own tree of objects, which is what a link is printed as.
_OBJECT_PATH = "/"
# QEMU 10.0 calls what is on unless somebody says otherwise so; before it was just on.
_SAME_VALUE = {("rombar", "-1"): "1"}


def seen(properties: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The properties that are facts, in the order of their names."""
    return tuple(
        sorted(
            (name, _SAME_VALUE.get((name, value), value))
            for name, value in properties
            if name not in WHY_UNSEEN and value != _NO_VALUE and value[:1] != _OBJECT_PATH
        )
    )
