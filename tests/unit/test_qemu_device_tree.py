"""QEMU's device tree read back from text written the way QEMU writes it, and from any other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import Disagreement
from pciabi.pci.address import TopologyPath
from pciabi.qemu.device_tree import DeviceTree, TreeFunction, has_pci, parse

HEAD = """bus: main-system-bus
  type System
  dev: ioapic, id ""
    gpio-in "" 24
    version = 32 (0x20)
"""


@dataclass(frozen=True)
class Planned:
    """A PCI device to write: with a bus behind it where `bus` is not None."""

    type: str
    id: str
    place: tuple[int, int]
    ids: tuple[int, int]
    bus: str | None
    behind: tuple[Planned, ...]


def written(devices: tuple[Planned, ...], depth: int) -> Iterator[str]:
    """The youngest first, properties before what the device is, buses behind it last."""
    pad = "  " * depth
    for device in reversed(devices):
        slot, function = device.place
        yield f'{pad}dev: {device.type}, id "{device.id}"'
        yield f"{pad}  addr = {slot:02x}.{function:x}"
        yield f'{pad}  serial = "bus: pci.9"'
        vendor, number = device.ids
        yield (
            f"{pad}  class Ethernet controller, addr 00:{slot:02x}.{function:x}, "
            f"pci id {vendor:04x}:{number:04x} (sub 1af4:1100)"
        )
        yield f"{pad}  bar 0: mem at 0xffffffffffffffff [0x1fffe]"
        if device.bus is not None:
            yield f"{pad}  bus: {device.bus}"
            yield f"{pad}    type PCI"
            yield from written(device.behind, depth + 2)
        yield f"{pad}  bus: virtio-bus"
        yield f"{pad}    type virtio-pci-bus"
        yield f'{pad}    dev: virtio-net-device, id ""'
        yield f'{pad}      mac = "52:54:00:00:00:0a"'
        yield f"{pad}      acpi-index = 7 (0x7)"
        yield f"{pad}      packed = true"
        yield f"{pad}      hostmem = 67108864 (64 MiB)"
        yield f'{pad}      serial = "true"'


def expected(devices: tuple[Planned, ...], above: TopologyPath, bus: str) -> Iterator[TreeFunction]:
    for device in devices:
        path = above.below(*device.place)
        properties = {
            "addr": f"{device.place[0]:02x}.{device.place[1]:x}",
            # The virtio device has one of the same name.
            f"{device.type}.serial": "bus: pci.9",
            "serial": "true",
            "mac": "52:54:00:00:00:0a",
            "acpi-index": "7",
            "packed": "on",
            "hostmem": "67108864",
        }
        yield TreeFunction(path, *device.ids, device.id or None, device.type, bus, properties)
        yield from expected(device.behind, path, device.bus or "")


WORDS = st.text("abcdefgh0123456789-_.", min_size=1, max_size=8)
PLACES = st.tuples(st.integers(0, 31), st.integers(0, 7))
IDS = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))


def plans(below: st.SearchStrategy[tuple[Planned, ...]]) -> st.SearchStrategy[tuple[Planned, ...]]:
    bridge = st.builds(Planned, WORDS, WORDS | st.just(""), PLACES, IDS, WORDS, below)
    plain = st.builds(Planned, WORDS, WORDS | st.just(""), PLACES, IDS, st.none(), st.just(()))
    return st.lists(bridge | plain, max_size=3).map(tuple)


@given(st.recursive(plans(st.just(())), plans, max_leaves=8))
def test_what_is_written_is_read(devices: tuple[Planned, ...]) -> None:
    text = "\n".join(
        [
            *HEAD.splitlines(),
            *('  dev: i440FX-pcihost, id ""', "    bypass-iommu = false"),
            *("    bus: pci.0", "      type PCI"),
            *written(devices, 3),
            *('  dev: fw_cfg_io, id ""', "    dma_enabled = true"),
        ]
    )
    root = TopologyPath(0, ())
    assert parse(text) == DeviceTree(tuple(expected(devices, root, "pci.0")), (0,))


@given(
    st.lists(st.sampled_from([*HEAD.splitlines(), "      type PCI", "    bus: pci.0"]) | st.text())
)
def test_any_text_is_a_tree_or_a_disagreement(lines: list[str]) -> None:
    with suppress(Disagreement):
        assert parse("\n".join(lines)).roots


EXPANDERS = """bus: main-system-bus
  type System
  dev: pxb-host, id ""
    bus: second
      type pxb-pcie-bus
  dev: pxb-host, id ""
    bus: pxb-internal
      type pxb-bus
      dev: pci-bridge, id "first"
        class PCI bridge, addr 40:00.0, pci id 1b36:0001 (sub 0000:0000)
  dev: q35-pcihost, id ""
    bus: pcie.0
      type PCIE
      dev: pxb-pcie, id "second"
        bus_nr = 128 (0x80)
        class Host bridge, addr 00:02.0, pci id 1b36:000b (sub 1af4:1100)
      dev: pxb, id "first"
        bus_nr = 64 (0x40)
        class Host bridge, addr 00:01.0, pci id 1b36:0009 (sub 1af4:1100)
"""


def test_each_expander_bridge_has_the_root_bus_created_with_it() -> None:
    tree = parse(EXPANDERS)
    assert tree.roots == (0, 64, 128)
    assert [str(one.path) for one in tree.functions] == ["0/01.0", "0/02.0", "40/00.0"]


def test_an_expander_bus_without_its_bridge_is_a_disagreement() -> None:
    with pytest.raises(Disagreement, match="1 expander bridges, 2 expander buses"):
        parse(EXPANDERS.replace("bus_nr = 128", "bus_no = 128"))


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ('bus: main-system-bus\n  type System\n  dev: ps2-mouse, id ""\n', False),
        ('bus: main-system-bus\n  dev: p, id ""\n    bus: isa.0\n      type ISA\n', False),
        ('bus: main-system-bus\n  dev: p, id ""\n    bus: pci.0\n      type PCI\n', True),
        # No device tree at all: nothing is said of the machine.
        ("", True),
        ("unknown command: 'info qtree'\n", True),
    ],
)
def test_a_machine_without_a_pci_bus_is_told_from_what_is_no_machine(text: str, has: bool) -> None:
    assert has_pci(text) is has
