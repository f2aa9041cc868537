"""In which order QEMU created the devices, where each landed, and whether that was fixed.

The order on one bus is QEMU's own word. Across buses it follows the command line, a bridge
before what is behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pciabi.abi.snapshot import Creation, PlacedFunction
from pciabi.pci import registers as reg
from pciabi.pci.address import TopologyPath
from pciabi.pci.bridge import leads_to_a_link
from pciabi.qemu.device_tree import TreeFunction
from pciabi.qemu.inventory import Nameless
from pciabi.vm.command_line.device_options import DeviceOption

# What a machine type brings along at places of its own: storage, memory, bridges, system parts,
# serial buses. Its NIC, display and sound take the first free slot, like any device.
_FIXED_CLASSES = (0x01, 0x05, 0x06, 0x08, 0x0C)
_BUILT_IN = -1
# The root bus of `pxb`, which holds one bridge and nothing that the command line puts there.
_INSIDE_AN_EXPANDER = "pxb-internal"

_Place = tuple[str, int, int]


def creations(
    tree: Sequence[TreeFunction],
    nameless: Sequence[Nameless],
    options: Sequence[DeviceOption],
    functions: Sequence[PlacedFunction],
) -> tuple[Creation, ...]:
    """Every device in the order of its creation.

    `tree` has the devices of each bus in order, `nameless` those without an id that no machine
    type brought along, `options` are the command line's in creation order.
    """
    ranks = _ranks(tree, _options_by_place(nameless, options), options)
    configs = {placed.path: placed.function.config for placed in functions}
    result = []
    for function in _merged(tree, ranks):
        rank = ranks[function.path]
        if rank == _BUILT_IN:
            pinned = _is_fixed(configs.get(function.path))
        elif function.bus == _INSIDE_AN_EXPANDER:
            pinned = True
        else:
            option = options[rank] if rank < len(options) else None
            pinned = _is_pinned(option, configs.get(_above(function.path)))
        result.append(Creation(function.qdev_id, function.device, function.path, pinned))
    return tuple(result)


def options_by_path(
    tree: Sequence[TreeFunction],
    nameless: Sequence[Nameless],
    options: Sequence[DeviceOption],
) -> Mapping[TopologyPath, int]:
    """Which of the options made each function, as its place among them; without those that no
    `-device` made."""
    ranks = _ranks(tree, _options_by_place(nameless, options), options)
    return {path: rank for path, rank in ranks.items() if 0 <= rank < len(options)}


def _options_by_place(
    nameless: Sequence[Nameless], options: Sequence[DeviceOption]
) -> dict[_Place, int]:
    """The option that made each nameless PCI device, by its place; what another option made
    (`-drive if=virtio`) counts as made after all of them."""
    waiting = [rank for rank, option in enumerate(options) if option.id is None]
    others = len(nameless) - len(waiting)
    found: dict[_Place, int] = {}
    for device in nameless:
        rank = len(options)
        if waiting and (others <= 0 or _may_be(options[waiting[0]], device)):
            rank = waiting.pop(0)
        else:
            others -= 1
        if device.place is not None:
            found[device.place] = rank
    return found


def _may_be(option: DeviceOption, device: Nameless) -> bool:
    # QEMU's aliases leave out the bus: virtio-net stands for virtio-net-pci.
    return device.device in (option.driver, f"{option.driver}-pci")


def _ranks(
    tree: Sequence[TreeFunction],
    by_place: Mapping[_Place, int],
    options: Sequence[DeviceOption],
) -> dict[TopologyPath, int]:
    """Each device's place in the order of the options; what no option made comes first."""
    by_id = {option.id: rank for rank, option in enumerate(options) if option.id is not None}
    ranks = {}
    for function in tree:
        if function.qdev_id is not None:
            rank = by_id.get(function.qdev_id, len(options))
        else:
            rank = by_place.get((function.bus, *function.path.hops[-1]), _BUILT_IN)
        ranks[function.path] = rank
    return ranks


def _merged(tree: Sequence[TreeFunction], ranks: Mapping[TopologyPath, int]) -> list[TreeFunction]:
    """The devices of all buses in one order, that keeps each bus's own and puts a bridge before
    what is behind it."""
    buses: dict[TopologyPath, list[TreeFunction]] = {}
    for function in tree:
        buses.setdefault(_above(function.path), []).append(function)
    merged: list[TreeFunction] = []
    made: set[TopologyPath] = set()

    def due(bus: TopologyPath) -> tuple[int, TopologyPath]:
        # A device cannot come later than one that was created after it on the same bus.
        return min(ranks[function.path] for function in buses[bus]), bus

    while buses:
        bus = min((bus for bus in buses if not bus.hops or bus in made), key=due)
        function = buses[bus].pop(0)
        merged.append(function)
        made.add(function.path)
        if not buses[bus]:
            del buses[bus]
    return merged


def _above(path: TopologyPath) -> TopologyPath:
    return TopologyPath(path.root, path.hops[:-1])


def _is_pinned(option: DeviceOption | None, bridge: bytes | None) -> bool:
    if option is None:
        return False
    one_slot = bridge is not None and leads_to_a_link(bridge)
    return option.addr is not None or (option.bus is not None and one_slot)


def _is_fixed(config: bytes | None) -> bool:
    return config is not None and config[reg.CLASS + 1] in _FIXED_CLASSES
