"""Guest and QEMU must tell the same story about the hardware, function by function.

Where they do not, or where something a configuration names is missing, there is no snapshot
and so no verdict: nothing may pass because nothing was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pciabi.abi.snapshot import NetworkInterface, PlacedFunction, Unreachable
from pciabi.errors import Disagreement, GuestError
from pciabi.pci.address import GuestAddress
from pciabi.pci.function import PciFunction
from pciabi.pci.topology import topology_paths
from pciabi.qemu.placement import QemuFunction
from pciabi.vm.config import Firmware

_NETWORK_CLASS = 0x02


def placed(
    guest: Sequence[PciFunction],
    qemu: Sequence[QemuFunction],
    hidden: Sequence[Unreachable] = (),
) -> tuple[PlacedFunction, ...]:
    """The guest's functions with QEMU's ids; `hidden` are those that no guest can find.

    Raises Disagreement on any other difference.
    """
    if not guest:
        raise Disagreement("the guest lists no function at all")
    out_of_reach = {one.path for one in hidden}
    seen = {function.address: function for function in guest}
    told = {function.address: function for function in qemu if function.path not in out_of_reach}
    _same_addresses(seen.keys(), told.keys())
    paths = topology_paths(guest)
    result = []
    for address in sorted(seen):
        function, listed = seen[address], told[address]
        ids = (_word(function.config, 0), _word(function.config, 2))
        if ids != (listed.vendor_id, listed.device_id):
            raise Disagreement(
                f"at {address} the guest read {ids[0]:04x}:{ids[1]:04x}, "
                f"QEMU has {listed.vendor_id:04x}:{listed.device_id:04x}"
            )
        if paths[address] != listed.path:
            raise Disagreement(
                f"{address} is at {paths[address]} for the guest and at {listed.path} for QEMU"
            )
        result.append(PlacedFunction(function, listed.path, listed.qdev_id, listed.device))
    return tuple(result)


def _same_addresses(seen: Iterable[GuestAddress], told: Iterable[GuestAddress]) -> None:
    only_guest, only_qemu = sorted(set(seen) - set(told)), sorted(set(told) - set(seen))
    if only_guest:
        raise Disagreement(f"only the guest has a function at {_list(only_guest)}")
    if only_qemu:
        raise Disagreement(f"only QEMU has a function at {_list(only_qemu)}")


def must_be_found(functions: Sequence[PlacedFunction], device_ids: Sequence[str]) -> None:
    """Every named PCI device is there. Raises Disagreement."""
    found = {function.qdev_id for function in functions}
    missing = [device_id for device_id in device_ids if device_id not in found]
    if missing:
        raise Disagreement(f"not found in the guest: {', '.join(missing)}")


def must_run_on(wanted: Firmware, interfaces: Sequence[str], bios: str) -> None:
    """The guest runs on the wanted firmware. Raises Disagreement.

    `interfaces` are the firmware interfaces Linux found (/sys/firmware: `efi` under UEFI only),
    `bios` is what the guest's DMI calls the firmware.
    """
    if ("efi" in interfaces) != (wanted is Firmware.OVMF):
        raise Disagreement(f"the VM was to run on {wanted}, and the guest runs on {bios}")


def must_be_driven(
    functions: Sequence[PlacedFunction], interfaces: Sequence[NetworkInterface]
) -> None:
    """Every network function has its driver and an interface with one. Raises GuestError."""
    at = {interface.address: interface for interface in interfaces}
    for placed_function in functions:
        function = placed_function.function
        if function.config[0x0B] != _NETWORK_CLASS:
            continue
        name = placed_function.qdev_id or "NIC"
        if function.driver is None:
            raise GuestError(f"no driver is bound to {name} at {function.address}")
        interface = at.get(function.address)
        if interface is None or interface.driver is None:
            raise GuestError(f"{name} at {function.address} has no network interface")


def must_match_macs(
    functions: Sequence[PlacedFunction],
    interfaces: Sequence[NetworkInterface],
    macs: Mapping[str, str],
) -> None:
    """Each NIC's MAC address (by qdev id, as QEMU has it) is the guest's at the same place.

    Raises Disagreement.
    """
    at = {interface.address: interface for interface in interfaces}
    addresses = {f.qdev_id: f.address for f in functions if f.qdev_id is not None}
    for device_id, mac in macs.items():
        address = addresses.get(device_id)
        interface = at.get(address) if address else None
        if interface is None:
            raise Disagreement(f"{device_id} has no network interface in the guest")
        if interface.mac.lower() != mac.lower():
            raise Disagreement(
                f"{device_id} at {address} has MAC {mac} in QEMU and {interface.mac} in the guest"
            )


def _word(config: bytes, offset: int) -> int:
    return int.from_bytes(config[offset : offset + 2], "little")


def _list(addresses: Sequence[GuestAddress]) -> str:
    return ", ".join(str(address) for address in addresses)
