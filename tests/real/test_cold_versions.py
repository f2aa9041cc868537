"""The cold probe on every QEMU and every machine type: what it reads is what QEMU has."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from pciabi.abi.snapshot import PlacedFunction
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.pci.function import BarKind
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.probe.hypervisor import PAUSED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu import binary, machines
from pciabi.qemu.binary import Binary
from tests.real.releases import emulator

SECONDS = 60.0
ROM = 6
CONVENTIONAL = (
    *("virtio-net-pci,bus=pci.0", "e1000,bus=pci.0,addr=1e", "VGA,bus=pci.0"),
    *("nvme,serial=x,bus=pci.0", "qemu-xhci,bus=pci.0", "virtio-blk-pci,drive=d0,bus=pci.0"),
    *("pci-bridge,chassis_nr=1,id=b1,bus=pci.0", "e1000e,bus=b1,addr=3"),
    *("pci-bridge,chassis_nr=2,id=b2,bus=b1,addr=1f", "rtl8139,bus=b2,addr=2"),
    *("vmxnet3,bus=pci.0,addr=1c.0,multifunction=on", "pcnet,bus=pci.0,addr=1c.5"),
    *("tulip,bus=pci.0", "megasas,bus=pci.0", "intel-hda,bus=pci.0", "lsi53c895a,bus=pci.0"),
    *("pxb,bus_nr=100,id=x1,bus=pci.0", "virtio-rng-pci,bus=x1"),
)
EXPRESS = (
    *("pcie-root-port,id=r1,chassis=1,bus=pcie.0", "e1000e,bus=r1", "VGA,bus=pcie.0"),
    "pcie-root-port,id=r2,chassis=2,bus=pcie.0,addr=1c.0,multifunction=on",
    *("x3130-upstream,bus=r2,id=u1", "xio3130-downstream,bus=u1,id=d1,chassis=5"),
    *("xio3130-downstream,bus=u1,id=d2,chassis=6,addr=2", "nvme,serial=x,bus=d1"),
    *("virtio-net-pci,bus=d2", "pcie-root-port,id=r3,chassis=3,bus=pcie.0,addr=1c.3"),
    *("pcie-pci-bridge,bus=r3,id=c1", "rtl8139,bus=c1,addr=4"),
    *("pci-bridge,bus=c1,addr=5,id=b1,chassis_nr=9", "e1000,bus=b1,addr=1"),
    *("virtio-blk-pci,drive=d0,bus=pcie.0", "i82801b11-bridge,id=i1,bus=pcie.0"),
    *("ioh3420,id=r4,chassis=20,bus=pcie.0", "vmxnet3,bus=r4"),
    *("pxb-pcie,bus_nr=100,id=x1,bus=pcie.0", "pcie-root-port,bus=x1,id=r5,chassis=77"),
    "virtio-rng-pci,bus=r5",
)

_IDS = re.compile(r"class .*, pci id ([0-9a-f]{4}):([0-9a-f]{4}) .*")
_BAR = re.compile(r"bar (\d): (mem|i/o) at 0x([0-9a-f]+) \[0x([0-9a-f]+)\]")

Sizes = tuple[tuple[int, str, int], ...]


def hardware(machine: str) -> Hardware:
    devices = EXPRESS if "q35" in machine else CONVENTIONAL
    drive = ("-drive", "if=none,id=d0,driver=null-co,read-zeroes=on")
    words = [word for device in devices for word in ("-device", device)]
    return Hardware(("-nodefaults", "-no-user-config", "-machine", machine, *drive, *words))


def machine_types(qemu: Binary) -> list[str]:
    """All of the i440FX and of the Q35, `pc-1.0` included."""
    listing = subprocess.run(
        [*qemu.command, "-machine", "help"], capture_output=True, text=True, check=True
    )
    return sorted(
        name
        for name, meant in machines.parse(listing.stdout).items()
        if name == meant and re.match(r"pc-(i440fx-|q35-|\d)", name)
    )


def sizes_qemu_has(machine: str, qemu: Binary) -> list[tuple[int, int, Sizes]]:
    """Each function's ids and regions, from the monitor: region 6 is the ROM."""
    subject = Machine(qemu, hardware(machine).arguments, PAUSED)
    with (
        OWN_QEMU.start(subject, Cancellation()) as running,
        running.monitor(Deadline.after(SECONDS)) as qmp,
    ):
        return sorted(_functions(qmp.hmp("info qtree")))


def _functions(text: str) -> Iterator[tuple[int, int, Sizes]]:
    for block in re.split(r"^ *(?=class )", text, flags=re.MULTILINE):
        first, *lines = (line.strip() for line in block.splitlines())
        if ids := _IDS.fullmatch(first):
            bars = [bar for line in lines if (bar := _BAR.fullmatch(line))]
            sizes = tuple((int(b[1]), b[2], _size(int(b[3], 16), int(b[4], 16))) for b in bars)
            yield int(ids[1], 16), int(ids[2], 16), sizes


def _size(first: int, last: int) -> int:
    # An unmapped region begins at all ones.
    return (last - first + 1) % (1 << 64)


def sizes_read(placed: PlacedFunction) -> tuple[int, int, Sizes]:
    function = placed.function
    bars = [
        (bar.index, "i/o" if bar.kind is BarKind.IO else "mem", bar.size or 0)
        for bar in function.bars
    ]
    rom = [(ROM, "mem", function.rom_size)] if function.rom_size is not None else []
    vendor, device = (int.from_bytes(function.config[i : i + 2], "little") for i in (0, 2))
    return vendor, device, (*bars, *rom)


def must_read_what_qemu_has(machine: str, qemu: Binary) -> None:
    snapshot = cold_probe(hardware(machine), qemu, Cancellation(), Deadline.after(SECONDS))
    assert snapshot.provenance.machine == machine
    assert sorted(map(sizes_read, snapshot.functions)) == sizes_qemu_has(machine, qemu)
    assert len(snapshot.creations) == len(snapshot.functions) > len(EXPRESS)
    assert snapshot.unreachable == ()


@pytest.mark.parametrize("family", ["i440fx", "q35"])
def test_the_oldest_and_the_newest_machine_type(family: str) -> None:
    qemu = binary.find(None)
    names = [name for name in machine_types(qemu) if family in name]
    ages = sorted(names, key=lambda name: [int(part) for part in re.findall(r"\d+", name)[-2:]])
    for machine in (ages[0], ages[-1]):
        must_read_what_qemu_has(machine, qemu)


@pytest.mark.full
@pytest.mark.parametrize("version", ["5.2", "7.2", "10.0", "11.1"])
def test_every_machine_type_of_every_release(version: str) -> None:
    qemu = emulator(version)
    names = machine_types(qemu)
    assert len(names) > 30
    for machine in names:
        must_read_what_qemu_has(machine, qemu)
