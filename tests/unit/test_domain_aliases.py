"""The ids that libvirt gives a domain's devices."""

from __future__ import annotations

import pytest

from tests.unit.domain_options import NEW, PC, Q35, domain

OWN = "<alias name='ua-mine'/>"


def aliases(devices: str, machine: str = PC) -> list[str]:
    """Those of all devices but the root bus, in the order of the file."""
    given = domain(devices, NEW, machine=machine)
    return [given.alias(device) for device in given.devices[1:]]


@pytest.mark.parametrize(
    ("devices", "names"),
    [
        # A device whose name is the user's own is not counted among NICs, file systems and the
        # like; among sounds and inputs it is.
        (f"<interface>{OWN}</interface><interface/>", ["ua-mine", "net0"]),
        (f"<rng>{OWN}</rng><rng/>", ["ua-mine", "rng0"]),
        # What is no alias of a user's to libvirt, it passes over.
        ("<rng><alias name='ua-a/b'/></rng><rng/>", ["rng0", "rng1"]),
        ("<rng><alias name='rng7'/></rng><rng/>", ["rng0", "rng1"]),
        (f"<filesystem>{OWN}</filesystem><filesystem/>", ["ua-mine", "fs0"]),
        (f"<crypto>{OWN}</crypto><crypto/>", ["ua-mine", "crypto0"]),
        (f"<sound>{OWN}</sound><sound/>", ["ua-mine", "sound1"]),
        (f"<input>{OWN}</input><input/>", ["ua-mine", "input1"]),
        (f"<channel>{OWN}</channel><channel/>", ["ua-mine", "channel1"]),
        (f"<shmem>{OWN}</shmem><shmem/>", ["ua-mine", "shmem1"]),
        ("<interface><alias name='net7'/></interface>", ["net0"]),
        # NICs of the host's share their numbers with other devices of the host's, and come first.
        (
            "<hostdev/><interface type='hostdev'/><interface/><interface type='hostdev'/>",
            ["hostdev2", "hostdev0", "net0", "hostdev1"],
        ),
        (
            "<video><model type='qxl'/></video><video><model type='vga' primary='yes'/></video>",
            ["video1", "video0"],
        ),
        (
            "<memory model='dimm'><address type='dimm' slot='3'/></memory>"
            "<memory model='virtio-mem'/><memory model='virtio-pmem'/><memory model='virtio-mem'/>",
            ["dimm3", "virtiomem0", "virtiopmem0", "virtiomem1"],
        ),
        (
            "<memballoon/><watchdog/><vsock/><pstore/>",
            ["balloon0", "watchdog0", "vsock0", "pstore0"],
        ),
        (
            "<disk><target dev='vdab' bus='virtio'/></disk>"
            "<disk><target dev='sda' bus='usb'/></disk>",
            ["virtio-disk27", "usb-disk0"],
        ),
        (
            "<disk><target dev='hdc'/></disk><disk><target dev='fda'/></disk>",
            ["ide0-1-0", "fdc0-0-0"],
        ),
        (
            "<controller type='scsi' index='0' model='lsilogic'/><disk><target dev='sda'/></disk>",
            ["scsi0", "scsi0-0-0"],
        ),
        (
            "<controller type='scsi' index='0' model='virtio-scsi'/>"
            "<disk><target dev='sda'/></disk>",
            ["scsi0", "scsi0-0-0-0"],
        ),
        ("<controller type='usb' index='0'/><controller type='usb' index='1'/>", ["usb", "usb1"]),
        ("<controller type='pci' index='1' model='pci-bridge'/>", ["pci.1"]),
        ("<controller type='ide' index='0'/>", ["ide"]),
        ("<controller type='sata' index='0'/>", ["sata0"]),
        (f"<controller type='virtio-serial' index='0'>{OWN}</controller>", ["ua-mine"]),
    ],
)
def test_aliases(devices: str, names: list[str]) -> None:
    assert aliases(devices) == names


def test_the_chipset_names_what_it_has() -> None:
    assert aliases("<controller type='sata' index='0'/>", Q35) == ["ide"]
    given = domain("", NEW, machine=Q35)
    (root,) = given.devices
    root.children.extend(domain(f"<sound>{OWN}</sound>").devices[1].children)
    assert given.alias(root) == "pcie.0"
