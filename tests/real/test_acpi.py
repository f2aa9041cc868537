"""ACPI facts: as `iasl` reads the same tables, as a booted guest has them, and told apart where a
guest would."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pciabi import resources
from pciabi.abi.compare import compare
from pciabi.abi.facts import acpi_index_seen, acpi_slot, acpi_tables, root_bridges
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.acpi import namespace, tables
from pciabi.acpi.decoding import decode
from pciabi.acpi.eisa import eisa_id
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.guest import image
from pciabi.pci.facts import UNREAD
from pciabi.probe.cold import Hardware, cold_probe
from tests.real import disassembly
from tests.real.command import pciabi
from tests.real.image_boot import boot
from tests.real.releases import COMPARED, ON_PATH, emulator
from tests.real.test_cold_versions import machine_types

SECONDS = 60.0
RELEASES = (ON_PATH, *COMPARED)
NIC = "-device virtio-net-pci,id=net0,addr=3,mac=52:54:00:00:00:01"
BRIDGES = f"{NIC} -device pci-bridge,id=b1,chassis_nr=1,addr=5 -device e1000,id=n1,bus=b1,addr=2"
PORTS = (
    f"{NIC} -device pcie-root-port,id=r1,chassis=1,addr=5 -device e1000e,id=n1,bus=r1 "
    "-device pcie-root-port,id=r2,chassis=2,addr=6"
)
EXPANDERS = (
    "-smp 2,maxcpus=4 -m 512M,slots=2,maxmem=2G -object memory-backend-ram,id=m0,size=256M "
    "-object memory-backend-ram,id=m1,size=256M -numa node,memdev=m0 -numa node,memdev=m1 "
    f"{NIC} -device pxb-pcie,id=x1,bus_nr=64,numa_node=1,addr=7 "
    "-device pcie-root-port,id=r1,chassis=1,bus=x1 -device e1000e,id=n1,bus=r1 -device vmgenid"
)
CONVENTIONAL_EXPANDER = (
    f"{NIC} -device pxb,id=x1,bus_nr=80,addr=7 -device e1000,id=n1,bus=x1,addr=3"
)
INDEXED = f"{PORTS} -device e1000,id=n2,addr=8,acpi-index=7".replace(
    "e1000e,id=n1", "e1000e,acpi-index=9,id=n1"
)


def words(machine: str, devices: str) -> tuple[str, ...]:
    return ("-machine", machine, *devices.split())


def read(release: str, machine: str, devices: str) -> Snapshot:
    hardware = Hardware(("-nodefaults", "-no-user-config", *words(machine, devices)))
    deadline = Deadline.after(SECONDS)
    return cold_probe(hardware, emulator(release), Cancellation(), deadline)


def aml(release: str, machine: str, devices: str) -> list[bytes]:
    """The tables of AML, none where the firmware makes them."""
    file, _ = disassembly.firmware_files(emulator(release), words(machine, devices))
    return [table.data for table in tables.tables(file) if table.signature in tables.AML]


def declared(found: list[bytes]) -> disassembly.Devices:
    """What pciabi makes of them, in the form of `disassembly.devices`."""
    return {
        "".join(f".{segment.rstrip('_')}" for segment in path): {
            name: plain(name, value)
            for name, value in objects.items()
            if name != namespace.BUS_SELECTOR
        }
        for path, objects in namespace.declared(found).devices.items()
    }


def plain(name: str, value: namespace.Value) -> object:
    if isinstance(value, namespace.Method):
        return "method"
    if name in ("_HID", "_CID") and isinstance(value, tuple):
        return tuple(eisa_id(one) if isinstance(one, int) else one for one in value)
    return eisa_id(value) if name in ("_HID", "_CID") and isinstance(value, int) else value


def devices_for(machine: str) -> str:
    return PORTS if "q35" in machine else BRIDGES


@pytest.mark.parametrize(
    ("release", "machine", "devices"),
    [
        ("5.2", "pc-i440fx-1.7", BRIDGES),
        ("5.2", "pc-i440fx-5.1", BRIDGES),
        ("7.2", "pc-q35-7.2", EXPANDERS),
        ("7.2", "pc-i440fx-7.2", CONVENTIONAL_EXPANDER),
        ("10.0", "pc-q35-10.0", INDEXED),
        ("10.0", "pc-q35-10.0,cxl=on", "-device pxb-cxl,bus_nr=12,id=x1"),
        ("11.1", "pc-q35-11.1", EXPANDERS),
        ("11.1", "pc-i440fx-11.1", BRIDGES),
    ],
)
def test_the_same_devices_as_a_disassembler_finds(
    release: str, machine: str, devices: str, tmp_path: Path
) -> None:
    found = aml(release, machine, devices)
    judged = disassembly.devices(disassembly.disassembled(found, tmp_path))
    assert declared(found) == judged
    assert len(judged) > 10
    assert disassembly.roots(judged)


@pytest.mark.full
@pytest.mark.parametrize("release", RELEASES)
def test_the_same_devices_on_every_machine_type(release: str, tmp_path: Path) -> None:
    judged: dict[tuple[bytes, ...], str] = {}
    for machine in machine_types(emulator(release)):
        # With a bridge, QEMU 7.2 cuts the tables of 2.0 short: see below.
        devices = NIC if machine == "pc-i440fx-2.0" else devices_for(machine)
        found = aml(release, machine, devices)
        if found and tuple(found) not in judged:
            judged[tuple(found)] = machine
            asl = disassembly.disassembled(found, tmp_path)
            assert declared(found) == disassembly.devices(asl), machine
    assert len(judged) >= 3


# Before and after: release, machine type and devices. 30 pairs in all.
_SIDES: tuple[tuple[str, str, str], ...] = (
    ("5.2", "pc-i440fx-5.1", BRIDGES),
    ("5.2", "pc-i440fx-5.2", BRIDGES),
    ("7.2", "pc-i440fx-5.1", BRIDGES),
    ("7.2", "pc-i440fx-7.2", BRIDGES),
    ("10.0", "pc-i440fx-7.2", BRIDGES),
    ("11.1", "pc-i440fx-7.2", BRIDGES),
)
_EXPRESS_SIDES: tuple[tuple[str, str, str], ...] = (
    ("5.2", "pc-q35-5.1", PORTS),
    ("5.2", "pc-q35-5.2", PORTS),
    ("7.2", "pc-q35-6.0", PORTS),
    ("7.2", "pc-q35-7.2", EXPANDERS),
    ("10.0", "pc-q35-7.2", EXPANDERS),
    ("11.1", "pc-q35-7.2", PORTS),
)
PAIRS = [
    (one, two)
    for sides in (_SIDES, _EXPRESS_SIDES)
    for number, one in enumerate(sides)
    for two in sides[number + 1 :]
]


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return Readings(tmp_path_factory.mktemp("asl"))


class Readings:
    """Each side, read once by each of the two."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str, str], tuple[Snapshot, disassembly.Devices]] = {}

    def of(self, side: tuple[str, str, str]) -> tuple[Snapshot, disassembly.Devices]:
        if side not in self._known:
            asl = disassembly.disassembled(aml(*side), self._folder)
            self._known[side] = read(*side), disassembly.devices(asl)
        return self._known[side]


