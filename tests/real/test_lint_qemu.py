"""lint against QEMU itself: what lint calls clean does not move, and whatever moves it has named.

Random command lines are read cold, as they are and then changed: a device removed, one added in
front or behind, the order turned round.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import InputError, QemuError
from pciabi.lint.engine import FileResult, Settings, lint
from pciabi.pci.address import TopologyPath
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.qemu import binary
from pciabi.vm import qemu_machine, reading
from pciabi.vm.formats import ConfigText

LEAVES = (
    *("virtio-net-pci", "e1000", "virtio-rng-pci", "pvscsi", "nec-usb-xhci"),
    *("virtio-scsi-pci", "virtio-serial-pci", "i6300esb", "intel-hda", "rtl8139"),
)
# The driver, whether a bridge of it has one slot, and what it needs besides.
BRIDGES = {
    "pc": (("pci-bridge", "chassis_nr={n}"),),
    "q35": (("pcie-root-port", "chassis={n}"), ("pcie-pci-bridge", ""), ("i82801b11-bridge", "")),
}
CHIPSET = {"pc": ("-machine", "pc"), "q35": ("-machine", "q35")}
ROOTS = {"pc": "pci.0", "q35": "pcie.0"}
UNPINNED = frozenset({"unpinned-nic", "unpinned-device", "unpinned-boot-disk", "unpinned-bridge"})


@dataclass(frozen=True)
class Part:
    """One `-device`: `bus` is a bridge's id, empty for the root bus."""

    driver: str
    id: str
    bus: str = ""
    addr: str = ""
    more: str = ""

    @property
    def value(self) -> str:
        bus = f",bus={self.bus}" if self.bus else ""
        addr = f",addr={self.addr}" if self.addr else ""
        return f"{self.driver},id={self.id}{bus}{addr}{',' if self.more else ''}{self.more}"


@dataclass(frozen=True)
class Vm:
    """A command line of random parts."""

    machine: str
    parts: tuple[Part, ...]

    def arguments(self) -> tuple[str, ...]:
        devices = (word for part in self.parts for word in ("-device", part.value))
        return ("-nodefaults", "-no-user-config", *CHIPSET[self.machine], "-m", "256M", *devices)

    def text(self) -> str:
        return "qemu-system-x86_64 " + " ".join(self.arguments()) + "\n"

    def leaves(self) -> tuple[Part, ...]:
        """The parts with nothing behind them."""
        return tuple(p for p in self.parts if not any(other.bus == p.id for other in self.parts))


def random_vm(seed: int, pinned_share: float) -> Vm:
    """Parts on the root bus and behind bridges, each pinned with that probability."""
    choose = random.Random(seed)
    machine = choose.choice(["pc", "q35"])
    slots = iter(choose.sample(range(5, 29), 12))
    parts: list[Part] = []
    inner: dict[str, list[int]] = {}
    for number in range(choose.randint(0, 3)):
        driver, more = choose.choice(BRIDGES[machine])
        addr = f"{next(slots):#x}" if choose.random() < pinned_share else ""
        part = Part(driver, f"b{number}", "", addr, more.format(n=number + 1))
        parts.append(part)
        inner[part.id] = [0] if driver == "pcie-root-port" else choose.sample(range(1, 31), 6)
    for number in range(choose.randint(2, 6)):
        open_buses = [bus for bus, free in inner.items() if free]
        bus = choose.choice(["", *open_buses])
        port = next((p.driver for p in parts if p.id == bus), "") == "pcie-root-port"
        driver = "e1000e" if port else choose.choice(LEAVES)
        slot = inner[bus].pop() if bus else next(slots)
        addr = f"{slot:#x}" if choose.random() < pinned_share else ""
        parts.append(Part(driver, f"d{number}", bus, addr))
    return Vm(machine, tuple(parts))


@cache
def paths(vm: Vm) -> Mapping[str, TopologyPath] | None:
    """Where QEMU puts each part, by id; None where it refuses to start."""
    try:
        snapshot = cold_probe(
            Hardware(vm.arguments()), binary.find(None), Cancellation(), Deadline.after(60)
        )
    except (InputError, QemuError):
        return None
    return {f.qdev_id: f.path for f in snapshot.functions if f.qdev_id is not None}


def found(vm: Vm) -> FileResult:
    result = lint(ConfigText("vm.sh", vm.text()), Settings())
    assert result.error is None
    assert result.format == "qemu"
    return result


def named(vm: Vm) -> set[str]:
    """The parts lint has a finding on."""
    return {finding.device for finding in found(vm).findings}


def changed(vm: Vm) -> Sequence[Vm]:
    """The VM with each leaf removed, one added at each end, and turned round."""
    spare = Part("virtio-rng-pci", "spare")
    pinned = Part("virtio-rng-pci", "spare", "", "0x1d")
    removed = [
        replace(vm, parts=tuple(p for p in vm.parts if p is not leaf)) for leaf in vm.leaves()
    ]
    bridges = [part for part in vm.parts if part.id.startswith("b")]
    leaves = [part for part in vm.parts if not part.id.startswith("b")]
    return [
        *removed,
        replace(vm, parts=(spare, *vm.parts)),
        replace(vm, parts=(*vm.parts, pinned)),
        replace(vm, parts=(*reversed(bridges), *reversed(leaves))),
    ]


def moved(before: Mapping[str, TopologyPath], after: Mapping[str, TopologyPath]) -> set[str]:
    return {part for part in before.keys() & after.keys() if before[part] != after[part]}


