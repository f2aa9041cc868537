"""What virtio devices of one machine type are known to offer differently between releases, though
nothing ought to change. Each was looked at."""

from __future__ import annotations

from pciabi.abi.change import Change

# The archive's 10.0.13, a security release, gave every queue of every device 1024 entries.
_LONG = "1024"
_LONG_RELEASE = "10.0"
_QUEUE_FIELDS = ("queue ", "sizes of queues ")

# By the two releases: device and field.
_KNOWN: dict[tuple[str, str], set[tuple[str, str]]] = {
    ("5.2", "7.2"): {
        # The control queue has 1024 entries, where it had 64.
        ("virtio-crypto-pci", "queue 1 size"),
        # Asymmetric ciphers came, and the number of bytes at once grew.
        ("virtio-crypto-pci", "virtio configuration bytes"),
        # A keyboard may report one key more.
        ("virtio-keyboard-pci", "virtio configuration EV_BITS KEY"),
    },
    ("7.2", "10.0"): {
        ("virtio-crypto-pci", "virtio configuration bytes"),
        # Function keys up to F24, and side buttons of mice.
        ("virtio-keyboard-pci", "virtio configuration EV_BITS KEY"),
        ("virtio-mouse-pci", "virtio configuration EV_BITS KEY"),
        ("virtio-tablet-pci", "virtio configuration EV_BITS KEY"),
        # The feature has no compatibility property.
        ("virtio-mem-pci", "virtio feature PERSISTENT_SUSPEND"),
    },
    ("10.0", "11.1"): {
        # A keyboard may report every key there is.
        ("virtio-keyboard-pci", "virtio configuration EV_BITS KEY"),
    },
}


def is_known(change: Change, old: str, new: str) -> bool:
    """Whether a change between two releases is one of these."""
    if change.kind != "virtio":
        return False
    if change.field.startswith(_QUEUE_FIELDS) and _LONG_RELEASE in (old, new):
        return (change.before if old == _LONG_RELEASE else change.after) == _LONG
    return (change.device or "", change.field) in _KNOWN.get((old, new), set())
