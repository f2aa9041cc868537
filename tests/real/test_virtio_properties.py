"""Each property that is said to decide a virtio feature does: switched, it changes that bit of what
a real QEMU offers, and no other.

NICs have a real tap, in a network namespace of their own: other backends hide most offloads.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from pciabi.pci.address import GuestAddress
from pciabi.pci.virtio_properties import BY_TYPE, NET, OF_ALL
from pciabi.qemu.binary import Binary
from tests.real.releases import emulator
from tests.real.virtio_offers import offered

RELEASE = "11.1"
PLACE = GuestAddress(0, 0, 5, 0)
BARE = ("-nodefaults", "-no-user-config", "-machine", "pc-q35-11.1")
_TAP = ("-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no")
_MEMORY = ("-m", "256M,slots=2,maxmem=1G", "-object", "memory-backend-ram,id=m0,size=128M")
_DISK = ("-blockdev", "null-co,node-name=d0,size=67108864,read-zeroes=on")
_THREAD = ("-object", "iothread,id=io0")


@dataclass(frozen=True)
class Witness:
    """A device of a type, with what it needs beside it and of its own."""

    driver: str
    beside: tuple[str, ...] = ()
    own: str = ""


WITNESSES = {
    NET: Witness("virtio-net-pci", _TAP, "netdev=n0"),
    2: Witness("virtio-blk-pci", _DISK, "drive=d0"),
    3: Witness("virtio-serial-pci"),
    5: Witness("virtio-balloon-pci", _THREAD, "iothread=io0"),
    8: Witness("virtio-scsi-pci"),
    16: Witness("virtio-gpu-pci"),
    24: Witness("virtio-mem-pci", _MEMORY, "memdev=m0"),
}
SAMPLED = (NET, 3)
# Why a QEMU that is at hand does not show what they decide.
NOT_SHOWN = {
    "any_layout": "only a device without version 1.0 offers it",
    "blob": "the host's udmabuf is needed",
    "emergency-write": "11.1 has it no more, and always offers the feature",
    "gso": "only a device without version 1.0 offers it",
    "notify_on_empty": "only a device without version 1.0 offers it",
    "scsi": "11.1 refuses it together with version 1.0",
    "seqpacket": "the host's kernel has the device",
    "t10_pi": "only vhost-scsi has it",
    "virgl": "a display with OpenGL is needed",
}
# Where the host's kernel cannot do it, no QEMU offers it.
KERNEL_DECIDES = {
    *("guest_uso4", "guest_uso6", "host_uso"),
    *("guest_tunnel", "guest_tunnel_csum", "host_tunnel", "host_tunnel_csum"),
}


def features(device_type: int, *properties: str) -> int:
    """What a device of that type offers, with these properties of its own."""
    witness = WITNESSES[device_type]
    own = (witness.driver, "addr=5", "disable-legacy=on", witness.own, *properties)
    words = ",".join(word for word in own if word)
    return offered(_apart(), (*BARE, *witness.beside, "-device", words), PLACE)


def _apart() -> Binary:
    """The QEMU in a user and network namespace of its own, where it may make a tap."""
    qemu = emulator(RELEASE)
    return replace(qemu, command=("unshare", "--map-root-user", "--net", *qemu.command))


def bits(number: int) -> Iterator[int]:
    return (bit for bit in range(128) if number >> bit & 1)


@pytest.mark.parametrize(
    "device_type",
    [pytest.param(one, marks=() if one in SAMPLED else pytest.mark.full) for one in WITNESSES],
)
def test_a_property_decides_its_feature_and_no_other(device_type: int) -> None:
    usual = features(device_type)
    table = {**BY_TYPE[device_type], **OF_ALL}
    names = [name for name in table if name not in NOT_SHOWN]

    def switched(name: str) -> int:
        is_offered = usual >> table[name][0] & 1
        on, off = ("1500", "0") if name == "host_mtu" else ("on", "off")
        return features(device_type, f"{name}={off if is_offered else on}")

    with ThreadPoolExecutor(2) as executor:
        for name, now in zip(names, executor.map(switched, names), strict=True):
            changed = set(bits(usual ^ now))
            allowed = [{table[name][0]}]
            if name in KERNEL_DECIDES:
                allowed.append(set())
            assert changed in allowed, f"{name}: {sorted(changed)}"


def test_every_type_has_a_witness_or_a_reason() -> None:
    without = BY_TYPE.keys() - WITNESSES.keys()
    assert all(name in NOT_SHOWN for one in without for name in BY_TYPE[one])


def test_what_11_1_has_no_property_for_is_always_offered() -> None:
    (bit, _) = BY_TYPE[3]["emergency-write"]
    assert features(3) >> bit & 1