def test_there_are_thirty_pairs() -> None:
    assert len(PAIRS) == 30


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_a_pair_differs_as_its_disassembly_does(
    readings: Readings, one: tuple[str, str, str], two: tuple[str, str, str]
) -> None:
    (before, old), (after, new) = readings.of(one), readings.of(two)
    told = {
        (str(change.path_before or ""), change.field, change.before, change.after)
        for change in compare(before, after).changes
        if change.kind in (root_bridges.CHANGED, acpi_slot.CHANGED)
    }
    common = {one.path for one in before.functions} & {one.path for one in after.functions}
    slots = {
        (str(path), *row)
        for path in common
        for row in differing(place(old, path.root, path.hops), place(new, path.root, path.hops))
    }
    assert told == slots | set(differing_roots(old, new))


def place(
    found: disassembly.Devices, root: int, hops: tuple[tuple[int, int], ...]
) -> Mapping[str, str]:
    """The objects of a slot as words."""
    at = disassembly.roots(found).get(root)
    for slot, function in hops:
        at = disassembly.below(found, at).get(slot << 16 | function) if at is not None else None
    objects = found[at] if at is not None else {}
    numbers = {name: str(objects.get(name, "absent")) for name in ("_SUN", "_PXM")}
    methods = {name: "present" if name in objects else "absent" for name in ("_EJ0", "_DSM")}
    return numbers | methods


