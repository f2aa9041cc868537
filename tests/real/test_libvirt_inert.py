"""Domains made inert, held against the libvirt that is installed here: it defines them and writes
their command lines, none of the replacements changes a PCI fact, and what it adds is found again.

Replacements that have no pair here, because this machine cannot start what they stand for:

- `hostdev` of every type, `interface type='hostdev'`, `vdpa`, NVMe, `vsock`, SCSI pass-through,
  `input type='passthrough'`: there is no such device, and none could be had without root. They keep
  their kind and order when libvirt allocates; only for the start another one sits at the address
  that libvirt gave, and every fact of it is told as unknown.
- `interface` of the types bridge, network, direct and ethernet: libvirt makes a tap device, for
  which it has to be root. What they differ by in QEMU is the network backend alone, and
  tests/real/test_inert_backends.py measures what that decides.
- `disk type='volume'`: a pool is looked up in the daemon of another driver; of the types block and
  lun, as there is no block device to be had.
- virtiofs and TPMs: the programs that serve them are not installed.
- hugepages, CPU and NUMA tuning, resource partitions: refused without root. They are about memory
  and processors of the host. SEV: this machine has none.
- `<cpu mode='host-passthrough'>` and `<domain type='kvm'>`: KVM does not run here.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from string import Template

import pytest

from pciabi.abi import choice
from pciabi.abi.compare import compare
from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import Refusal
from pciabi.libvirt import installation, place, session
from pciabi.libvirt.inert.common import NOWHERE
from pciabi.libvirt.inert.definable import InertDomain, definable
from pciabi.libvirt.inert.startable import startable
from pciabi.libvirt.session import EMULATOR, Session
from pciabi.probe import configuration
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert import fields
from pciabi.qemu.inert.hardware import inert
from pciabi.vm import reading, xml_tree
from pciabi.vm.domain import kind
from pciabi.vm.domain.completed import completed
from pciabi.vm.domain.completeness import open_addresses
from pciabi.vm.libvirt_devices import is_bridge
from pciabi.vm.xml_tree import Element
from tests import domain_pieces as pieces
from tests.real import libvirt_sessions

MACHINES = ("pc-i440fx-7.2", "pc-q35-7.2")
SHARED = '<memoryBacking><source type="memfd"/><access mode="shared"/></memoryBacking>'
# What a machine of the other family has not.
ON_Q35_ALONE = ('model="pcie-root-port"', "<iommu")


@pytest.fixture(scope="module")
def libvirt() -> Iterator[Session]:
    with session.opened(installation.find("libvirt:host")) as opened:
        yield opened


def read(xml: str) -> Element:
    (domain,) = xml_tree.read("domain.xml", xml).children
    return domain


def defined(libvirt: Session, domain: Element) -> Element:
    return read(libvirt.define(definable(domain, EMULATOR).text))


def started(libvirt: Session, domain: Element) -> InertDomain:
    return startable(defined(libvirt, domain), EMULATOR)


def nasty_domains() -> Iterator[tuple[str, str]]:
    """Every piece alone on each machine, and mixtures of them."""
    for piece in (*pieces.DEVICES, *pieces.ONCE):
        for machine in MACHINES:
            if "q35" in machine or not any(word in piece for word in ON_Q35_ALONE):
                yield f"{machine} {piece[:60]}", pieces.domain(machine, [piece], [SHARED])
    for piece in pieces.MEMORY:
        yield piece[:60], pieces.domain("q35", [piece], pieces.MEMORY_MACHINE)
    for part in pieces.MACHINE:
        yield part[:40], pieces.domain("q35", pieces.DISKS[:1], [part])
    for os in pieces.OS:
        yield os[:40], pieces.domain("pc", pieces.DISKS[:1], os=os)
    for seed in range(30):
        choose = random.Random(seed)
        many = choose.sample(pieces.DEVICES, choose.randint(2, 12))
        once = [one for one in pieces.ONCE if "audio" in one or "graphics" in one]
        devices = [*many, choose.choice(once)]
        yield f"mixture {seed}", pieces.domain("q35", devices, [SHARED])


def test_every_nasty_domain_is_defined_and_its_command_line_written(libvirt: Session) -> None:
    wrong = []
    written = 0
    for name, xml in nasty_domains():
        try:
            words = libvirt.command_line(started(libvirt, read(xml)).text)
        except Refusal as refusal:
            wrong.append((name, str(refusal)))
            continue
        written += 1
        assert pieces.HOST not in "\0".join(words), name
    assert not wrong
    assert written >= 100


SINCE_7_1 = ('<disk type="vhostuser"', 'model="virtio-pmem"', 'model="virtio-mem"')


@pytest.mark.full
@pytest.mark.parametrize("version", ["7.0", "11.3"])
def test_other_releases_take_them_too(version: str) -> None:
    taken = 0
    with session.opened(libvirt_sessions.libvirt(version)) as other:
        for name, xml in nasty_domains():
            if version == "7.0" and any(word in xml for word in SINCE_7_1):
                continue
            domain = read(xml.replace("-7.2", "-5.2"))
            made = defined(other, domain)
            whole = completed(domain, made)
            assert chosen(whole) == chosen(made), name
            assert open_addresses(whole, kind.family(whole)) == (), name
            assert other.command_line(startable(made, EMULATOR).text), name
            taken += 1
    assert taken >= 100


# What this machine can start as it is written; $file and $image are there, $new is not.
STARTABLE = {
    "a raw file": '<disk type="file" device="disk"><driver name="qemu" type="raw" cache="none"/>'
    '<source file="$file"/><target dev="vda" bus="virtio"/></disk>',
    "an image with a serial and queues": '<disk type="file" device="disk"><driver name="qemu" '
    'type="qcow2" queues="2" queue_size="128" discard="unmap"/><source '
    'file="$image"/><target dev="vda" bus="virtio"/><serial>S1</serial></disk>',
    "a CD": '<disk type="file" device="cdrom"><driver name="qemu" type="raw"/><source '
    'file="$file"/><target dev="sda" bus="sata"/><readonly/></disk>',
    "a SCSI disk": '<controller type="scsi" model="virtio-scsi"><driver queues="2"/></controller>'
    '<disk type="file" device="disk"><source file="$file"/><target dev="sda" bus="scsi"/></disk>',
    "an NBD disk": '<disk type="network" device="disk"><driver name="qemu" type="raw"/><source '
    'protocol="nbd" name="x"><host name="127.0.0.1" port="1"/></source><target dev="vda" '
    'bus="virtio"/></disk>',
    "an RBD disk": '<disk type="network" device="disk"><driver name="qemu" type="raw"/><source '
    'protocol="rbd" name="p/i"><host name="127.0.0.1" port="1"/></source><target dev="vda" '
    'bus="virtio"/></disk>',
    "an iSCSI disk": '<disk type="network" device="disk"><driver name="qemu" type="raw"/><source '
    'protocol="iscsi" name="iqn.2000-01.a:b/1"><host name="127.0.0.1" port="1"/></source><target '
    'dev="vda" bus="virtio"/></disk>',
    "a disk a daemon serves": '<disk type="vhostuser" device="disk"><driver name="qemu" '
    'type="raw"/><source type="unix" path="$new"><reconnect enabled="yes" timeout="3"/></source>'
    '<target dev="vda" bus="virtio"/></disk>',
    "a NIC of QEMU's": '<interface type="user"><mac address="52:54:00:00:00:01"/><model '
    'type="virtio"/><driver rx_queue_size="512"><host csum="off"/></driver></interface>',
    "three NICs": '<interface type="udp"><mac address="52:54:00:00:00:01"/><source '
    'address="127.0.0.1" port="11"><local address="127.0.0.1" port="12"/></source><model '
    'type="e1000e"/></interface><interface type="mcast"><mac address="52:54:00:00:00:02"/><source '
    'address="230.0.0.1" port="5558"/></interface><interface type="client"><mac '
    'address="52:54:00:00:00:03"/><source address="127.0.0.1" port="5558"/><model type="virtio"/>'
    "</interface>",
    "NICs of which one has an alias": '<interface type="user"><mac address="52:54:00:00:00:01"/>'
    '<model type="virtio"/><alias name="ua-mine"/></interface><interface type="user"><mac '
    'address="52:54:00:00:00:02"/><model type="virtio"/></interface>',
    "a NIC a daemon serves": '<interface type="vhostuser"><mac address="52:54:00:00:00:01"/>'
    '<source type="unix" path="$new" mode="client"/><model type="virtio"/><driver queues="4"/>'
    "</interface>",
    "VNC on a socket": '<graphics type="vnc" socket="$new"/><video><model type="qxl"/></video>',
    "VNC with a password": '<graphics type="vnc" port="5999" passwd="secret"/>',
    "SPICE": '<graphics type="spice" port="5998" passwd="secret"><listen type="address" '
    'address="127.0.0.1"/></graphics><channel type="spicevmc"><target type="virtio"/></channel>'
    '<redirdev bus="usb" type="spicevmc"/>',
    "entropy of the host's": '<rng model="virtio"><rate bytes="9"/><backend model="random">'
    "/dev/urandom</backend></rng>",
    "entropy of a daemon's": '<rng model="virtio"><backend model="egd" type="tcp"><source '
    'mode="connect" host="127.0.0.1" service="1"/></backend></rng>',
    "ports": '<serial type="pty"><target type="pci-serial"/></serial><serial type="tcp"><source '
    'mode="connect" host="127.0.0.1" service="1"/></serial><console type="pty"><target '
    'type="virtio"/></console><channel type="unix"><source mode="connect" path="$new"/><target '
    'type="virtio" name="a.b"/></channel>',
    "a folder": '<filesystem type="mount" accessmode="mapped"><source dir="$folder"/><target '
    'dir="tag"/></filesystem>',
    "shared memory": '<shmem name="mine"><model type="ivshmem-plain"/><size unit="M">4</size>'
    "</shmem>",
    "shared memory of a daemon's": '<shmem name="mine"><model type="ivshmem-doorbell"/><server '
    'path="$new"/><msi vectors="4" ioeventfd="on"/></shmem>',
    "sound": '<sound model="ich9"><audio id="1"/></sound><audio id="1" type="pulseaudio" '
    'serverName="unix:$new"/>',
    "a smartcard": '<smartcard mode="passthrough" type="tcp"><source mode="connect" '
    'host="127.0.0.1" service="1"/></smartcard>',
}
PARTS = {
    "a CPU model": '<cpu mode="custom" match="exact"><model>Nehalem</model><topology sockets="1" '
    'cores="2" threads="1"/></cpu>',
    "enlightenments": '<features><acpi/><apic eoi="on"/><pae/><hyperv><relaxed state="on"/>'
    '</hyperv><kvm><hidden state="on"/></kvm></features>',
    "no ACPI, a clock": '<features/><clock offset="localtime"><timer name="hpet" present="no"/>'
    "</clock>",
    "locked shared memory": '<memoryBacking><nosharepages/><source type="file"/><access '
    'mode="shared"/></memoryBacking>',
    "firmware data": '<sysinfo type="fwcfg"><entry name="opt/a">b</entry></sysinfo>',
    "events": "<on_crash>destroy</on_crash><iothreads>2</iothreads><pm><suspend-to-mem "
    'enabled="no"/></pm><genid/>',
}
OS = {
    "a kernel": "<kernel>$file</kernel><initrd>$file</initrd><cmdline>a=b</cmdline>",
    "UEFI": '<loader readonly="yes" type="pflash">/usr/share/OVMF/OVMF_CODE_4M.fd</loader>',
    "a boot menu": '<smbios mode="emulate"/><bootmenu enable="yes"/>',
}


def pairs() -> Iterator[tuple[str, str]]:
    for name, devices in STARTABLE.items():
        yield name, plain(devices, SHARED)
    for name, part in PARTS.items():
        yield name, plain('<video><model type="vga"/></video>', part)
    for name, os in OS.items():
        yield (
            name,
            plain('<video><model type="virtio"/></video>', "<features><acpi/></features>", os),
        )

    strings = (
        '<sysinfo type="smbios"><system><entry name="serial">S &amp; T</entry></system></sysinfo>'
    )
    yield "SMBIOS strings", plain("", strings, '<smbios mode="sysinfo"/>')


def plain(devices: str, part: str, os: str = "") -> str:
    return (
        '<domain type="qemu"><name>pciabi</name><uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f</uuid>'
        '<memory unit="MiB">512</memory><vcpu>2</vcpu><os><type arch="x86_64" '
        f'machine="$machine">hvm</type>{os}</os>{part}<devices>{devices}</devices></domain>'
    )


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("xml", [pytest.param(xml, id=name) for name, xml in pairs()])
def test_no_replacement_changes_a_pci_fact(
    libvirt: Session, tmp_path: Path, machine: str, xml: str
) -> None:
    original = Template(xml).substitute(there(tmp_path), machine=machine)
    inert_domain = started(libvirt, read(original))
    before = snapshot(libvirt.command_line(original), libvirt.libvirt.qemu)
    after = snapshot(libvirt.command_line(inert_domain.text), libvirt.libvirt.qemu)
    comparison = compare(before, after)
    assert not comparison.changes
    assert not [one for one in comparison.unknowns if not one.excused]
    assert ids(before) == ids(after)
    assert len(before.functions) > 3


def there(folder: Path) -> dict[str, str]:
    """What a domain of these tests may name: a file, an image, a folder, and what is not there."""
    file, image = folder / "disk.raw", folder / "disk.qcow2"
    file.write_bytes(bytes(1 << 20))
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "1M"], check=True)
    new = place.RUNTIME / "new.sock"
    return {"file": str(file), "image": str(image), "folder": str(folder), "new": str(new)}


def snapshot(words: Sequence[str], qemu: Binary) -> Snapshot:
    """All that can be read of the hardware that a command line states."""
    made = inert(reading.read_argv(words), qemu.banner)
    families = choice.chosen([choice.ALL])
    found = configuration.read(made, qemu, Cancellation(), Deadline.after(60), families=families)
    return found.snapshot


def ids(snapshot: Snapshot) -> list[tuple[str, str | None, str | None]]:
    """Every function with its qdev id and driver."""
    return [(str(one.address), one.qdev_id, one.device) for one in snapshot.functions]


def test_a_rom_of_the_users_is_told_as_unknown(libvirt: Session, tmp_path: Path) -> None:
    """The one replacement among those that can be had here by which a fact differs."""
    rom = tmp_path / "disk.raw"
    xml = plain(
        '<interface type="user"><mac address="52:54:00:00:00:01"/><model type="e1000"/><rom '
        'file="$file"/></interface>',
        "",
    )
    original = Template(xml).substitute(there(tmp_path), machine=MACHINES[0])
    assert str(rom) in "".join(libvirt.command_line(original))
    told = started(libvirt, read(original)).replacements
    inert_domain = definable(read(original), EMULATOR)
    assert str(rom) not in inert_domain.text
    assert fields.ROM in {name for r in (*told, *inert_domain.replacements) for name in r.unknown}


# What libvirt writes of a device that says where it is and which one it is.
CHOSEN = ("model", "bus", "index")
CHOSEN_CHILDREN = ("address", "mac", "model", "target", "master")
# What the host calls a NIC, and a size, which libvirt writes in another unit.
NOT_CHOSEN = {("interface", "target"), ("memory", "target")}


def shape(element: Element) -> object:
    # Whether a tray is open is said to no libvirt.
    said = sorted((k, in_one_form(v)) for k, v in element.attributes.items() if k != "tray")
    inside = sorted((shape(child) for child in element.children), key=repr)
    return element.name, said, element.text.strip(), inside


def in_one_form(value: str) -> str:
    """A number in decimal, whatever base it is written in."""
    try:
        return str(int(value, 16) if value.lower().startswith("0x") else int(value))
    except ValueError:
        return value


def chosen(domain: Element) -> Counter[str]:
    """Each device by what libvirt chooses for it, without those that no libvirt is told of."""
    return Counter(
        repr(
            (
                device.name,
                [device.attributes.get(name) for name in CHOSEN],
                sorted(
                    repr(shape(child))
                    for child in device.children
                    if child.name in CHOSEN_CHILDREN and (device.name, child.name) not in NOT_CHOSEN
                ),
            )
        )
        for devices in domain.all("devices")
        for device in devices.children
        if device.name not in ("emulator", "graphics", "lease", "tpm", "redirfilter", "audio")
    )


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("seeds", [range(40)], ids=["0-39"])
def test_a_domain_is_completed_to_what_libvirt_defined(
    libvirt: Session, machine: str, seeds: range
) -> None:
    for seed in seeds:
        choose = random.Random(seed)
        usable = [p for p in pieces.DEVICES if not any(word in p for word in ON_Q35_ALONE)]
        devices = choose.sample(usable, choose.randint(1, 14))
        devices += choose.sample([p for p in pieces.ONCE if "vnc" in p or "vga" in p], 1)
        domain = read(pieces.domain(machine, devices, [SHARED]))
        made = defined(libvirt, domain)
        whole = completed(domain, made)
        assert chosen(whole) == chosen(made), seed
        assert open_addresses(domain, kind.family(domain)), seed
        assert open_addresses(whole, kind.family(whole)) == (), seed
        again = defined(libvirt, whole)
        assert chosen(completed(whole, again)) == chosen(whole), seed


@pytest.mark.parametrize("machine", MACHINES)
def test_a_domain_without_its_addresses_gets_them_again(libvirt: Session, machine: str) -> None:
    domain = read(
        pieces.domain(machine, [*pieces.INTERFACES, *pieces.DISKS, *pieces.PORTS], [SHARED])
    )
    whole = completed(domain, defined(libvirt, domain))
    (inside,) = whole.all("devices")
    bare = [without_address(device) for device in inside.children if not is_bridge(device)]
    stripped = replace(
        whole,
        children=[replace(c, children=bare) if c is inside else c for c in whole.children],
    )
    made = defined(libvirt, stripped)
    again = completed(stripped, made)
    assert chosen(again) == chosen(made)
    assert open_addresses(again, kind.family(again)) == ()
    lines = {device.start.line for device in bare}
    assert {d.start.line for ds in again.all("devices") for d in ds.children} <= lines


def without_address(device: Element) -> Element:
    kept = [c for c in device.children if c.name != "address" or c.attributes["type"] != "pci"]
    return replace(device, children=kept)


TRACED = """
from pciabi.libvirt import installation, session
from pciabi.libvirt.inert.definable import definable
from pciabi.libvirt.inert.startable import startable
from pciabi.vm import xml_tree
from tests.real.test_libvirt_inert import MACHINES, SHARED, read
from tests import domain_pieces as pieces
from tests.real import libvirt_sessions

