"""What libvirt's own check of a domain's ABI passes over, and pciabi names (docs/libvirt-abi.md).

libvirt holds a domain that is to be restored, or to arrive, against the one that was saved. Here a
paused domain is saved with another XML: it takes that, or says what does not match.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pciabi.libvirt import installation, place, session
from pciabi.libvirt.session import EMULATOR, Session
from tests.real import libvirt_sessions
from tests.real.command import pciabi

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "libvirt-abi.md"
UUID = "5d7d1608-2b39-410f-8e8d-e8d55e0fdd98"
DOMAIN = f"""\
<domain type='qemu'>
  <name>web</name>
  <uuid>{UUID}</uuid>
  <memory unit='MiB'>256</memory>
  <os><type arch='x86_64' machine='pc-q35-5.2'>hvm</type></os>
  <devices>
    <emulator>{EMULATOR}</emulator>
    <controller type='usb' index='0' model='none'/>
    <controller type='sata' index='0'>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x1f' function='0x2'/>
    </controller>
    <controller type='pci' index='0' model='pcie-root'/>
    <controller type='pci' index='1' model='pcie-root-port'>
      <model name='pcie-root-port'/>
      <target chassis='1' port='0x10'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
    </controller>
    <controller type='pci' index='2' model='pcie-expander-bus'>
      <model name='pxb-pcie'/>
      <target busNr='200'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/>
    </controller>
    <controller type='pci' index='3' model='pcie-root-port'>
      <model name='pcie-root-port'/>
      <target chassis='3' port='0x0'/>
      <address type='pci' domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>
    </controller>
    <controller type='pci' index='4' model='pcie-to-pci-bridge'>
      <model name='pcie-pci-bridge'/>
      <address type='pci' domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>
    </controller>
    <controller type='pci' index='5' model='pci-bridge'>
      <model name='pci-bridge'/>
      <target chassisNr='5'/>
      <address type='pci' domain='0x0000' bus='0x04' slot='0x01' function='0x0'/>
    </controller>
    <interface type='user'>
      <mac address='52:54:00:00:00:01'/>
      <model type='virtio'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </interface>
    <memballoon model='none'/>
  </devices>
</domain>
"""


@dataclass(frozen=True)
class Missed:
    """What is written instead of something, and what pciabi then says: the severity of the worst
    change, and a field that changes."""

    written: str
    instead: str
    severity: str
    field: str


MISSED = {
    "model name": Missed(
        "<model name='pcie-root-port'/>", "<model name='ioh3420'/>", "breaking", "Vendor ID"
    ),
    "chassis": Missed("chassis='1'", "chassis='7'", "notable", "property chassis"),
    "chassisNr": Missed("chassisNr='5'", "chassisNr='9'", "notable", "Chassis Number"),
    "port": Missed("port='0x10'", "port='0x11'", "breaking", "Port Number"),
    "busNr": Missed("busNr='200'", "busNr='100'", "breaking", "path"),
    "hotplug": Missed("port='0x10'/>", "port='0x10' hotplug='off'/>", "breaking", "Hot-Plug"),
    "multifunction": Missed(
        "slot='0x02' function='0x0'/>",
        "slot='0x02' function='0x0' multifunction='on'/>",
        "breaking",
        "Multi-Function",
    ),
    "rom": Missed(
        "<model type='virtio'/>", "<model type='virtio'/><rom bar='off'/>", "breaking", "ROM"
    ),
}
SLOT = Missed("slot='0x02'", "slot='0x04'", "breaking", "")


def other(missed: Missed) -> str:
    """The domain with that written instead."""
    assert missed.written in DOMAIN
    return DOMAIN.replace(missed.written, missed.instead, 1)


@pytest.fixture(scope="module", params=libvirt_sessions.QEMU_OF)
def one(request: pytest.FixtureRequest) -> Iterator[Session]:
    libvirt_sessions.libvirt(request.param)
    with session.opened(installation.find(f"libvirt:{request.param}")) as opened:
        yield opened


def saved_as(one: Session, xml: str) -> str:
    """What libvirt says against saving the paused domain as the one of that XML."""
    with one.started(DOMAIN):
        one._outside(place.DOMAIN).write_text(xml)
        state = place.DOMAIN.with_name("state")
        return one._virsh.ask(f"save {UUID} {state} --xml {place.DOMAIN}").complaint


@pytest.mark.parametrize("what", MISSED)
def test_libvirt_takes_it_for_the_same_domain(one: Session, what: str) -> None:
    assert saved_as(one, other(MISSED[what])) == ""


def test_libvirt_looks_at_the_slot(one: Session) -> None:
    assert "0000:00:04.0" in saved_as(one, other(SLOT))


@pytest.mark.parametrize("what", MISSED)
def test_pciabi_names_it(what: str, tmp_path: Path) -> None:
    missed = MISSED[what]
    before, after = tmp_path / "before.xml", tmp_path / "after.xml"
    before.write_text(DOMAIN)
    after.write_text(other(missed))
    found = pciabi("diff", before, after, "--format", "json", cwd=tmp_path)
    changes = json.loads(found.stdout)["changes"]
    (severity,) = [one["severity"] for one in changes if missed.field in one["field"]][:1]
    assert severity == missed.severity, changes
    assert found.returncode == (1 if missed.severity == "breaking" else 0)
    assert f"| {what} |" in PAGE.read_text()
