"""A scan held against QEMU's tree: what agrees, what is hidden and why, what is a fault."""

from __future__ import annotations

import pytest

from pciabi.errors import Disagreement
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.probe.enumeration import Found
from pciabi.probe.reachability import settle
from pciabi.qemu.device_tree import TreeFunction
from tests.unit.strategies import fully_read

IDS = (0x1AF4, 0x1000)


def in_tree(path: str, ids: tuple[int, int] = IDS) -> TreeFunction:
    return TreeFunction(TopologyPath.parse(path), *ids, f"at-{path}", "some-device", "pci.0", {})


def found(path: str, *, multifunction: bool = False, port: bool = False) -> Found:
    parsed = TopologyPath.parse(path)
    config = bytearray(256)
    config[0:4] = b"\xf4\x1a\x00\x10"
    config[0x0E] = 0x80 if multifunction else 0
    if port:
        config[0x06], config[0x34] = 0x10, 0x40
        config[0x40:0x44] = b"\x10\0\x42\0"
    address = GuestAddress(0, len(parsed.hops) - 1, *parsed.hops[-1])
    return Found(fully_read(address, bytes(config)), parsed)


def test_the_same_functions_agree() -> None:
    functions, hidden = settle(
        [found("0/02.0"), found("0/01.0")], [in_tree("0/01.0"), in_tree("0/02.0")]
    )
    assert [(str(f.address), f.qdev_id) for f in functions] == [
        ("0000:00:01.0", "at-0/01.0"),
        ("0000:00:02.0", "at-0/02.0"),
    ]
    assert hidden == ()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("0/03.1", "slot 3 has no function 0"),
        ("0/01.2", "function 0 of slot 1 is not marked multifunction=on"),
        ("0/03.1/00.0", "behind the bridge at 0/03.1, which no guest finds"),
        ("0/02.0/01.0", "behind a PCI Express port guests look at slot 0 only"),
    ],
)
def test_what_is_hidden_has_a_reason(path: str, reason: str) -> None:
    seen = [found("0/01.0"), found("0/02.0", port=True)]
    tree = {path: in_tree(path) for path in ("0/01.0", "0/02.0", "0/03.1", path)}
    _, hidden = settle(seen, list(tree.values()))
    (told,) = [one.reason for one in hidden if str(one.path) == path]
    assert reason in told


@pytest.mark.parametrize(
    ("seen", "tree", "words"),
    [
        ([], [in_tree("0/01.0")], "no PCI function answers"),
        ([found("0/01.0"), found("0/02.0")], [in_tree("0/01.0")], "at 0/02.0, and QEMU has none"),
        (
            [found("0/01.0")],
            [in_tree("0/01.0", (0x8086, 1))],
            "reads 1af4:1000, QEMU has 8086:0001",
        ),
        (
            [found("0/01.0")],
            [in_tree("0/01.0"), in_tree("0/02.0")],
            "at 0/02.0, and a guest finds none",
        ),
        (
            [found("0/01.0", multifunction=True)],
            [in_tree("0/01.0"), in_tree("0/01.1")],
            "at 0/01.1, and a guest finds none",
        ),
    ],
)
def test_what_does_not_agree_is_a_fault(
    seen: list[Found], tree: list[TreeFunction], words: str
) -> None:
    with pytest.raises(Disagreement, match=words):
        settle(seen, tree)
