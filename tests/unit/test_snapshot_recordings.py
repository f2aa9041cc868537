"""Snapshots recorded from released QEMUs: what differs between releases, and how it is decoded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pciabi import __version__
from pciabi.abi.compare import compare
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import Snapshot
from pciabi.pci.config_space import decode, encode
from pciabi.pci.function import PciFunction
from pciabi.pci.layout import FieldClass
from pciabi.snapshots import read, write
from tests.unit.strategies import GOLDEN, flipped
from tests.unit.test_abi_compare import alone, with_config

SNAPSHOTS = GOLDEN.parent / "snapshot"
NAMES = tuple(sorted(path.stem for path in SNAPSHOTS.glob("qemu-*.json")))


def recorded(name: str) -> Snapshot:
    return read.read(SNAPSHOTS / f"{name}.json")


def told(before: str, after: str, severity: Severity) -> list[tuple[str | None, str, str, str]]:
    return [
        (change.id, change.field, change.before, change.after)
        for change in compare(recorded(before), recorded(after)).changes
        if change.severity is severity
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_is_whole_and_free_of_its_machine(name: str) -> None:
    text = (SNAPSHOTS / f"{name}.json").read_text()
    snapshot = recorded(name)

    written = f'"version": "{__version__}"'
    assert write.render(snapshot) == re.sub(r'"version": "[^"]*"', written, text, count=1)
    assert snapshot.functions
    for word in (str(Path.home()), "/.cache", "/tmp/", "fd="):
        assert word not in text, word
    for placed in snapshot.functions:
        space = decode(placed.function.config)
        assert encode(space) == placed.function.config
        assert space.findings == ()
        # Whatever QEMU has, there is a layout for it.
        assert not [c.name for c in space.capabilities if c.name.startswith(("unknown", "Desig"))]


def test_nvme_gains_power_management_and_function_level_reset() -> None:
    names = ("qemu-5.2_pc-i440fx-5.2_nvme", "qemu-7.2_pc-i440fx-5.2_nvme")

    assert told(*names, Severity.BREAKING) == [
        ("nvme0", "Power Management capability", "absent", "at 0x60"),
        ("nvme0", "PCI Express: DevCap: Function Level Reset", "no", "yes"),
    ]
    # Each hot-pluggable slot gets a method that tells its index.
    method = ("_DSM", "absent", "present")
    assert told(*names, Severity.NOTABLE) == [
        (None, *method),
        (None, *method),
        ("nvme0", "property discard_granularity", "4294967295", "4096"),
        ("nvme0", *method),
    ]
    active = "PCI Express: LnkSta: Data Link Layer Link Active"
    assert ("nvme0", active, "yes", "no") in told(*names, Severity.BENIGN)


def test_ati_vga_grows_its_bar() -> None:
    names = ("qemu-10.0_pc-i440fx-9.2_ati-vga", "qemu-11.1_pc-i440fx-9.2_ati-vga")

    assert told(*names, Severity.BREAKING) == [
        ("vga0", "BAR 0", "32-bit memory, prefetchable, 16M", "32-bit memory, prefetchable, 64M")
    ]
    assert told(*names, Severity.NOTABLE) == []


def test_what_a_cxl_link_agreed_on_is_no_hardware() -> None:
    names = ("qemu-10.0_pc-q35-10.0_cxl", "qemu-11.1_pc-q35-10.0_cxl")

    assert told(*names, Severity.BREAKING) == told(*names, Severity.NOTABLE) == []
    fields = {field for _, field, _, _ in told(*names, Severity.BENIGN)}
    only_one_side = "properties that only one side has"
    assert fields == {"CXL Flex Bus Port: Flex Bus Status", only_one_side, "AML"}


def test_sizes_of_virtual_functions_bars_are_left_open() -> None:
    guest = recorded("qemu-10.0_pc-q35-10.0_amd-iommu-igb")
    fields = [unknown.field for unknown in compare(guest, guest).unknowns]
    assert fields == ["virtual functions", "sizes of VF BARs", "interface name"]


def functions(*names: str) -> list[PciFunction]:
    found: dict[bytes, PciFunction] = {}
    for name in names:
        for placed in recorded(name).functions:
            found.setdefault(placed.function.config[:4], placed.function)
    return list(found.values())


@pytest.mark.parametrize(
    ("kind", "severities"),
    [
        (FieldClass.FIXED, {Severity.BREAKING}),
        (FieldClass.STATUS, {Severity.BENIGN}),
        (FieldClass.WRITABLE, {Severity.NOTABLE}),
    ],
)
def test_every_bit_of_cxl_sriov_and_hypertransport_is_judged_by_its_class(
    kind: FieldClass, severities: set[Severity]
) -> None:
    names = ("qemu-10.0_pc-q35-10.0_cxl", "qemu-10.0_pc-q35-10.0_amd-iommu-igb")
    kinds = ("CXL", "HyperTransport", "Single Root", "Secure Device", "Data Object")
    count = 0
    for function in functions(*names):
        for capability in decode(function.config).capabilities:
            if not capability.name.startswith(kinds):
                continue
            for value in capability.fields:
                if value.field.field_class is not kind or "reserved" in value.field.name:
                    continue
                mask = value.field.mask & -value.field.mask
                other = with_config(function, flipped(function.config, value.offset, mask))
                changes = compare(alone(function, probe="cold"), alone(other, probe="cold")).changes
                found = {change.severity for change in changes}
                assert found >= severities, f"{capability.name}: {value.field.name}: {found}"
                assert kind is FieldClass.FIXED or found == severities, value.field.name
                count += 1
    assert count >= 15
