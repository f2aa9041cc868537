"""Domains made inert: what a guest sees of PCI stays, nothing of the host does, all is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pciabi.abi.snapshot import ACPI_TABLES, EVERY_FIELD, SMBIOS_TABLES
from pciabi.errors import InputError
from pciabi.libvirt.inert.common import NOWHERE
from pciabi.libvirt.inert.definable import InertDomain, definable
from pciabi.libvirt.inert.host_devices import PATH
from pciabi.libvirt.inert.network import MAC
from pciabi.libvirt.inert.startable import startable
from pciabi.qemu.inert import fields
from pciabi.vm import xml_tree
from pciabi.vm.domain import marks
from pciabi.vm.libvirt_devices import disk_bus, model
from pciabi.vm.xml_tree import Element
from tests import domain_pieces as pieces

EMULATOR = "/emulator"


def read(xml: str) -> Element:
    (domain,) = xml_tree.read("domain.xml", xml).children
    return domain


def made(*devices: str, machine: str = "q35") -> InertDomain:
    return definable(read(pieces.domain(machine, devices)), EMULATOR)


def devices_of(domain: Element) -> list[Element]:
    devices = domain.child("devices")
    assert devices is not None
    return [device for device in devices.children if device.name != "emulator"]


domains = st.builds(
    pieces.domain,
    st.sampled_from(["pc", "q35"]),
    st.builds(
        lambda many, once: [*many, *once],
        st.lists(st.sampled_from([*pieces.DEVICES, *pieces.MEMORY, *pieces.NEWER]), max_size=20),
        st.lists(st.sampled_from(pieces.ONCE), max_size=5, unique=True),
    ),
    st.lists(st.sampled_from(pieces.MACHINE), max_size=6, unique=True),
    st.sampled_from(pieces.OS),
)


@settings(max_examples=200, deadline=None)
@given(domains)
def test_nothing_of_the_host_is_left(xml: str) -> None:
    text = definable(read(xml), EMULATOR).text
    assert pieces.HOST not in text
    for path in re.findall(r"(?<![<\w])/[\w/.-]+", text):
        assert path.startswith((NOWHERE, EMULATOR, "/1")), path


FACTS = ("address", "acpi", "boot", "model", "mac", "mtu", "target", "serial", "master", "codec")
# What of `<driver>` says how the host serves the device, virtiofs included.
HOSTS_DRIVER = {"name", "type", "io", "queue"}


def facts(device: Element) -> Iterator[object]:
    """What of a device is on PCI or decides where it goes, by the device's own words."""
    yield device.name, model(device), disk_bus(device), device.attributes.get("index")
    yield [(size.text, dict(size.attributes)) for size in device.below("size")]
    for name in FACTS:
        child = device.child(name)
        if child is not None and (device.name, name) != ("interface", "target"):
            told = {k: v for k, v in child.attributes.items() if k != "tray"}
            yield name, told, child.text.strip()
    driver = device.child("driver")
    if driver is not None:
        told = {k: v for k, v in driver.attributes.items() if k not in HOSTS_DRIVER}
        yield from told.items()


def on_pci(domain: Element) -> list[list[object]]:
    gone = {"emulator", "lease", "redirfilter", "tpm", "audio"}
    return [list(facts(device)) for device in devices_of(domain) if device.name not in gone]


@settings(max_examples=200, deadline=None)
@given(domains)
def test_every_address_model_and_order_stays(xml: str) -> None:
    domain = read(xml)
    assert on_pci(definable(domain, EMULATOR).root) == on_pci(domain)


def test_a_written_address_alias_boot_order_and_mac_stay() -> None:
    xml = (
        '<interface type="bridge"><source bridge="br0"/><mac address="52:54:00:00:00:01"/>'
        '<model type="virtio"/><alias name="ua-lan"/><boot order="2"/><acpi index="7"/>'
        '<rom bar="off"/><address type="pci" domain="0x0000" bus="0x03" slot="0x00" '
        'function="0x0" multifunction="on"/></interface>'
    )
    (nic,) = devices_of(made(xml).root)
    assert nic.value("alias", "name") == "ua-lan"
    assert nic.value("boot", "order") == "2"
    assert nic.value("acpi", "index") == "7"
    assert nic.value("rom", "bar") == "off"
    assert nic.value("address", "multifunction") == "on"
    assert nic.value("source", "bridge") == "pciabi"


