"""QEMU's short options that make a PCI device and take no address for it."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from pciabi.vm import qemu_drivers
from pciabi.vm.command_line.argument import Unresolved
from pciabi.vm.command_line.option import Option
from pciabi.vm.command_line.parameters import Parameters, open_flag, parameters
from pciabi.vm.pci_vm import PciDevice, Pinning, Role
from pciabi.vm.qemu_device import properties, span

_REMEDY = "write it as -device, with addr="
# What they make.
_ROLES = MappingProxyType(
    {
        "nic": Role.NIC,
        "soundhw": Role.SOUND,
        "audio": Role.SOUND,
        "virtfs": Role.OTHER,
        "watchdog": Role.OTHER,
        "balloon": Role.BALLOON,
    }
)
# What `-soundhw` and `-audio model=` call the sound cards that are PCI devices.
_PCI_SOUND = frozenset({"ac97", "es1370", "hda", "virtio", "all"})
# The parameter that decides whether an option makes a device on PCI.
_DECIDING = MappingProxyType({"net": "type", "audio": "model", "drive": "if"})


def devices(option: Option, root: str) -> Iterator[PciDevice]:
    """The device on the root bus that an option makes, or may make; for `-drive if=virtio` too."""
    text = option.value.text if option.value is not None else ""
    implied = None if option.name == "drive" else "type"
    given = parameters(option.value, implied) if option.value is not None else None
    what = _open(option, given)
    if what is not None:
        yield PciDevice(
            f"-{option.name} {what.source}", "", Role.OTHER, Pinning.UNKNOWN, span(option),
            detail=what.reason, bus=root,
        )  # fmt: skip
    elif option.name == "drive":
        if given is not None and given.get("if") == "virtio":
            name = given.get("id") or "-drive if=virtio"
            yield PciDevice(
                name, "virtio-blk-pci", Role.DISK, Pinning.UNPINNABLE, span(option),
                remedy=_REMEDY, bus=root,
            )  # fmt: skip
    elif _makes_pci_device(option.name, text, given):
        word = f"-{option.name} {text.split(',')[0]}"
        yield PciDevice(
            word, text, _ROLES[option.name], Pinning.UNPINNABLE, span(option),
            properties=properties(given), remedy=_REMEDY, bus=root,
        )  # fmt: skip


def _open(option: Option, given: Parameters | None) -> Unresolved | None:
    """The variable that decides whether the option makes a device on PCI, or None."""
    if option.value is None or given is None:
        return None
    if option.name in ("soundhw", "balloon"):
        return option.value.unresolved_in(0, len(option.value.text))
    deciding = given.find(_DECIDING.get(option.name, ""))
    if deciding is not None:
        return deciding.unresolved
    return open_flag(given) if option.name in _DECIDING else None


def _makes_pci_device(name: str, text: str, given: Parameters | None) -> bool:
    """Whether a short option makes a device on PCI; `-soundhw pcspk`, say, does not."""
    if name == "balloon":
        return text.startswith("virtio")
    if name == "soundhw":
        return not _PCI_SOUND.isdisjoint(text.split(","))
    if name == "audio":
        return given is not None and given.get("model") in _PCI_SOUND
    if name == "watchdog":
        driver = qemu_drivers.find(text)
        return driver is None or driver.is_pci
    return text != "none"
