"""SMBIOS as a paused QEMU has it for the firmware, and as a booted guest finds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pciabi import resources
from pciabi.abi.compare import compare
from pciabi.abi.facts.smbios import KEY, Smbios
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.guest import image
from pciabi.guest.image import Image
from pciabi.pci.facts import UNREAD
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.probe.readers.smbios import smbios
from pciabi.qemu import binary, firmware, machines
from pciabi.smbios.named_fields import NamedField
from tests.real.image_boot import Guest, boot
from tests.real.releases import COMPARED, ON_PATH, emulator


@pytest.fixture(scope="module")
def shipped() -> Image:
    """The guest image that a run would use."""
    return image.ensure(resources.image_recipe("debian"), lambda _progress: None)


NICS = ("virtio-net-pci,id=net0,addr=3", "e1000,id=net1,addr=4")
NAMES = (
    *("-uuid", "00112233-4455-6677-8899-aabbccddeeff"),
    *("-smbios", "type=0,vendor=nobody's"),
    *("-smbios", "type=1,manufacturer=Maker,serial=S-1,sku=unit,family=Fam"),
    *("-smbios", "type=2,product=Board,asset=A-2,location=Rack"),
    *("-smbios", "type=3,version=v,asset=A-3,sku=case"),
    *("-smbios", "type=41,designation=Onboard LAN,instance=7,kind=ethernet,pcidev=net0"),
)


def cold(version: str, machine: str, *hardware: str) -> Snapshot:
    """A machine read without a guest."""
    arguments = ("-nodefaults", "-no-user-config", "-machine", machine, *hardware)
    return cold_probe(Hardware(arguments), emulator(version), Cancellation(), Deadline.after(60))


def smbios_of(snapshot: Snapshot) -> Smbios | None:
    """The fact, which was read."""
    fact = snapshot.facts.get(KEY)
    assert fact is not UNREAD
    return fact


def nics() -> list[str]:
    """The arguments for both NICs."""
    return [word for nic in NICS for word in ("-device", nic)]


ENTRY_POINTS = [("pc", "_SM_"), ("q35,smbios-entry-point-type=64", "_SM3_")]


@pytest.mark.parametrize(("machine", "anchor"), ENTRY_POINTS)
def test_a_booted_guest_finds_the_same(
    machine: str, anchor: str, shipped: Image, tmp_path: Path
) -> None:
    read = smbios_of(cold(ON_PATH, machine, *NAMES, *nics()))
    assert read is not None
    assert read.entry_point.anchor == anchor
    with boot(tmp_path, shipped, machine, NICS, further=NAMES) as guest:
        assert guest.event == "pciabi-ready"
        assert guests_own(guest) == read
        with guest.session() as session:
            function = "/sys/bus/pci/devices/0000:00:03.0"
            label = session.run(f"cat {function}/label {function}/index")
            names = session.run("/usr/lib/pciabi/interfaces")
    assert label.splitlines() == ["Onboard LAN", "7"]
    assert "eno7" in names


@pytest.mark.full
@pytest.mark.parametrize(("machine", "anchor"), ENTRY_POINTS)
def test_a_guest_of_uefi_finds_the_same(
    machine: str, anchor: str, shipped: Image, tmp_path: Path
) -> None:
    qemu = binary.find(None)
    found = firmware.find_uefi(qemu, machines.versioned(qemu, machine.partition(",")[0], None))
    uefi = firmware.install(found, tmp_path)
    read = smbios_of(cold(ON_PATH, machine, *NAMES, *nics()))
    assert read is not None
    assert read.entry_point.anchor == anchor
    efi = replace(shipped, kernel=shipped.efi_kernel)
    with boot(tmp_path, efi, machine, NICS, further=(*uefi, *NAMES)) as guest:
        assert guest.event == "pciabi-ready"
        assert guests_own(guest) == read


def guests_own(guest: Guest) -> Smbios:
    """What the guest's kernel has found, taken apart as what QEMU has for the firmware."""
    with guest.session() as session:
        entry, table = (
            bytes.fromhex(session.run(f"od -An -v -tx1 /sys/firmware/dmi/tables/{name}"))
            for name in ("smbios_entry_point", "DMI")
        )
    return smbios(entry, table)


ANCHORS: dict[str, dict[str, str | None]] = {
    "5.2": {"pc-i440fx-2.0": None, "pc-i440fx-2.1": "_SM_", "pc-q35-5.2": "_SM_"},
    ON_PATH: {"pc-i440fx-1.4": None, "pc-i440fx-2.0": None, "pc-q35-7.2": "_SM_"},
    "10.0": {"pc-q35-8.0": "_SM_", "pc-q35-8.1": "_SM3_", "pc-i440fx-8.2": "_SM3_"},
    "11.1": {"pc-q35-8.2": "_SM3_", "pc-q35-9.0": "_SM_", "pc-i440fx-11.1": "_SM_"},
}


@pytest.mark.parametrize("version", [ON_PATH, *COMPARED])
def test_the_entry_point_is_of_the_kind_that_the_machine_type_has(version: str) -> None:
    found = {machine: smbios_of(cold(version, machine)) for machine in ANCHORS[version]}
    assert {name: fact and fact.entry_point.anchor for name, fact in found.items()} == ANCHORS[
        version
    ]
    for machine, fact in found.items():
        if fact is not None:
            assert NamedField("System Information", "Version", machine) in fact.texts


def test_machine_types_differ_in_names_and_entry_point_and_devices_in_theirs() -> None:
    before, after = (cold("10.0", f"pc-q35-{number}", *NAMES, *nics()) for number in ("8.0", "8.1"))
    assert [
        (one.severity, one.field, one.before, one.after)
        for one in compare(before, after).changes
        if one.kind == "smbios"
    ] == [
        (Severity.NOTABLE, "Baseboard Information: Version", "pc-q35-8.0", "pc-q35-8.1"),
        (Severity.NOTABLE, "SMBIOS entry point", "_SM_, version 2.8", "_SM3_, version 3.0"),
        (Severity.NOTABLE, "System Information: Version", "pc-q35-8.0", "pc-q35-8.1"),
    ]
    nameless = cold("10.0", "pc-q35-8.0", *NAMES[:-2], *nics())
    (change,) = (one for one in compare(before, nameless).changes if one.kind == "smbios")
    assert change.severity is Severity.BREAKING
    assert change.field.endswith("0000:00:03.0")
    assert change.before == "Onboard LAN, Ethernet, 7"


def test_what_qemu_leaves_unfinished_for_a_device_behind_a_bridge_is_read() -> None:
    """QEMU 7.2 refuses it; 10.0 starts, and the guest is given a damaged table."""
    hardware = (
        *("-device", "pcie-root-port,id=rp,chassis=1", "-device", "e1000e,bus=rp,id=net0"),
        *NAMES[-2:],
    )
    found = smbios_of(cold("10.0", "q35", *hardware))
    assert found is not None
    assert [(one.address, one.number) for one in found.devices] == [("0000:00:00.0", 7)]
