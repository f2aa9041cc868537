"""The feature bits that a paused virtio device offers, read the shortest way there is: through the
window in its configuration space (VIRTIO 1.3, 4.1.4.9), one access at a time."""

from __future__ import annotations

from collections.abc import Sequence

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.pci.address import GuestAddress
from pciabi.probe.hypervisor import PAUSED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu.binary import Binary
from pciabi.qemu.config_access import ConfigAccess, Read, Write, open_access

_VENDOR, _POINTER, _COMMON, _WINDOW = 0x09, 0x34, 1, 5
_WORDS = 4


def offered(qemu: Binary, arguments: Sequence[str], address: GuestAddress) -> int:
    """A bit for each feature that the device at an address offers, of 128."""
    machine = Machine(qemu, tuple(arguments), PAUSED)
    with OWN_QEMU.start(machine, Cancellation()) as running:
        access = open_access(running.qtest(Deadline.after(60), 60))
        (config,) = access.run([Read(address, 0, 256)])
        return _features(access, address, config)


def _features(access: ConfigAccess, address: GuestAddress, config: bytes) -> int:
    places = _structures(config)
    common, window = places[_COMMON], places[_WINDOW]
    bar, base = config[common + 4], int.from_bytes(config[common + 8 : common + 12], "little")

    def at(offset: int) -> list[Write]:
        place = (bar, base + offset, 4)
        return [
            Write(address, window + 4 + 4 * index, number.to_bytes(4, "little"))
            for index, number in enumerate(place)
        ]

    features = 0
    for word in range(_WORDS):
        select = Write(address, window + 16, word.to_bytes(4, "little"))
        (read,) = access.run([*at(0), select, *at(4), Read(address, window + 16, 4)])
        features |= int.from_bytes(read, "little") << 32 * word
    return features


def _structures(config: bytes) -> dict[int, int]:
    """Offsets of the first capability of each type of structure."""
    found: dict[int, int] = {}
    offset = config[_POINTER]
    while offset:
        if config[offset] == _VENDOR:
            found.setdefault(config[offset + 3], offset)
        offset = config[offset + 1]
    return found