def test_the_device_that_a_video_adapter_names_stays() -> None:
    made_safe = made("<video><model type='virtio' device='virtio-gpu'/></video>")
    (video,) = (one for one in devices_of(made_safe.root) if one.name == "video")
    assert video.value("model", "device") == "virtio-gpu"


def test_the_words_of_the_newest_libvirt_stay() -> None:
    video, iommu = devices_of(
        made(
            '<video><model type="virtio" device="virtio-gpu"/></video>',
            '<iommu model="amd"><driver passthrough="on" xtsup="on"/></iommu>',
        ).root
    )
    assert video.value("model", "device") == "virtio-gpu"
    assert iommu.value("driver", "passthrough") == "on"


def test_what_libvirt_would_make_up_at_random_is_the_same_every_time() -> None:
    xml = pieces.domain("q35", ['<interface type="user"/>'] * 2, ["<genid/>"])
    inert = definable(read(xml), EMULATOR)
    first, second = (nic.value("mac", "address") for nic in devices_of(inert.root))
    assert None not in (first, second)
    assert first != second
    assert inert.text == definable(read(xml), EMULATOR).text
    assert all(child.text for child in inert.root.children if child.name in ("uuid", "genid"))
    assert MAC in {field for told in inert.replacements for field in told.unknown}


@settings(max_examples=60, deadline=None)
@given(domains)
def test_what_was_made_inert_stays_as_it_is(xml: str) -> None:
    once = definable(read(xml), EMULATOR)
    twice = definable(read(once.text), EMULATOR)
    assert on_pci(twice.root) == on_pci(once.root)
    assert pieces.HOST not in twice.text


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ('<disk type="file"><target dev="vda"/><evil/></disk>', "<disk><evil>"),
        ('<disk type="file"><target dev="vda" evil="1"/></disk>', "<target>: evil="),
        ("<evil/>", "<evil>"),
        ('<disk type="file"><target dev="../../x"/></disk>', "<target>: dev is '../../x'"),
        ('<interface type="evil"/>', "type 'evil'"),
        ('<hostdev mode="capabilities" type="misc"/>', "mode 'capabilities'"),
        ('<filesystem type="block"><source dev="/dev/sda"/></filesystem>', "type 'block'"),
        ('<controller type="usb" index="0,chardev=x"/>', "index is '0,chardev=x'"),
        ('<x:disk xmlns:x="urn:x" type="file"/>', "<disk>"),
        ('<disk type="file"><x:target dev="vda"/></disk>', "<target>: is of another namespace"),
        ('<sound model="${{SOUND}}"/>', "${SOUND} is not known: something fills it in"),
    ],
)
def test_what_is_not_known_is_refused_by_name_at_its_line(inside: str, named: str) -> None:
    with pytest.raises(InputError) as caught:
        made('<sound model="ac97"/>', inside)
    assert named in str(caught.value)
    assert caught.value.place is not None
    assert caught.value.place.line == 7


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ("<bootloader>/usr/bin/pygrub</bootloader>", "<bootloader>"),
        ("<devices evil='1'/>", "<devices>"),
        (
            '<q:evil xmlns:q="http://libvirt.org/schemas/domain/qemu/1.0"/>',
            "<evil>",
        ),
        ('<sysinfo type="smbios"><bios><entry name="a" file="/x"/></bios></sysinfo>', "file="),
    ],
)
def test_a_part_of_the_machine_that_is_not_known_is_refused(part: str, named: str) -> None:
    with pytest.raises(InputError, match=re.escape(named)):
        definable(read(pieces.domain("q35", (), (part,))), EMULATOR)


@pytest.mark.parametrize("attribute", ["xmlns='urn:x'", "type='xen'", "evil='1'"])
def test_a_domain_of_another_kind_is_refused(attribute: str) -> None:
    with pytest.raises(InputError):
        definable(read(f"<domain {attribute}><name>a</name></domain>"), EMULATOR)


def test_another_architecture_is_refused() -> None:
    xml = pieces.domain("virt", ()).replace("x86_64", "aarch64")
    with pytest.raises(InputError, match="no PC"):
        definable(read(xml), EMULATOR)