with session.opened(installation.find("libvirt:host")) as libvirt:
    xml = pieces.domain(MACHINES[1], pieces.DEVICES, [SHARED, *pieces.MACHINE[3:]])
    made = libvirt.define(definable(read(xml), session.EMULATOR).text)
    libvirt.command_line(startable(read(made), session.EMULATOR).text)
"""


def test_nothing_that_a_hostile_domain_names_is_opened_connected_to_or_run(
    libvirt: Session, tmp_path: Path
) -> None:
    del libvirt  # What it knows of its QEMU is in the cache now.
    log = tmp_path / "strace"
    command = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=%file,%network", "-o", str(log)]
    subprocess.run(
        [*command, sys.executable, "-c", TRACED], check=True, capture_output=True, timeout=300
    )
    calls = log.read_text(errors="replace").splitlines()
    began = [n for n, line in enumerate(calls) if "/virsh" in line and '"-c", "qemu:' in line]
    libvirts = calls[began[-1] :]
    assert len(libvirts) > 100
    assert not [line for line in libvirts if pieces.HOST in line]
    assert not [line for line in libvirts if "connect(" in line and NOWHERE in line]
    ran = {
        line.partition('execve("')[2].partition('"')[0] for line in libvirts if "execve(" in line
    }
    # libvirt's own keeper of logs, and what our emulator waits with (`libvirt/emulator.py`).
    own = {"virtlogd", "sleep"}
    assert {Path(program).name for program in ran} <= {"virsh", "qemu-system-x86_64", *own}