def differing(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in old:
        if old[name] != new[name]:
            yield name, old[name], new[name]


def differing_roots(
    old: disassembly.Devices, new: disassembly.Devices
) -> Iterator[tuple[str, str, str, str]]:
    names = ("_HID", "_CID", "_UID", "_SEG", "_BBN", "_PXM")
    one, two = disassembly.roots(old), disassembly.roots(new)
    for bus in one.keys() & two.keys():
        had = {name: str(old[one[bus]].get(name, "absent")) for name in names}
        has = {name: str(new[two[bus]].get(name, "absent")) for name in names}
        for name, before, after in differing(had, has):
            yield "", f"{name} of root bus {bus:x}", before, after
    for bus in one.keys() ^ two.keys():
        shown = [shown_root(old, one.get(bus)), shown_root(new, two.get(bus))]
        yield "", f"root bus {bus:x}", shown[0], shown[1]


def shown_root(found: disassembly.Devices, path: str | None) -> str:
    if path is None:
        return "absent"
    names = ("_HID", "_CID", "_UID", "_SEG", "_BBN", "_PXM")
    return ", ".join(f"{name} {found[path][name]}" for name in names if name in found[path])


@pytest.mark.parametrize("release", ["5.2", "7.2"])
def test_the_change_that_made_every_device_new_to_windows(release: str, tmp_path: Path) -> None:
    (tmp_path / "vm.sh").write_text(f"qemu-system-x86_64 -nodefaults {NIC}\n")
    spec = () if release == ON_PATH else ("--from", release, "--to", release)
    types = ("--from-machine", "pc-i440fx-5.1", "--to-machine", "pc-i440fx-5.2")
    emulator(release)
    done = pciabi("diff", "vm.sh", "vm.sh", *spec, *types, cwd=tmp_path)
    assert done.returncode == 1
    assert "breaking: the VM: root-bridge: _UID of root bus 0 1 -> 0" in done.stdout
    assert (
        "Windows: Windows sees every PCI device below the root bridge as a new one" in done.stdout
    )


@pytest.mark.parametrize("release", RELEASES)
def test_the_numa_node_of_an_expander_bridge(release: str) -> None:
    machine = "pc-q35-5.2"
    near, far = (
        read(release, machine, EXPANDERS.replace("numa_node=1", f"numa_node={node}"))
        for node in (0, 1)
    )
    told = {(one.field, one.before, one.after, one.severity) for one in compare(near, far).changes}
    assert ("_PXM of root bus 40", "0", "1", Severity.NOTABLE) in told


def slot_of(snapshot: Snapshot, qdev_id: str) -> PlacedFunction:
    function = snapshot.by_id(qdev_id)
    assert function is not None
    return function


@pytest.mark.parametrize(
    ("release", "machine", "devices", "expected"),
    [
        ("10.0", "pc-q35-10.0", INDEXED, {"n2": 7, "n1": 9, "net0": None}),
        ("7.2", "pc-q35-7.2", INDEXED, {"n2": None, "n1": 9, "net0": None}),
        # Before 6.1 a q35 has no ACPI hot-plug, so nobody tells the guest.
        ("7.2", "pc-q35-6.0", INDEXED, {"n2": None, "n1": None}),
        ("7.2", "pc-i440fx-7.2", f"{NIC},acpi-index=5", {"net0": 5}),
        ("11.1", "pc-i440fx-5.2", f"{NIC},acpi-index=5", {"net0": 5}),
        ("5.2", "pc-i440fx-5.2", NIC, {"net0": None}),
    ],
)
def test_the_index_that_a_guest_gets(
    release: str, machine: str, devices: str, expected: dict[str, int | None]
) -> None:
    snapshot = read(release, machine, devices)
    for name, index in expected.items():
        assert slot_of(snapshot, name).facts.get(acpi_index_seen.KEY) == index, name


@pytest.mark.parametrize("release", ["5.2", "7.2", "11.1"])
def test_a_machine_without_acpi_is_read_and_has_none(release: str) -> None:
    snapshot = read(release, "pc,acpi=off", NIC)
    assert snapshot.facts.get(acpi_tables.KEY) == acpi_tables.AcpiTables((), (), None)
    assert snapshot.facts.get(root_bridges.KEY) == ()
    assert slot_of(snapshot, "net0").facts.get(acpi_slot.KEY) is None
    told = {
        (change.field, change.severity)
        for change in compare(read(release, "pc", NIC), snapshot).changes
        if change.field in ("root bus 0", "ACPI table DSDT")
    }
    assert told == {("root bus 0", Severity.BREAKING), ("ACPI table DSDT", Severity.NOTABLE)}


@pytest.mark.parametrize("release", ["5.2", "7.2"])
def test_tables_that_the_firmware_makes_are_unknown(release: str) -> None:
    old = read(release, "pc-i440fx-1.6", NIC)
    assert old.facts.get(root_bridges.KEY) is UNREAD
    (opened,) = [one for one in compare(old, old).unknowns if one.field == "ACPI tables"]
    assert (opened.why_before, opened.excused) == ("the firmware makes them", True)
    newer = compare(old, read(release, "pc-i440fx-1.7", NIC))
    assert {one.field for one in newer.unknowns if not one.excused} >= {"root bridges"}
    assert acpi_tables.CHANGED not in {change.kind for change in newer.changes}


def test_tables_that_qemu_cuts_short_are_unknown() -> None:
    """Its own tables of 2.0 are too large for the file as soon as there is a bridge."""
    snapshot = read("7.2", "pc-i440fx-2.0", BRIDGES)
    assert snapshot.facts.get(root_bridges.KEY) is UNREAD
    (why,) = {one.why_before for one in compare(snapshot, snapshot).unknowns if "ACPI" in one.field}
    assert why.startswith("the table DSDT at 0x40 says it has")


NEIGHBOURS = (("5.2", "7.2"), ("7.2", "10.0"), ("10.0", "11.1"))
ACPI = {root_bridges.CHANGED, acpi_slot.CHANGED, acpi_tables.CHANGED, acpi_index_seen.CHANGED}


def must_not_break(one: str, two: str, machine: str, devices: str) -> None:
    before, after = (read(release, machine, devices) for release in (one, two))
    changes = [change for change in compare(before, after).changes if change.kind in ACPI]
    assert [change for change in changes if change.severity is Severity.BREAKING] == []
    assert {one.field for one in changes if one.severity is Severity.NOTABLE} <= {"_DSM"}
    assert "AML" in {change.field for change in changes}


@pytest.mark.parametrize(("one", "two"), NEIGHBOURS)
@pytest.mark.parametrize("machine", ["pc-i440fx-5.2", "pc-q35-5.2"])
def test_nothing_breaks_between_releases(one: str, two: str, machine: str) -> None:
    must_not_break(one, two, machine, devices_for(machine))


@pytest.mark.full
@pytest.mark.parametrize(("one", "two"), NEIGHBOURS)
def test_nothing_breaks_between_releases_on_any_machine_type(one: str, two: str) -> None:
    shared = set(machine_types(emulator(one))) & set(machine_types(emulator(two)))
    # Of 1.7 and 2.0 the tables are cut short where there are bridges, of older ones there are none.
    typed = sorted(one for one in shared if not re.search(r"-(1\.\d|2\.0)$|^pc-\d", one))
    assert len(typed) > 15
    for machine in typed:
        expanders = EXPANDERS if "q35" in machine else CONVENTIONAL_EXPANDER
        # vmgenid takes DMA, which 2.4 does not have.
        for devices in (devices_for(machine), expanders.replace(" -device vmgenid", "")):
            must_not_break(one, two, machine, devices)


SYSFS = """
for d in /sys/bus/pci/devices/*; do
  for f in acpi_index firmware_node/sun firmware_node/adr; do
    if [ -r $d/$f ]; then echo "${d##*/} $f $(cat $d/$f)"; fi
  done
done
for f in hid uid; do echo "root $f $(cat /sys/devices/pci0000:00/firmware_node/$f)"; done
"""


@pytest.mark.parametrize("machine", ["pc-i440fx-7.2", "pc-q35-7.2"])
def test_a_booted_guest_has_the_same(machine: str, tmp_path: Path) -> None:
    devices = ["virtio-net-pci,addr=3,acpi-index=5", "virtio-net-pci,addr=4"]
    if "q35" in machine:
        devices += ["pcie-root-port,id=r1,chassis=1,addr=5", "e1000e,bus=r1,acpi-index=9,id=n2"]
    else:
        devices += ["pci-bridge,id=b1,chassis_nr=1,addr=5", "e1000,bus=b1,addr=2,id=n2"]
    debian = image.ensure(resources.image_recipe("debian"), lambda _progress: None)
    with boot(tmp_path, debian, machine, devices) as guest, guest.session() as shell:
        lines = [line.split(maxsplit=2) for line in shell.run_script(SYSFS).splitlines()]
        table = bytes.fromhex(shell.run("od -An -v -tx1 /sys/firmware/acpi/tables/DSDT"))
    cold = read(ON_PATH, machine, " ".join(f"-device {device}" for device in devices))

    had = cold.facts.get(root_bridges.KEY)
    assert had is not UNREAD
    said = {word: value for place, word, value in lines if place == "root"}
    assert said == {"hid": had[0].hid, "uid": str(had[0].uid)}
    seen = {(place, word): value for place, word, value in lines if place != "root"}
    booted = decode(table, b"")
    assert booted.devices is not None
    assert booted.devices.root_bridges[0].unique_id == had[0].uid
    compared = 0
    for function in cold.functions:
        slot, index = function.facts.get(acpi_slot.KEY), function.facts.get(acpi_index_seen.KEY)
        assert slot is not UNREAD
        number = str(slot.sun) if slot is not None and slot.sun is not None else None
        address = str(function.address)
        assert seen.get((address, "firmware_node/sun")) == number
        assert seen.get((address, "acpi_index")) == (str(index) if index is not None else None)
        own = booted.devices.slot(function.path.root, function.path.hops)
        assert (own and own.number) == (slot and slot.sun)
        assert (own and own.is_ejectable) == (slot and slot.ej0)
        compared += number is not None
    assert compared >= 1
