"""The order of creation, put together from QEMU's own per bus and the command line's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pciabi.abi.snapshot import Creation, PlacedFunction
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.probe.creation import creations, options_by_path
from pciabi.probe.makers import other_makers
from pciabi.qemu.device_tree import TreeFunction
from pciabi.qemu.inert.hardware import inert
from pciabi.qemu.inventory import Nameless
from pciabi.vm import reading
from pciabi.vm.command_line.device_options import device_options
from tests.unit.strategies import fully_read

CLASSES = {"mch": 0x0600, "VGA": 0x0300, "pcie-root-port": 0x0604}


def in_tree(path: str, device: str, qdev_id: str | None, bus: str = "pcie.0") -> TreeFunction:
    return TreeFunction(TopologyPath.parse(path), 0x1234, 1, qdev_id, device, bus, {})


def found(function: TreeFunction) -> PlacedFunction:
    config = bytearray(256)
    config[0x0A:0x0C] = CLASSES.get(function.device, 0x0200).to_bytes(2, "little")
    if function.device == "pcie-root-port":
        config[0x06], config[0x0E], config[0x34] = 0x10, 1, 0x40
        config[0x40:0x44] = b"\x10\0\x42\0"
    slot, number = function.path.hops[-1]
    address = GuestAddress(0, len(function.path.hops) - 1, slot, number)
    return PlacedFunction(
        fully_read(address, bytes(config)),
        function.path,
        function.qdev_id,
        function.device,
    )


TREE = (
    in_tree("0/00.0", "mch", None),
    in_tree("0/01.0", "VGA", None),
    in_tree("0/02.0", "pcie-root-port", "port"),
    in_tree("0/02.0/00.0", "e1000e", "net1", "port"),
    in_tree("0/06.0", "pcie-root-port", "port2"),
    in_tree("0/06.0/00.0", "e1000e", "net2", "port2"),
    in_tree("0/03.0", "virtio-blk-pci", None),
    in_tree("0/09.0", "e1000", "net0"),
    in_tree("0/04.0", "e1000", None),
    in_tree("0/05.0", "e1000", None),
)
ARGUMENTS = [
    *("-device", '{"driver": "e1000"}', "-device", "pcie-root-port,id=port"),
    *("-device", "pcie-root-port,id=port2,addr=6"),
    *("-device", "usb-tablet", "-device", "e1000e,id=net1,bus=port"),
    *("-drive", "if=virtio", "-device", "e1000,id=net0,addr=9", "-device", "e1000"),
    *("-device", "e1000e,id=net2,bus=port2"),
]
NAMELESS = (
    Nameless("usb-tablet", None),
    Nameless("e1000", ("pcie.0", 4, 0)),
    Nameless("virtio-blk-pci", ("pcie.0", 3, 0)),
    Nameless("e1000", ("pcie.0", 5, 0)),
)


def test_order_and_pinning() -> None:
    functions = [found(function) for function in TREE]
    made = creations(TREE, NAMELESS, device_options(ARGUMENTS), functions)
    assert [(str(one.path), one.qdev_id, one.pinned) for one in made] == [
        # What the machine brings along, the chipset at its fixed place.
        ("0/00.0", None, True),
        ("0/01.0", None, False),
        # key=value in command-line order; one slot behind a port needs no address.
        ("0/02.0", "port", False),
        ("0/06.0", "port2", True),
        ("0/02.0/00.0", "net1", True),
        # The bus says that this one came before net0, whichever option made it.
        ("0/03.0", None, False),
        ("0/09.0", "net0", True),
        ("0/04.0", None, False),
        ("0/06.0/00.0", "net2", True),
        # JSON last.
        ("0/05.0", None, False),
    ]


def test_a_function_is_traced_to_the_option_that_made_it() -> None:
    options = device_options(ARGUMENTS)
    made = options_by_path(TREE, NAMELESS, options)
    by_path = {str(path): (options[rank].driver, options[rank].id) for path, rank in made.items()}
    assert by_path == {
        "0/02.0": ("pcie-root-port", "port"),
        "0/02.0/00.0": ("e1000e", "net1"),
        "0/06.0": ("pcie-root-port", "port2"),
        "0/06.0/00.0": ("e1000e", "net2"),
        "0/09.0": ("e1000", "net0"),
        # Key=value before JSON; chipset, display and `-drive` are of no `-device`.
        "0/04.0": ("e1000", None),
        "0/05.0": ("e1000", None),
    }
    assert made[TREE[8].path] < made[TREE[9].path] == len(options) - 1


def test_what_no_device_option_made_is_traced_where_that_is_certain() -> None:
    (line,) = reading.read_all(
        Path("vm.sh"),
        raw=b"qemu-system-x86_64 \\\n-drive if=virtio,file=/a \\\n-vga std \\\n-nic tap "
        b"\\\n-drive if=virtio,file=/b \\\n-nic none -drive if=none,file=/c\n",
    )
    origins = inert(line).origins
    paths = {
        name: TopologyPath.parse(f"0/{slot:02x}.0")
        for slot, name in enumerate(("VGA", "e1000", "first", "second", "own"), start=2)
    }
    made = [
        Creation(None, "VGA", paths["VGA"], False),
        Creation(None, "e1000", paths["e1000"], False),
        Creation(None, "virtio-blk-pci", paths["first"], False),
        Creation(None, "virtio-blk-pci", paths["second"], False),
        # It has a `-device`.
        Creation(None, "e1000", paths["own"], False),
    ]
    known = {paths["own"]}
    lines = {path: origin.place.line for path, origin in other_makers(made, known, origins).items()}
    assert lines == {paths["VGA"]: 3, paths["e1000"]: 4, paths["first"]: 2, paths["second"]: 5}
    # One is too many: which of them is QEMU's own?
    assert paths["first"] not in other_makers([*made, replace(made[2])], known, origins)
