"""Every PCI device a QEMU can create alone, between releases: all that changed, nothing else.

The machine types are versioned, so nothing ought to change. What did was looked at register by
register: nvme's new capability and reset, and ati-vga's larger video memory, came for old machine
types too. A root port with a device in it has its power indicator off out of reset in 10.0,
where it was on; software sets that.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from pciabi.abi.compare import compare
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import PciabiError
from pciabi.probe.cold import Hardware, cold_probe
from tests.real.known_virtio_changes import is_known
from tests.real.lone_devices import Alone, alone
from tests.real.releases import emulator

RELEASES = ("5.2", "7.2", "10.0", "11.1")
SWEEPS = [
    (f"{family}-{machine}", RELEASES[RELEASES.index(machine) :])
    for machine in ("5.2", "7.2", "10.0")
    for family in ("pc-i440fx", "pc-q35")
]
SAMPLED = ("pc-i440fx-5.2",)

_Found = tuple[str, str, str, str]
BREAKING: dict[tuple[str, str], set[_Found]] = {
    ("5.2", "7.2"): {
        ("nvme", "Power Management capability", "absent", "at 0x60"),
        ("nvme", "PCI Express: DevCap: Function Level Reset", "no", "yes"),
    },
    ("7.2", "10.0"): set(),
    ("10.0", "11.1"): {
        (
            "ati-vga",
            "BAR 0",
            "32-bit memory, prefetchable, 16M",
            "32-bit memory, prefetchable, 64M",
        ),
    },
}
NOTABLE: dict[tuple[str, str], set[_Found]] = {
    ("7.2", "10.0"): {("pcie-root-port", "PCI Express: SltCtl", "0x01c0", "0x03c0")},
}
# QEMU changed these for old machine types too, on every machine: no guest has other registers, but
# what a device says of itself differs.
PROPERTIES: dict[tuple[str, str], set[_Found]] = {
    ("5.2", "7.2"): {
        # In a namespace's identify data.
        ("nvme", "property discard_granularity", "4294967295", "4096"),
        # In the EDID: the resolution that a display prefers.
        *(
            (device, f"property {name}", before, after)
            for device in (
                *("VGA", "bochs-display", "secondary-vga", "virtio-gpu-pci", "virtio-vga"),
            )
            for name, before, after in (("xres", "1024", "1280"), ("yres", "768", "800"))
        ),
    },
    # In the device's register of events that it knows: shutting down is a new one.
    ("7.2", "10.0"): {("pvpanic-pci", "property events", "3", "7")},
}
# One release is too old to start it on these machine types.
REFUSED = {"virtio-iommu-pci"}


def read(release: str, machine: str) -> dict[tuple[str, str], Snapshot | PciabiError]:
    """Every device of a release, alone on a machine, read cold."""
    qemu = emulator(release)

    def one(what: Alone) -> Snapshot | PciabiError:
        hardware = Hardware(what.arguments, expected=("test0",))
        try:
            return cold_probe(hardware, qemu, Cancellation(), Deadline.after(120))
        except PciabiError as error:
            return error

    devices = list(alone(qemu, machine))
    assert len(devices) > 75
    with ThreadPoolExecutor(2) as executor:
        found = executor.map(one, devices)
        return {(d.device, d.place): what for d, what in zip(devices, found, strict=True)}


@pytest.mark.parametrize(
    ("machine", "wanted"),
    [
        pytest.param(machine, wanted, marks=() if machine in SAMPLED else pytest.mark.full)
        for machine, wanted in SWEEPS
    ],
)
def test_all_that_changed_between_releases_and_nothing_else(
    machine: str, wanted: tuple[str, ...]
) -> None:
    readings = {release: read(release, machine) for release in wanted}
    for old, new in pairwise(wanted):
        changes: dict[Severity, set[_Found]] = {severity: set() for severity in Severity}
        compared = 0
        for key in readings[old].keys() & readings[new].keys():
            before, after = readings[old][key], readings[new][key]
            if isinstance(before, PciabiError) or isinstance(after, PciabiError):
                same = isinstance(before, PciabiError) and isinstance(after, PciabiError)
                assert same or key[0] in REFUSED, f"{key} {old} {new}: {before} {after}"
                continue
            compared += 1
            assert all(unknown.excused for unknown in compare(before, after).unknowns), key
            for change in compare(before, after).changes:
                # The method that tells an index comes to slots and goes: tests/real/test_acpi.py.
                if is_known(change, old, new) or change.field == "_DSM":
                    continue
                device = change.device or change.label
                changes[change.severity].add((device, change.field, change.before, change.after))
        assert compared > (65 if "i440fx" in machine else 140)
        assert changes[Severity.BREAKING] == BREAKING[old, new], (old, new)
        expected = NOTABLE.get((old, new), set()) if "q35" in machine else set()
        expected = expected | PROPERTIES.get((old, new), set())
        assert changes[Severity.NOTABLE] == expected, (old, new)
