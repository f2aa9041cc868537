"""QEMU command lines as people have them, the same for the same seed: random devices, what is
behind them, and the options that show in a guest's firmware tables."""

from __future__ import annotations

import random
import shlex

from pciabi.vm.config import Device
from tests.real.device_sets import CONVENTIONAL_NICS, EXPRESS_NICS, device_set

_NETWORKS = ("user", "tap,vhost=on", "tap", "socket,listen=:7777", "bridge,br=br0")
_DISKS = ("virtio-blk-pci", "nvme")
# What 5.2 lacks, and what is there in its place.
_BEFORE = {"5.2": {"pvpanic-pci": "pci-testdev"}}
_ACPI_INDEX = ("virtio-net-pci", "e1000", "virtio-rng-pci")
_SMBIOS = (
    "type=1,manufacturer=Ours,product=VM",
    "type=2,serial=B0",
    "type=3,asset=A7",
    "type=11,value=first",
)


def command_line(seed: int, release: str) -> str:
    """The command line of a seed, which that release of QEMU takes."""
    chosen = random.Random(seed)
    config = device_set(seed)
    words = ["qemu-system-x86_64", "-nodefaults", "-M", _machine(config.machine, chosen)]
    words += ["-m", chosen.choice(("256", "1G", "2G,slots=2,maxmem=4G"))]
    words += ["-smp", chosen.choice(("1", "2", "4,sockets=2,cores=2"))]
    for option in chosen.sample(_SMBIOS, chosen.randrange(len(_SMBIOS))):
        words += ["-smbios", option]
    if chosen.random() < 0.3:
        words += ["-serial", "null"]
    for index, device in enumerate(config.devices, start=1):
        words += _with_what_is_behind(device, index, chosen, release)
    return shlex.join(words) + "\n"


def _machine(family: str, chosen: random.Random) -> str:
    options = [option for option in ("usb=on", "smm=off") if chosen.random() < 0.3]
    return ",".join((family, *options))


def _with_what_is_behind(
    device: Device, index: int, chosen: random.Random, release: str
) -> list[str]:
    words, more = [], []
    driver = _BEFORE.get(release, {}).get(device.driver, device.driver)
    if device.driver in (*CONVENTIONAL_NICS, *EXPRESS_NICS):
        words = ["-netdev", f"{chosen.choice(_NETWORKS)},id=n{index}"]
        more = [f"netdev=n{index}", f"mac=52:54:00:aa:00:{index:02x}"]
    elif device.driver in _DISKS:
        words = ["-drive", f"file=/srv/d{index}.qcow2,format=qcow2,if=none,id=k{index}"]
        more = [f"drive=k{index}"]
    if device.driver in _ACPI_INDEX and release != "5.2" and chosen.random() < 0.3:
        more.append(f"acpi-index={index}")
    place = [f"bus={device.bus}"] if device.bus else []
    place += [f"addr={device.addr}"] if device.addr else []
    own = [f"{name}={value}" for name, value in device.properties]
    return [*words, "-device", ",".join((driver, f"id={device.id}", *place, *own, *more))]