@pytest.mark.parametrize(
    "xmlns", ["qemu", "q", ""], ids=["usual prefix", "another prefix", "default namespace"]
)
def test_no_argument_and_no_environment_reaches_libvirt(xmlns: str) -> None:
    p, declared = (f"{xmlns}:", f"xmlns:{xmlns}") if xmlns else ("", "xmlns")
    part = (
        f'<{p}commandline {declared}="http://libvirt.org/schemas/domain/qemu/1.0">'
        f'<{p}arg value="-qmp"/><{p}env name="LD_PRELOAD" value="/evil.so"/></{p}commandline>'
    )
    inert = definable(read(pieces.domain("q35", (), (part,))), EMULATOR)
    assert "LD_PRELOAD" not in inert.text
    assert "-qmp" not in inert.text
    assert {r.written for r in inert.replacements} >= {
        "<qemu:commandline><qemu:arg>",
        "<qemu:commandline><qemu:env>",
    }


def test_capabilities_of_qemus_namespace_stay_in_it() -> None:
    part = (
        '<q:capabilities xmlns:q="http://libvirt.org/schemas/domain/qemu/1.0"><q:del '
        'capability="device.json"/></q:capabilities>'
    )
    text = definable(read(pieces.domain("q35", (), (part,))), EMULATOR).text
    assert '<qemu:del capability="device.json"/>' in text
    assert 'xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"' in text


def test_free_text_is_escaped_and_cannot_close_its_element() -> None:
    xml = (
        '<disk type="file"><target dev="vda" bus="virtio"/><serial>a&lt;/serial&gt;&lt;source '
        "file='/etc/passwd'/&gt;</serial></disk>"
    )
    root = read(made(xml).text)
    (disk,) = devices_of(root)
    assert disk.value("source", "file") is None
    serial = disk.child("serial")
    assert serial is not None
    assert serial.text == "a</serial><source file='/etc/passwd'/>"


def test_what_is_told_holds_nothing_that_may_be_secret() -> None:
    inert = definable(
        read(pieces.domain("q35", pieces.DEVICES, pieces.MACHINE, pieces.OS[1])), EMULATOR
    )
    told = "\n".join(f"{r.written} {r.instead}" for r in inert.replacements)
    assert pieces.HOST not in told
    assert "rbd" in told


def test_what_cannot_be_known_any_more_is_told_of_its_element() -> None:
    xml = '<interface type="user"><model type="e1000"/><rom file="/x/rom"/></interface>'
    by_field = {field: r for r in made(xml).replacements for field in r.unknown}
    assert by_field[fields.ROM].place.line == 6
    assert by_field[fields.ROM].device.startswith("interface")
    parts = '<launchSecurity type="sev"><policy>0x3</policy></launchSecurity>'
    whole = definable(read(pieces.domain("q35", (), (parts,), pieces.OS[3])), EMULATOR)
    assert ACPI_TABLES in {field for r in whole.replacements for field in r.unknown}
    host = definable(read(pieces.domain("q35", (), (), pieces.OS[4])), EMULATOR)
    assert SMBIOS_TABLES in {field for r in host.replacements for field in r.unknown}


def test_a_replacement_is_told_as_a_substitution() -> None:
    told = made('<interface type="user"><rom file="/x"/></interface>').replacements
    (rom,) = [one for one in told if fields.ROM in one.unknown]
    found = rom.substitution("net0")
    assert (found.qdev_id, found.unknown) == ("net0", (fields.ROM,))


@pytest.mark.parametrize(
    ("machine", "address", "is_open"),
    [
        ("q35", "", True),
        ("q35", '<address type="pci" bus="1" slot="0"/>', False),
        ("pc", "", False),
    ],
)
@pytest.mark.parametrize("device", [pieces.HOST_DEVICES[0], pieces.INTERFACES[6]])
def test_where_a_hosts_device_goes_is_not_known_without_the_host(
    device: str, machine: str, address: str, is_open: bool
) -> None:
    xml = device.replace("</hostdev>", f"{address}</hostdev>")
    xml = xml.replace("</interface>", f"{address}</interface>")
    told = made(xml, machine=machine).replacements
    assert (PATH in {field for one in told for field in one.unknown}) is is_open


