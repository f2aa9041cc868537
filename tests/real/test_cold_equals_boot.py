"""The heart of the cold probe: it reads the hardware that a booted guest sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pciabi import resources
from pciabi.abi.compare import compare
from pciabi.scenario.case import Case
from pciabi.scenario.load import cases
from pciabi.scenario.plan import control_nic, equipment, vms
from pciabi.vm.config import Device, Firmware, VmConfig
from tests.real.cold_and_boot import Bench, bench, breaks, must_agree, vm_of
from tests.real.device_sets import device_set

# One after the other pc (odd) and q35 (even), each with bridges or switches and expanders.
SAMPLED_SETS = (3, 6, 9, 16)
SETS = 30
DEBIAN = resources.image_recipe("debian")
SAMPLED_CASES = ("remove-behind-bridge[pc-e1000]", "remove-behind-bridge[q35-virtio-net-pci]")


@pytest.fixture(scope="module")
def real() -> Iterator[Bench]:
    with bench() as opened:
        yield opened


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=() if seed in SAMPLED_SETS else pytest.mark.full)
        for seed in range(SETS)
    ],
)
def test_a_random_set_of_devices(real: Bench, seed: int) -> None:
    vm = vm_of(device_set(seed))
    must_agree(real.cold(vm), real.booted(vm, "nic", DEBIAN))


@pytest.mark.full
@pytest.mark.parametrize("seed", [3, 16])
def test_bus_numbers_are_those_of_ovmf_too(real: Bench, seed: int) -> None:
    vm = vm_of(replace(device_set(seed), firmware=Firmware.OVMF))
    must_agree(real.cold(vm), real.booted(vm, "nic", DEBIAN))


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_a_display_whose_rom_the_guest_s_kernel_hides(real: Bench, machine: str) -> None:
    nic = Device("virtio-net-pci", "nic", addr="0x5")
    vm = vm_of(VmConfig(machine, "256M", 1, (Device("VGA", "vga", addr="0x2"), nic)))
    cold, booted = real.cold(vm), real.booted(vm, "nic", DEBIAN)
    assert breaks(cold, booted) == []
    assert ("vga", "expansion ROM size") in {
        (one.id, one.field) for one in compare(cold, booted).unknowns
    }
    vga = cold.by_id("vga")
    assert vga is not None
    assert vga.function.rom_size == 64 * 1024


def shipped() -> list[Case]:
    """Every case of every shipped scenario."""
    return [case for path in resources.scenarios() for case in cases(path)]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=case.title,
            marks=() if case.title in SAMPLED_CASES else pytest.mark.full,
        )
        for case in shipped()
    ],
)
def test_every_boot_of_a_shipped_scenario(real: Bench, case: Case) -> None:
    control = control_nic(case, equipment(case, real.host.qemu(None))).id
    # What joins a running VM cannot be read before it runs.
    started = [vm for vm in vms(case) if not vm.plugged]
    assert started
    for vm in started:
        must_agree(real.cold(vm), real.booted(vm, control, case.image))
