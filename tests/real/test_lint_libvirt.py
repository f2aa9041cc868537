"""lint against libvirt itself: what libvirt fills in is what lint called unpinned or implicit."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator

import pytest

from pciabi.lint.engine import Settings, lint
from pciabi.vm.formats import ConfigText, libvirt
from pciabi.vm.pci_vm import Pinning
from tests.real.libvirt_daemon import Libvirt
from tests.real.libvirt_daemon import libvirt as daemon

# `{n}` is a number, `{l}` a letter, `{s}` a slot, each used once in a domain.
ONCE = (
    '<memballoon model="none"/>',
    '<memballoon model="virtio"/>',
    '<memballoon model="virtio"><address type="pci"/></memballoon>',
    '<memballoon model="virtio"><address type="pci" domain="0" bus="0" slot="0"/></memballoon>',
    '<vsock model="virtio"/>',
    '<watchdog model="i6300esb"/>',
    '<watchdog model="ib700"/>',
    '<iommu model="intel"/>',
    '<panic model="isa"/>',
    '<graphics type="vnc"/>',
    '<video><model type="none"/></video>',
    '<controller type="usb" index="0" model="qemu-xhci"/>',
    '<controller type="usb" index="0" model="none"/>',
    '<controller type="usb" index="0"/>',
    '<controller type="scsi" index="0" model="virtio-scsi"/>',
    '<controller type="scsi" index="0"/>',
    '<controller type="virtio-serial" index="0"/>',
    '<controller type="sata" index="0"/>',
    '<controller type="sata" index="1"/>',
    '<controller type="ide" index="0"/>',
    '<console type="pty"><target type="virtio"/></console>',
    '<console type="pty"/>',
    '<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>',
)
MANY = (
    '<interface type="user"><mac address="52:54:00:00:00:{n:02}"/></interface>',
    '<interface type="user"><model type="virtio"/><mac address="52:54:00:00:00:{n:02}"/>'
    "</interface>",
    '<interface type="user"><model type="e1000e"/><mac address="52:54:00:00:00:{n:02}"/>'
    "</interface>",
    '<interface type="user"><mac address="52:54:00:00:00:{n:02}"/><model type="virtio"/>'
    '<address type="pci" domain="0" bus="0" slot="{s}" function="0"/></interface>',
    '<interface type="user"><mac address="52:54:00:00:00:{n:02}"/><model type="virtio"/>'
    '<address type="pci" slot="0x{s:x}"/></interface>',
    '<disk type="file" device="disk"><source file="/x"/><target dev="vd{l}"/></disk>',
    '<disk type="file" device="disk"><source file="/x"/><target dev="sd{l}"/></disk>',
    '<disk type="file" device="disk"><source file="/x"/><target dev="sd{l}" bus="sata"/></disk>',
    '<disk type="file" device="disk"><source file="/x"/><target dev="sd{l}" bus="usb"/></disk>',
    '<disk type="file" device="disk"><source file="/x"/><target dev="sds" bus="scsi"/></disk>',
    '<channel type="unix"><target type="virtio" name="org.{l}"/></channel>',
    '<sound model="ich6"/>',
    '<sound model="ac97"/>',
    '<sound model="usb"/>',
    '<input type="tablet" bus="virtio"/>',
    '<input type="tablet" bus="usb"/>',
    '<video><model type="vga"/></video>',
    '<video><model type="qxl"/></video>',
    '<serial type="pty"><target type="pci-serial"/></serial>',
    '<serial type="pty"/>',
    '<filesystem type="mount"><source dir="/t"/><target dir="x{l}"/></filesystem>',
    '<shmem name="s{l}"><model type="ivshmem-plain"/><size unit="M">4</size></shmem>',
    '<hostdev mode="subsystem" type="pci"><source><address domain="0" bus="1" slot="{n}"/></source>'
    "</hostdev>",
    '<hostdev mode="subsystem" type="usb"><source><vendor id="0x12"/><product id="0x34"/></source>'
    "</hostdev>",
    '<redirdev bus="usb" type="tcp"><source mode="connect" host="localhost" service="4000"/>'
    "</redirdev>",
)
UNSAID = (Pinning.UNPINNED, Pinning.EMPTY, Pinning.IMPLICIT)


def domain(seed: int) -> str:
    """A random domain."""
    choose = random.Random(seed)
    devices = [choose.choice(MANY) for _ in range(choose.randint(0, 8))]
    alone = {d.split("model=")[0].split("/")[0]: d for d in choose.sample(ONCE, 5)}
    devices += alone.values()
    choose.shuffle(devices)
    written = (
        device.format(n=number, l=chr(ord("a") + number), s=16 + number)
        for number, device in enumerate(devices)
    )
    return (
        '<domain type="qemu"><name>z</name><memory>100000</memory><os>'
        f'<type arch="x86_64" machine="{choose.choice(["pc", "q35"])}">hvm</type></os>\n'
        "<devices>\n" + "\n".join(written) + "\n</devices></domain>\n"
    )


def said(xml: str) -> Counter[str]:
    """The devices lint says somebody else will place, by what their owner calls them."""
    (vm,) = libvirt.read(ConfigText("domain.xml", xml))
    return Counter(word(device.name) for device in vm.places.devices if device.pinning in UNSAID)


def word(name: str) -> str:
    return re.sub(r"^(USB )?controller.*", "controller", name).split(" ")[0]


def filled_in(xml: str, stored: str) -> Counter[str]:
    """The devices with a PCI address in what libvirt stored and none in what it was given.

    Bridges are left out: libvirt adds them for devices it has to place. So is what is the
    chipset's own and cannot be anywhere else, and a console, which repeats the first serial.
    """
    (vm,) = libvirt.read(ConfigText("domain.xml", xml))
    written = {(d.place.bus, d.place.slot) for d in vm.places.devices if d.place is not None}
    chipset = {("0", 1 if 'machine="pc' in xml else 31)}
    found: Counter[str] = Counter()
    for element in ET.fromstring(stored).findall("devices/*"):
        address = element.find("address[@type='pci']")
        bridge = (element.tag, element.get("type")) == ("controller", "pci")
        if address is None or bridge or element.tag == "console":
            continue
        place = (str(int(address.get("bus", ""), 16)), int(address.get("slot", ""), 16))
        # On q35 slot 1 is no chipset's.
        if place not in written | chipset:
            found[element.tag] += 1
    return found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Libvirt]:
    with daemon(tmp_path_factory.mktemp("libvirt")) as started:
        yield started


@pytest.mark.parametrize(
    "seeds",
    [range(60), *(pytest.param(range(n, n + 60), marks=pytest.mark.full) for n in (60, 120, 180))],
    ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}",
)
def test_what_libvirt_fills_in_is_what_lint_names(running: Libvirt, seeds: range) -> None:
    defined = 0
    for seed in seeds:
        xml = domain(seed)
        stored = running.stored(xml)
        if stored is None:
            continue
        defined += 1
        assert said(xml) == filled_in(xml, stored), xml
        left = lint(ConfigText("stored.xml", stored), Settings())
        assert left.findings == (), stored
    assert defined > len(seeds) / 3, "libvirt must take most of them, or nothing is proved"