def test_no_two_devices_of_the_hosts_are_the_same() -> None:
    found = devices_of(made(*pieces.HOST_DEVICES[:5], *pieces.HOST_DEVICES[:5]).root)
    sources = [xml_tree.written(s) for d in found for s in d.all("source")]
    assert len(sources) == len(set(sources)) == 10


def test_an_mtu_is_a_property_where_there_is_no_device_of_the_hosts_to_have_it() -> None:
    mtu = pieces.INTERFACES[3]
    own = mtu.replace("</interface>", '<alias name="ua-lan"/></interface>')
    text = startable(made(pieces.INTERFACES[1], mtu, own).root, EMULATOR).text
    assert "<mtu" not in text
    for alias in ("net1", "ua-lan"):
        assert re.search(
            rf'<qemu:device alias="{alias}">\s*<qemu:frontend>\s*<qemu:property name="host_mtu" '
            r'type="unsigned" value="9000"/>',
            text,
        )


def test_starting_puts_another_device_at_the_address_of_a_hosts() -> None:
    hostdev = pieces.HOST_DEVICES[0].replace(
        "</hostdev>", '<address type="pci" bus="0x02" slot="0x00"/></hostdev>'
    )
    defined = made(hostdev, *pieces.ONCE[4:5], *pieces.INTERFACES[:1])
    with pytest.raises(InputError, match="<vsock> has no PCI address"):
        startable(defined.root, EMULATOR)
    found = startable(made(hostdev, pieces.INTERFACES[0], pieces.INTERFACES[1]).root, EMULATOR)
    stand_in, multiqueue, single = devices_of(found.root)
    assert (stand_in.name, stand_in.value("address", "bus")) == ("rng", "0x02")
    assert multiqueue.attributes["type"] == "vhostuser"
    assert '<access mode="shared"/>' in found.text
    assert single.attributes["type"] == "user"
    assert any(EVERY_FIELD in r.unknown for r in found.replacements)


def test_marks_are_gone_when_it_starts_and_a_users_alias_is_not() -> None:
    xml = '<sound model="ac97"><alias name="ua-mine"/></sound>'
    defined = made(xml, '<sound model="ich6"/>')
    assert [marks.key(d) is not None for d in devices_of(defined.root)] == [True, True]
    started = startable(defined.root, EMULATOR)
    assert [marks.key(d) for d in devices_of(started.root)] == ["ua-mine", None]


def test_an_element_is_written_as_it_was_read() -> None:
    text = '<a b="&lt;&quot;&#10;&amp;"><c:d xmlns:c="urn:x">x &lt; y</c:d><e/></a>'
    root = read(text)
    again = read(xml_tree.written(root))

    def shape(element: Element) -> object:
        inside = [shape(child) for child in element.children]
        return element.prefix, element.name, dict(element.attributes), element.text.strip(), inside

    assert shape(again) == shape(root)
    assert replace(root, children=[]).attributes["b"] == '<"\n&'


DISK = "<disk type='file'><source file='/d'/><target dev='{0}' bus='scsi'/>{1}</disk>"
AT_CONTROLLER = "<address type='drive' controller='{0}' bus='0' target='0' unit='0'/>"


@pytest.mark.parametrize(
    ("device", "beyond"),
    [
        ("<controller type='pci' model='pcie-root-port' index='{0}'/>", "index"),
        (DISK.format("sda", AT_CONTROLLER), "controller"),
        ("<input type='tablet' bus='usb'><address type='usb' bus='{0}' port='1'/></input>", "bus"),
    ],
)  # fmt: skip
def test_a_number_that_costs_a_libvirt_gigabytes_is_refused(device: str, beyond: str) -> None:
    made(device.format(9_999))
    for number in ("10000", "0x2710", "2000000000"):
        with pytest.raises(InputError, match=rf">: {beyond} is \d+, and no domain has room for"):
            made(device.format(number))


def test_a_target_that_names_a_controller_far_away_is_refused() -> None:
    made(DISK.format("sdzzz", ""))
    with pytest.raises(InputError, match="the controller of its target is 31683"):
        made(DISK.format("sdzzzz", ""))
