"""What a scan found, held against what QEMU has: the same functions, or a reason why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pciabi.abi.snapshot import PlacedFunction, Unreachable
from pciabi.errors import Disagreement
from pciabi.pci import registers as reg
from pciabi.pci.address import TopologyPath
from pciabi.pci.bridge import leads_to_a_link
from pciabi.pci.function import PciFunction
from pciabi.probe.enumeration import Found
from pciabi.qemu.device_tree import TreeFunction


def settle(
    found: Sequence[Found], tree: Sequence[TreeFunction]
) -> tuple[tuple[PlacedFunction, ...], tuple[Unreachable, ...]]:
    """The functions found with QEMU's ids, by guest address, and those no guest can find.

    Raises Disagreement where nothing was found, QEMU lacks a function or has another one at
    its path, or has one that ought to be found and was not.
    """
    if not found:
        raise Disagreement("no PCI function answers")
    seen = {one.path: one.function for one in found}
    told = {function.path: function for function in tree}
    for path in seen.keys() - told.keys():
        raise Disagreement(f"a guest finds a function at {path}, and QEMU has none there")
    functions = tuple(_placed(one, told[one.path]) for one in found)
    return tuple(sorted(functions, key=lambda function: function.address)), unreachable(seen, tree)


def unreachable(
    seen: Mapping[TopologyPath, PciFunction], tree: Sequence[TreeFunction]
) -> tuple[Unreachable, ...]:
    """QEMU's functions that no guest can find; `seen` are those one found.

    Raises Disagreement for one that ought to be found and was not.
    """
    return tuple(
        Unreachable(one.path, one.qdev_id, one.device, _reason(one, seen))
        for one in sorted(tree, key=lambda one: one.path)
        if one.path not in seen
    )


def _placed(one: Found, listed: TreeFunction) -> PlacedFunction:
    config = one.function.config
    ids = (
        int.from_bytes(config[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little"),
        int.from_bytes(config[reg.DEVICE_ID : reg.DEVICE_ID + 2], "little"),
    )
    if ids != (listed.vendor_id, listed.device_id):
        raise Disagreement(
            f"at {one.path} a guest reads {ids[0]:04x}:{ids[1]:04x}, "
            f"QEMU has {listed.vendor_id:04x}:{listed.device_id:04x}"
        )
    return PlacedFunction(one.function, one.path, listed.qdev_id, listed.device)


def _reason(hidden: TreeFunction, seen: Mapping[TopologyPath, PciFunction]) -> str:
    path = hidden.path
    bridges = [TopologyPath(path.root, path.hops[:end]) for end in range(1, len(path.hops))]
    lost = next((bridge for bridge in bridges if bridge not in seen), None)
    if lost is not None:
        return f"it is behind the bridge at {lost}, which no guest finds"
    slot, function = path.hops[-1]
    first = seen.get(TopologyPath(path.root, (*path.hops[:-1], (slot, 0))))
    if bridges and slot > 0 and leads_to_a_link(seen[bridges[-1]].config):
        return "behind a PCI Express port guests look at slot 0 only"
    if function > 0 and first is None:
        return f"slot {slot:x} has no function 0, and guests look at the others only after it"
    if first is not None and not first.config[reg.HEADER_TYPE] & reg.HEADER_MULTI_FUNCTION:
        return f"function 0 of slot {slot:x} is not marked multifunction=on"
    if hidden.vendor_id in reg.ABSENT_VENDORS:
        return f"its vendor id is {hidden.vendor_id:04x}, which says that nothing is there"
    raise Disagreement(f"QEMU has a function at {path}, and a guest finds none there")