def above(vm: Vm, part_id: str) -> set[str]:
    """The part and every bridge above it."""
    part = next(part for part in vm.parts if part.id == part_id)
    return {part.id} | (above(vm, part.bus) if part.bus else set())


def sample(count: int, start: int) -> list[object]:
    seeds = range(start, start + count)
    return [
        pytest.param(seed, marks=pytest.mark.full) if seed >= start + 12 else seed for seed in seeds
    ]


@pytest.mark.parametrize("seed", sample(80, 0))
def test_nothing_moves_in_a_clean_configuration(seed: int) -> None:
    vm = random_vm(seed, pinned_share=1.0)
    # A device behind a root port that has no address is pinned by the port's one slot.
    assert found(vm).findings == (), vm.text()
    before = paths(vm)
    assert before is not None, vm.text()
    spare = Part("virtio-rng-pci", "spare")
    for other in changed(vm):
        after = paths(other)
        assert after is not None, other.text()
        assert not moved(before, after), f"{vm.text()}{other.text()}"
    # The one thing added without an address is the one thing named.
    assert named(replace(vm, parts=(*vm.parts, spare))) == {"spare"}


@pytest.mark.parametrize("seed", sample(80, 1000))
def test_whatever_moves_has_a_finding(seed: int) -> None:
    vm = random_vm(seed, pinned_share=0.5)
    before = paths(vm)
    told = named(vm)
    if before is None:
        assert told, f"QEMU refuses what lint calls clean: {vm.text()}"
        return
    for other in changed(vm):
        after = paths(other)
        if after is None:
            assert named(other), other.text()
            continue
        for part in moved(before, after):
            assert told & above(vm, part), f"{part} moved:\n{vm.text()}{other.text()}"


@pytest.mark.parametrize("seed", sample(80, 2000))
def test_every_unpinned_device_can_be_made_to_move(seed: int) -> None:
    vm = random_vm(seed, pinned_share=0.5)
    before = paths(vm)
    if before is None:
        return
    unpinned = {f.device for f in found(vm).findings if f.name in UNPINNED}
    for part in (part for part in vm.parts if part.id in unpinned):
        # One in front of it on its bus: QEMU then refuses, or the part goes elsewhere.
        front = Part("virtio-rng-pci", "front", part.bus)
        at = vm.parts.index(part)
        parts = (*vm.parts[:at], front, *vm.parts[at:])
        after = paths(replace(vm, parts=parts))
        assert after is None or after[part.id] != before[part.id], vm.text()


def on_no_machine(seed: int) -> Vm:
    """Leaves of the root bus, some pinned, so that they fit on either machine."""
    choose = random.Random(seed)
    slots = iter(choose.sample((1, 2, 3, 4, 5, 6, 0x1D, 0x1F), 5))
    parts = [
        Part(
            choose.choice(LEAVES), f"d{n}", "", f"{next(slots):#x}" if choose.random() < 0.6 else ""
        )
        for n in range(choose.randint(1, 4))
    ]
    return Vm("pc", tuple(parts))


@pytest.mark.parametrize("seed", sample(40, 3000))
def test_without_a_machine_type_what_is_told_holds_on_each(seed: int) -> None:
    vm = on_no_machine(seed)
    text = vm.text().replace("-machine pc", '-machine "$MACHINE"')
    findings = lint(ConfigText("vm.sh", text), Settings()).findings
    told = {finding.device for finding in findings}
    certain = {finding.device for finding in findings if finding.name in UNPINNED}
    for machine in CHIPSET:
        there = replace(vm, machine=machine)
        before = paths(there)
        if before is None:
            assert told, f"QEMU refuses what lint calls clean: {there.text()}"
            continue
        for other in changed(there):
            after = paths(other)
            assert after is None or moved(before, after) <= told, f"{there.text()}{other.text()}"
        for part in (part for part in there.parts if part.id in certain):
            at = there.parts.index(part)
            front = (*there.parts[:at], Part("virtio-rng-pci", "front"), *there.parts[at:])
            after = paths(replace(there, parts=front))
            assert after is None or after[part.id] != before[part.id], there.text()


@pytest.mark.parametrize("addr", [24, 40, 47, 255, "5.1", " 5", "0x0006", "5.0x1"])
def test_an_address_in_json_is_where_qemu_puts_it(addr: int | str) -> None:
    device = json.dumps({"driver": "e1000", "id": "n", "addr": addr})
    words = ("-nodefaults", "-machine", "pc", "-device", device)
    (line,) = reading.read_all(Path("vm"), raw="\n".join(("kvm", *words)).encode())
    (found,) = qemu_machine.vm(line).devices
    assert found.place is not None
    # A guest finds a function 1 only beside a function 0.
    zero = ("-device", f"e1000,multifunction=on,addr={found.place.slot:#x}")
    hardware = Hardware((*words, *zero) if found.place.function else words)
    snapshot = cold_probe(hardware, binary.find(None), Cancellation(), Deadline.after(60))
    path = next(f.path for f in snapshot.functions if f.qdev_id == "n")
    assert path.hops == ((found.place.slot, found.place.function),)


@pytest.mark.parametrize("addr", [-2, 256, 40.0, True, "40", "-1", "5.", "5.8", "20"])
def test_what_is_no_address_in_json_is_refused_by_qemu(addr: float | str) -> None:
    device = json.dumps({"driver": "e1000", "id": "n", "addr": addr})
    words = ("-nodefaults", "-machine", "pc", "-device", device)
    with pytest.raises(InputError):
        cold_probe(Hardware(words), binary.find(None), Cancellation(), Deadline.after(60))
    text = "\n".join(("kvm", *words)) + "\n"
    assert lint(ConfigText("vm", text), Settings()).findings
