"""A user's domain completed by what a libvirt made of its inert form, and what is to be completed.

The libvirt of these tests allocates in a manner of its own: tests/real/test_libvirt_inert.py has
the real one.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pciabi.errors import CannotTest
from pciabi.libvirt.inert.definable import definable
from pciabi.vm import xml_tree
from pciabi.vm.domain import kind, marks
from pciabi.vm.domain.completed import completed
from pciabi.vm.domain.completeness import open_addresses
from pciabi.vm.libvirt_devices import device_model
from pciabi.vm.xml_tree import Element
from tests import domain_pieces as pieces


def read(xml: str) -> Element:
    (domain,) = xml_tree.read("domain.xml", xml).children
    return domain


def devices_of(domain: Element) -> list[Element]:
    (devices,) = domain.all("devices")
    return devices.children


def with_devices(domain: Element, devices: list[Element]) -> Element:
    (own,) = domain.all("devices")
    others = [child for child in domain.children if child is not own]
    return replace(domain, children=[*others, replace(own, children=devices)])


def defined(domain: Element, seed: int = 0) -> Element:
    """What a libvirt may make of it: an address for every PCI device that has none, a balloon, and
    the devices in another order."""
    inert = read(definable(domain, "/emulator").text)
    made = []
    for slot, device in enumerate(devices_of(inert)):
        if device_model(device) is None or device.child("address") is not None:
            made.append(device)
        else:
            made.append(replace(device, children=[*device.children, address(slot)]))
    if inert.child("devices") is not None and not [d for d in made if d.name == "memballoon"]:
        balloon = read('<memballoon model="virtio"/>')
        made.append(replace(balloon, children=[address(100)]))
    random.Random(seed).shuffle(made)
    return with_devices(inert, made)


def address(slot: int) -> Element:
    return read(
        f'<address type="pci" domain="0x0000" bus="0x{slot:02x}" slot="0x1f" function="0x0"/>'
    )


domains = st.builds(
    lambda devices: pieces.domain("q35", devices),
    st.lists(st.sampled_from(pieces.DEVICES), max_size=20),
)


@settings(max_examples=150, deadline=None)
@given(domains, st.integers(0, 99))
def test_every_device_gets_the_address_of_its_own(xml: str, seed: int) -> None:
    domain = read(xml)
    whole = completed(domain, defined(domain, seed))
    user, made = devices_of(domain), devices_of(whole)
    for number, (before, after) in enumerate(zip(user, made, strict=False)):
        assert after.start == before.start
        assert after.child("source") is before.child("source")
        assert after.value("alias", "name") == before.value("alias", "name")
        if device_model(before) is not None:
            # The emulator stands in front of what libvirt was given.
            assert after.value("address", "bus") == f"0x{number + 1:02x}"
            found = after.child("address")
            assert found is not None
            assert found.start == before.start
    assert [device.name for device in made[len(user) :]] == ["memballoon"]
    assert made[-1].start.line == next(domain.all("devices")).start.line


def test_what_is_missing_comes_and_what_libvirt_reads_otherwise_is_its_own() -> None:
    xml = (
        '<controller type="scsi" index="0" model="auto"><driver queues="2"/></controller>'
        '<interface type="user"><model type="ViRtIo"/></interface>'
    )
    domain = read(pieces.domain("q35", [xml]))
    made = defined(domain)
    theirs = [
        replace(d, attributes={**d.attributes, "model": "virtio-scsi"})
        if d.name == "controller"
        else replace(d, children=[*[c for c in d.children if c.name != "model"], VIRTIO])
        if d.name == "interface"
        else d
        for d in devices_of(made)
    ]
    scsi, nic, _ = devices_of(completed(domain, with_devices(made, theirs)))
    assert scsi.attributes["model"] == "virtio-scsi"
    assert scsi.value("driver", "queues") == "2"
    assert nic.value("model", "type") == "virtio"
    assert nic.value("mac", "address") == "52:54:00:70:00:01"


VIRTIO = read('<model type="virtio"/>')


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda devices: devices[1:], "is not in what libvirt made"),
        (lambda devices: [*devices, devices[0]], "two devices"),
        (
            lambda devices: [*devices, read('<sound model="ac97"><alias name="ua-x"/></sound>')],
            "no device of the domain",
        ),
    ],
    ids=["gone", "twice", "of nobody"],
)
def test_what_cannot_be_told_apart_is_refused(change: object, words: str) -> None:
    domain = read(pieces.domain("q35", pieces.INTERFACES[:1]))
    made = defined(domain)
    nics = [device for device in devices_of(made) if device.name == "interface"]
    rest = [device for device in devices_of(made) if device.name != "interface"]
    assert callable(change)
    with pytest.raises(CannotTest, match=words):
        completed(domain, with_devices(made, [*rest, *change(nics)]))


def test_an_address_that_is_not_the_users_is_refused() -> None:
    nic = pieces.INTERFACES[0].replace(
        "</interface>", '<address type="pci" bus="0x05" slot="0x01"/></interface>'
    )
    domain = read(pieces.domain("q35", [nic]))
    made = defined(domain)
    assert devices_of(completed(domain, made))[0].value("address", "bus") == "0x05"
    moved = [
        replace(d, children=[*[c for c in d.children if c.name != "address"], address(9)])
        if d.name == "interface"
        else d
        for d in devices_of(made)
    ]
    with pytest.raises(CannotTest, match="another address"):
        completed(domain, with_devices(made, moved))


@pytest.mark.parametrize("words", ["", 'function="1"'])
def test_an_address_that_says_nothing_gets_libvirts(words: str) -> None:
    nic = pieces.INTERFACES[1].replace("</interface>", f'<address type="pci" {words}/></interface>')
    domain = read(pieces.domain("q35", [nic]))
    made = [
        replace(d, children=[*[c for c in d.children if c.name != "address"], address(9)])
        if d.name == "interface"
        else d
        for d in devices_of(defined(domain))
    ]
    whole = completed(domain, with_devices(defined(domain), made))
    assert devices_of(whole)[0].value("address", "bus") == "0x09"


def test_a_mark_goes_and_an_alias_stays() -> None:
    alias = '<sound model="ac97"><alias name="ua-mine"/></sound>'
    live = '<sound model="ich6"><alias name="sound1"/></sound>'
    domain = read(pieces.domain("q35", [alias, live]))
    assert next(marks.key(d) for d in devices_of(marks.marked(domain))) == "ua-mine"
    named = [d.value("alias", "name") for d in devices_of(completed(domain, defined(domain)))]
    assert named == ["ua-mine", "sound1", None]


WHOLE = """
<controller type="pci" index="0" model="pcie-root"/>
<controller type="pci" index="1" model="pcie-root-port"><model name="pcie-root-port"/>
<target chassis="1" port="0x8"/><address type="pci" bus="0x00" slot="0x01"/></controller>
<controller type="usb" index="0" model="qemu-xhci"><address type="pci" bus="0x00" slot="0x02"/>
</controller>
<interface type="user"><mac address="52:54:00:00:00:01"/><model type="virtio"/>
<address type="pci" bus="0x01" slot="0x00"/></interface>
<memballoon model="none"/>
"""
WITHOUT = {
    ("controller pci 0",): '<controller type="pci" index="0" model="pcie-root"/>',
    ("model",): '<model name="pcie-root-port"/>',
    ("chassis", "port"): '<target chassis="1" port="0x8"/>',
    ("port",): ' port="0x8"',
    ("PCI address",): '<address type="pci" bus="0x01" slot="0x00"/>',
    ("MAC address",): '<mac address="52:54:00:00:00:01"/>',
    ("memballoon",): '<memballoon model="none"/>',
}


def gaps(devices: str, machine: str = "q35") -> list[str]:
    domain = read(pieces.domain(machine, [devices]))
    return [gap.missing for gap in open_addresses(domain, kind.family(domain))]


def test_a_domain_that_says_it_all_needs_no_libvirt() -> None:
    assert gaps(WHOLE) == []


@pytest.mark.parametrize(("missing", "part"), WITHOUT.items(), ids=str)
def test_what_is_missing_is_named(missing: tuple[str, ...], part: str) -> None:
    assert part in WHOLE
    assert gaps(WHOLE.replace(part, "")) == list(missing)


@pytest.mark.parametrize(
    ("device", "missing"),
    [
        ('<disk type="file"><target dev="vda"/><address bus="1" slot="1"/></disk>', "bus"),
        ('<input type="tablet"/>', "bus"),
        ('<video><model type="qxl"/><address bus="0" slot="9"/></video>', "ram"),
        ('<sound model="ac97"><address bus="0" slot="9"/></sound>' * 1, None),
        ('<vsock><cid address="3"/><address bus="0" slot="9"/></vsock>', "model"),
        ('<sound model="ac97"><address bus="3" slot="9"/></sound>', "controller pci 3"),
        (
            '<sound model="ac97"><address bus="0" slot="9"/></sound><sound model="ich6">'
            '<address bus="0" slot="9" function="1"/></sound>',
            "multifunction",
        ),
        ('<sound model="ac97"><address type="pci" function="1"/></sound>', "PCI address"),
        (
            '<controller type="pci" index="3" model="pcie-root-port"><model name="pcie-root-port"/>'
            '<target chassis="3" port="0x9"/><address bus="0" slot="9"/></controller>',
            "controller pci 2",
        ),
        (
            '<channel type="null"><target type="virtio" name="a"/></channel>'
            '<controller type="virtio-serial" index="0"><address bus="0" slot="9"/></controller>',
            "address",
        ),
        ('<disk type="file"><target dev="sda" bus="sata"/></disk>', "address"),
        ('<memory model="dimm"/>', "address"),
        (
            '<console type="null"><target type="virtio"/></console>'
            '<controller type="virtio-serial" index="0"><address bus="0" slot="9"/></controller>',
            None,
        ),
    ],
)
def test_what_libvirt_chooses_is_a_gap(device: str, missing: str | None) -> None:
    assert (missing in gaps(WHOLE + device)) is (missing is not None)
    if missing is None:
        assert gaps(WHOLE + device) == []


def test_a_usb_controller_of_another_index_is_not_the_first() -> None:
    assert gaps(WHOLE.replace('type="usb" index="0"', 'type="usb" index="1"')) == ["USB controller"]


@pytest.mark.parametrize(("cpus", "is_open"), [("0-1", False), ("0", True), ("", True)])
def test_processors_in_no_cell_are_a_gap(cpus: str, is_open: bool) -> None:
    cell = f'<cell id="0" cpus="{cpus}" memory="512" unit="MiB"/>'
    domain = read(pieces.domain("q35", [WHOLE], [f"<cpu><numa>{cell}</numa></cpu>"]))
    found = [gap.missing for gap in open_addresses(domain, kind.family(domain))]
    assert found == (["processors"] if is_open else [])


@pytest.mark.parametrize("address", ["", '<address type="pci" function="2"/>'])
def test_the_chipsets_usb_controller_has_an_address_of_libvirts(address: str) -> None:
    usb = f'<controller type="usb" index="0" model="piix3-uhci">{address}</controller>'
    assert gaps(usb, "pc")[0] == "PCI address"


def test_the_chipsets_usb_controller_of_a_pc_is_written_down_too() -> None:
    assert "USB controller" in gaps("", "pc")
