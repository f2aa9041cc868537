"""Small inputs that went wrong once, each with the answer that a hypervisor gave: QEMU 7.2 started
with that command line, libvirt 9.0 by define, dumpxml and start. A row has the codes of the rules
about addresses, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.lint import files
from pciabi.lint.engine import Settings, lint
from pciabi.lint.run import run
from pciabi.vm import xml_tree
from pciabi.vm.domain.completeness import open_addresses
from pciabi.vm.formats import ConfigText
from pciabi.vm.pci_vm import Family

CASES = Path(__file__).parents[1] / "cases"
USB = "<controller type='usb' model='none'/><memballoon model='none'/>"
VIDEO = "<video><model type='vga'/></video>"

ROWS = {
    # libvirt gives the one without an address function 0 of the slot that the others share.
    "lint/fn0-typical.xml": ["PCI104:8"],
    "lint/fn0-usb-pc.xml": ["PCI103:9"],
    # p1 lands at 1.0 beside p2's 1.1, and QEMU starts.
    "lint/pci126-multifunction.sh": ["PCI104:3"],
    # Proxmox writes bare `q35+pve0`.
    "lint/pve.cmd": ["PCI101:1"],
    "lint/rhel6.args": ["PCI101:1"],
    "lint/legacy-only.sh": ["PCI101:3"],
    "lint/varmachine.sh": ["PCI101:2"],
    "lint/unknown-driver.sh": ["PCI108:2", "PCI108:2"],
    "lint/readconfig.sh": ["PCI108:1", "PCI101:1"],
    # `<<` in `((…))` is a shift.
    "lint/arith.sh": ["PCI101:4"],
    # Domains that QEMU does not run.
    "lint/lxc.xml": [],
    "lint/vmware.xml": [],
    # libvirt: index 1 at 00:02.0.
    "lint/two-usb-noindex.xml": ["PCI103:7"],
    # libvirt adds a balloon and USB.
    "lint/nodevices.xml": ["PCI112:1", "PCI113:1"],
    # libvirt looks at domain, bus and slot, and allocates.
    "lint/fn-only.xml": ["PCI105:6"],
    # Its function takes slot 1 first, and the option takes no address.
    "lint/amd-iommu.sh": ["PCI106:2", "PCI126:2"],
    # ib700 is ISA's.
    "lint/isa-watchdog.sh": [],
    "lint/100.conf": ["PCI106:4"],
    # A number in JSON is slot and function in one.
    "lint/json-devfn.sh": [],
    "bugs/h28-json-number.sh": ["PCI121:2"],
    # The case with the device that has no address is excluded.
    "lint/excluded.pciabi.yaml": [],
    "bugs/h01-machine-variable.sh": ["PCI103:3", "PCI101:3"],
    "bugs/h02-machine-variable.xml": ["PCI108:4", "PCI101:7"],
    "bugs/h04-optional-vga.sh": [],
    "bugs/h06-array-never-begun.sh": ["PCI103:4"],
    "bugs/h07-wrapper-one-nic.sh": ["PCI101:3"],
    "bugs/h07-wrapper-two-nics.sh": ["PCI101:3", "PCI101:3"],
    "bugs/h08-path-on-first-line.sh": ["PCI101:3"],
    "bugs/h11-one-liner/run.sh": ["PCI101:9"],
    "bugs/h12-kvm.args": ["PCI101:1"],
    "bugs/h13-launcher-line.log": ["PCI104:3", "PCI101:3"],
    "bugs/h14-openshift-template.yaml": ["PCI102:17", "PCI101:20"],
    # All `<devices>` of a domain are one, and ports are numbered in order.
    "bugs/h16-several-devices-sections.xml": [
        *("PCI112:13", "PCI113:13", "PCI102:15", "PCI103:27", "PCI101:35", "PCI114:42"),
        *("PCI115:48", "PCI104:55", "PCI104:56", "PCI104:57"),
    ],
    "bugs/h17-ports-without-index.xml": [],
    # QEMU's own NIC takes slot 3, for VGA has 2.
    "bugs/h20-own-nic-takes-slot.sh": ["PCI111:2", "PCI126:2"],
    "bugs/h24-address-variable.xml": ["PCI113:6", "PCI125:8", "PCI108:12"],
    "bugs/h24-envsubst.xml": ["PCI108:8", "PCI108:12", "PCI101:18"],
    "bugs/h29-guest.service": [],
}


def told(source: ConfigText) -> list[str]:
    result = lint(source, Settings())
    assert result.error is None
    assert result.vms > 0
    return [f"{finding.code}:{finding.span.start.line}" for finding in result.findings]


@pytest.mark.parametrize(("file", "codes"), ROWS.items(), ids=ROWS)
def test_a_case_gives_what_the_hypervisor_did(file: str, codes: list[str]) -> None:
    assert told(files.read(str(CASES / file), b"")) == codes


def test_every_case_of_the_table_is_held() -> None:
    written = {f"lint/{path.name}" for path in (CASES / "lint").iterdir()}
    assert written - ROWS.keys() == {"lint/help.sh"}


def test_a_script_that_only_asks_for_help_is_left_out_of_a_folder() -> None:
    file = str(CASES / "lint" / "help.sh")
    (left,) = run([(file, False)], Settings(), b"")
    assert not left.is_told
    (named,) = run([(file, True)], Settings(), b"")
    assert named.error is not None


ALONE = "-device pcie-root-port,id=p1,chassis=1"
SHARED = f"{ALONE},multifunction=on"
BESIDE = "-device pcie-root-port,id=p2,chassis=2,addr=1.1"


@pytest.mark.parametrize(
    ("devices", "codes"),
    [
        # QEMU 7.2: single function device can't be populated in function 1.1
        (f"{ALONE} {BESIDE}", ["PCI104:1", "PCI126:1", "PCI124:1"]),
        # 1.0 indicates single function, but 1.1 is already populated
        (f"{BESIDE} {ALONE}", ["PCI124:1", "PCI104:1", "PCI126:1"]),
        (f"{SHARED} {BESIDE}", ["PCI104:1"]),
        (f"{BESIDE} {SHARED}", ["PCI104:1"]),
    ],
)
def test_functions_of_a_slot_that_one_without_an_address_joins(
    devices: str, codes: list[str]
) -> None:
    line = f"qemu-system-x86_64 -M pc-q35-7.2 -nodefaults {devices}\n"
    assert told(ConfigText("vm.sh", line)) == codes


def test_an_address_that_only_has_a_function_is_left_to_libvirt_for_probes_too() -> None:
    """libvirt, virPCIDeviceAddressIsEmpty."""
    text = (CASES / "lint" / "fn-only.xml").read_text()
    (root,) = xml_tree.read("vm.xml", text).children
    gaps = [gap for gap in open_addresses(root, Family.I440FX) if gap.missing == "PCI address"]
    assert [gap.element.name for gap in gaps] == ["interface"]


def domain(machine: str, *devices: str) -> ConfigText:
    inner = "".join(devices)
    return ConfigText(
        "vm.xml",
        f"<domain type='qemu'><os><type arch='x86_64' machine='{machine}'>hvm</type></os>"
        f"<devices>{USB}{inner}</devices></domain>",
    )


def pci(slot: str) -> str:
    return f"<address type='pci' domain='0' bus='0' slot='{slot}' function='0'/>"


@pytest.mark.parametrize(("machine", "slot"), [("pc-i440fx-7.2", "2"), ("pc-q35-7.2", "1")])
def test_the_first_video_device_is_always_in_the_same_slot(machine: str, slot: str) -> None:
    assert told(domain(machine, VIDEO)) == []
    # The second is wherever there is room, and so is the first where its slot is in use.
    assert told(domain(machine, VIDEO, VIDEO)) == ["PCI103:1"]
    rng = f"<rng model='virtio'><backend model='random'/>{pci(slot)}</rng>"
    assert told(domain(machine, VIDEO, rng)) == ["PCI103:1"]


@pytest.mark.parametrize(("slot", "clashes"), [("010", True), ("10", False), ("0x8", True)])
def test_a_number_behind_a_nought_is_octal_to_libvirt(slot: str, clashes: bool) -> None:
    rng = "<rng model='virtio'><backend model='random'/>{}</rng>"
    found = told(domain("pc-i440fx-7.2", rng.format(pci(slot)), rng.format(pci("8"))))
    assert found == (["PCI121:1"] if clashes else [])


@pytest.mark.parametrize(
    ("machine", "codes"),
    [("pc-i440fx-7.2", ["PCI103:1"]), ("pc-q35-7.2", ["PCI103:1", "PCI124:1"])],
)
def test_a_usb_companion_joins_its_controller_on_i440fx_alone(
    machine: str, codes: list[str]
) -> None:
    address = pci("5").replace("function='0'", "function='7'")
    ehci = f"<controller type='usb' model='ich9-ehci1'>{address}</controller>"
    source = domain(machine, ehci, "<controller type='usb' model='ich9-uhci1'/>")
    text = source.text.replace("<controller type='usb' model='none'/>", "", 1)
    assert sorted(told(ConfigText("vm.xml", text))) == codes


def test_a_port_fills_up_the_first_slot_with_room() -> None:
    """Measured with libvirt 9.0: with slot 1 free it goes there, and slot 2 has no function 0."""
    text = (CASES / "lint" / "fn0-typical.xml").read_text()
    start, end = text.index("<video>"), text.index("</video>")
    without_video = text[:start] + text[end + len("</video>") :]
    assert told(ConfigText("vm.xml", without_video)) == ["PCI104:8", "PCI124:9", "PCI124:12"]
