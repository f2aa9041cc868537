"""Expansion ROMs of paused machines, held against the files that QEMU was given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pciabi.abi.snapshot import PlacedFunction
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.pci.address import TopologyPath
from pciabi.probe.enumeration import enumerate_functions
from pciabi.probe.fact_readers import Emulated, Paused
from pciabi.probe.hypervisor import PAUSED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.probe.readers import rom_content
from pciabi.qemu import config_access
from pciabi.qemu.config_access import ConfigAccess, Read
from pciabi.qemu.fw_cfg import FwCfg
from tests.real.releases import COMPARED, ON_PATH, emulator

# Of no size that is a power of two, and with an end that is not empty.
SIZES = {"own": 70_001, "large": 600_000, "behind": 5_000}
MACHINES = {
    "pc": ("pci-bridge,id=b1,chassis_nr=1,addr=5", "pci-bridge,id=b2,bus=b1,chassis_nr=2,addr=1"),
    "q35": (
        "pcie-root-port,id=b1,chassis=1,addr=5",
        "x3130-upstream,id=up,bus=b1",
        "xio3130-downstream,id=b2,bus=up,chassis=2,slot=2",
    ),
}


def rom(name: str) -> bytes:
    """An expansion ROM of a sort, which no firmware would run."""
    noise = hashlib.shake_128(name.encode()).digest(SIZES[name] - 4)
    return b"\x55\xaa" + noise + b"\x01\x02"


@contextmanager
def paused(version: str, *hardware: str) -> Iterator[tuple[Emulated, ConfigAccess]]:
    """A machine before any firmware ran, whose buses have numbers."""
    arguments = ("-nodefaults", "-no-user-config", *hardware)
    machine = Machine(emulator(version), arguments, PAUSED)
    deadline = Deadline.after(60)
    with (
        OWN_QEMU.start(machine, Cancellation()) as running,
        running.monitor(deadline) as monitor,
    ):
        qtest = running.qtest(deadline)
        access = config_access.open_access(qtest)
        yield Emulated(monitor, {}, frozenset(), Paused(qtest, access, FwCfg(qtest))), access


def functions_of(access: ConfigAccess, roots: tuple[int, ...] = (0,)) -> list[PlacedFunction]:
    """All functions, as the cold probe hands them to readers."""
    return [
        PlacedFunction(one.function, one.path, None, None)
        for one in enumerate_functions(access, roots)
    ]


def hashes(machine: Emulated, functions: list[PlacedFunction]) -> Mapping[TopologyPath, str | None]:
    """What the reader makes of them."""
    (reader,) = rom_content.READERS
    return reader.read(machine, functions)


def padded(content: bytes) -> str:
    """The hash of a ROM that a guest reads with zeros up to its size."""
    size = 1 << (len(content) - 1).bit_length()
    return hashlib.sha256(content.ljust(size, b"\0")).hexdigest()


@pytest.mark.parametrize("version", [ON_PATH, *COMPARED])
@pytest.mark.parametrize("machine", MACHINES)
def test_the_hash_is_that_of_the_file_and_the_machine_is_as_it_was(
    machine: str, version: str, tmp_path: Path
) -> None:
    for name in SIZES:
        (tmp_path / name).write_bytes(rom(name))
    devices = (
        f"e1000,addr=6,romfile={tmp_path / 'own'}",
        f"virtio-net-pci,addr=7,romfile={tmp_path / 'large'}",
        *MACHINES[machine],
        f"virtio-rng-pci,bus=b2,addr=0,romfile={tmp_path / 'behind'}",
        "virtio-balloon-pci,addr=8",
        "VGA,addr=9",
    )
    hardware = [word for device in devices for word in ("-device", device)]
    with paused(version, "-machine", machine, "-m", "3584M", *hardware) as (running, access):
        functions = functions_of(access)
        whole = [Read(one.address, 0, 64) for one in functions]
        had = access.run(whole)
        found = hashes(running, functions)
        assert access.run(whole) == had
        assert hashes(running, functions) == found

    by_slot = {str(path): value for path, value in found.items()}
    assert by_slot["0/06.0"] == padded(rom("own"))
    assert by_slot["0/07.0"] == padded(rom("large"))
    (behind,) = filter(None, (value for path, value in found.items() if len(path.hops) > 2))
    assert behind == padded(rom("behind"))
    assert by_slot["0/08.0"] is None
    assert by_slot["0/05.0"] is None
    assert len(str(by_slot["0/09.0"])) == 64
    assert len(found) == len(functions)


def test_qemu_writes_the_ids_of_a_device_into_a_rom_of_its_own() -> None:
    """The one ROM for all virtio NICs has the ids of one of them: where a guest reads those of
    another, the bytes are not those of the file."""
    with paused(
        ON_PATH,
        *("-machine", "q35"),
        *("-device", "virtio-net-pci,addr=3", "-device", "virtio-net-pci,addr=4"),
        *("-device", "virtio-net-pci,addr=5,disable-legacy=on"),
    ) as (running, access):
        found = hashes(running, functions_of(access))
    transitional, alike, modern = (found[TopologyPath.parse(f"0/0{n}.0")] for n in (3, 4, 5))
    assert transitional == alike
    assert transitional != modern


def test_a_rom_behind_an_expander_bus(tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(rom("own"))
    with paused(
        ON_PATH,
        *("-machine", "q35", "-device", "pxb-pcie,id=pxb,bus_nr=64,addr=4"),
        *("-device", "pcie-root-port,id=rp,bus=pxb,chassis=1"),
        *("-device", f"e1000e,bus=rp,romfile={tmp_path / 'own'}"),
    ) as (running, access):
        found = hashes(running, functions_of(access, (0, 64)))
    assert found[TopologyPath.parse("40/00.0/00.0")] == padded(rom("own"))


def test_a_rom_that_cannot_be_told_from_an_empty_place_is_unread(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(bytes(4096))
    (tmp_path / "own").write_bytes(rom("own"))
    with paused(
        ON_PATH,
        *("-machine", "pc,max-ram-below-4g=4000M", "-m", "4000M"),
        *("-device", f"e1000,addr=6,romfile={tmp_path / 'empty'}"),
        *("-device", f"e1000,addr=7,romfile={tmp_path / 'own'}"),
    ) as (running, access):
        found = hashes(running, functions_of(access))
    assert TopologyPath.parse("0/06.0") not in found
    # However much memory was asked for below 4 GB, QEMU keeps the hole.
    assert found[TopologyPath.parse("0/07.0")] == padded(rom("own"))
