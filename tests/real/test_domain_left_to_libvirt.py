"""A domain that does not say all, on a plain QEMU: a libvirt at hand fills in the rest, or the
domain is refused by what is missing. Never is anything guessed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.real import etc_libvirt
from tests.real.command import pciabi

HAND_WRITTEN = """<domain type='kvm'>
  <name>free</name>
  <memory unit='GiB'>1</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='pc-i440fx-5.2'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:01'/>
      <source bridge='br0'/>
      <model type='virtio'/>
    </interface>
    <interface type='user'>
      <mac address='52:54:00:00:00:02'/>
      <model type='e1000'/>
    </interface>
  </devices>
</domain>
"""


@pytest.fixture
def domain(tmp_path: Path) -> Path:
    path = tmp_path / "free.xml"
    path.write_text(HAND_WRITTEN)
    return path


@pytest.fixture
def without_virsh(tmp_path: Path) -> str:
    """A PATH with everything but virsh."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in os.environ["PATH"].split(":"):
        for program in Path(place).glob("*"):
            if program.name != "virsh" and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    return str(folder)


def test_the_libvirt_installed_here_fills_in_the_rest(domain: Path, tmp_path: Path) -> None:
    assert shutil.which("virsh"), "libvirt-clients is missing"
    done = pciabi("snapshot", domain, "--from", "7.2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    snapshot = json.loads(done.stdout)
    assert snapshot["provenance"]["libvirt"]
    paths = {one["id"]: one["path"] for one in snapshot["functions"] if one["id"]}
    # As FACTS have it for two NICs without video: slots 2 and 3; balloon behind them.
    assert (paths["net0"], paths["net1"], paths["balloon0"]) == ("0/02.0", "0/03.0", "0/04.0")
    named = pciabi(
        "diff", domain, domain, "--from", "libvirt:host@7.2", "--to", "7.2", cwd=tmp_path
    )
    assert named.returncode == 0, named.stdout + named.stderr
    assert "0 breaking, 0 notable, 0 benign" in named.stdout


def test_without_a_libvirt_it_is_refused_by_what_is_missing(
    domain: Path, tmp_path: Path, without_virsh: str
) -> None:
    done = pciabi("snapshot", domain, "--from", "7.2", cwd=tmp_path, PATH=without_virsh)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(
        f"pciabi: {domain}:8: it is left to libvirt: PCI address of <interface>"
    )
    assert len(done.stderr.splitlines()) == 1


def test_a_libvirt_of_another_version_fills_it_in(domain: Path, tmp_path: Path) -> None:
    done = pciabi("snapshot", domain, "--from", "10.0", "--libvirt", "11.3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["provenance"]["libvirt"] == "11.3.0"


def test_one_that_says_all_needs_none(domain: Path, tmp_path: Path, without_virsh: str) -> None:
    defined = tmp_path / "defined.xml"
    said = HAND_WRITTEN.replace(
        "<devices>",
        "<devices><controller type='pci' index='0' model='pci-root'/>"
        "<controller type='usb' index='0' model='none'/><memballoon model='none'/>",
    )
    for slot in (9, 12):
        said = said.replace(
            "</interface>",
            f"<address type='pci' domain='0' bus='0' slot='{slot}' function='0'/></interface >",
            1,
        )
    defined.write_text(said)
    done = pciabi("snapshot", defined, "--from", "7.2", cwd=tmp_path, PATH=without_virsh)
    assert done.returncode == 0, done.stderr
    paths = {one["id"]: one["path"] for one in json.loads(done.stdout)["functions"] if one["id"]}
    assert paths == {"net0": "0/09.0", "net1": "0/0c.0"}


def test_a_mac_that_is_not_written_tells_nobody(domain: Path, tmp_path: Path) -> None:
    """libvirt makes one up anew at every define, so that no NIC is told from another by it."""
    text = HAND_WRITTEN.replace("<mac address='52:54:00:00:00:01'/>", "").replace(
        "<mac address='52:54:00:00:00:02'/>", ""
    )
    domain.write_text(text)
    done = pciabi("snapshot", domain, "--from", "libvirt:9.0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)["provenance"]["command_line"]
    nics = [word for word in written if "netdev" in word and "driver" in word]
    assert len(nics) == 2
    assert not [word for word in nics if "mac" in word]


def test_where_the_host_decides_the_place_is_left_open(domain: Path, tmp_path: Path) -> None:
    device = (
        "<hostdev mode='subsystem' type='pci'><source>"
        "<address domain='0' bus='1' slot='0' function='0'/></source></hostdev></devices>"
    )
    text = HAND_WRITTEN.replace("pc-i440fx-5.2", "pc-q35-5.2")
    domain.write_text(text.replace("</devices>", device))
    done = pciabi(
        "diff", domain, domain, "--from", "libvirt:9.0", "--to", "libvirt:9.0", cwd=tmp_path
    )
    assert "unknown: path of hostdev0" in done.stdout
    assert done.returncode == 0, done.stderr
    strict = pciabi(
        *("diff", domain, domain, "--from", "libvirt:9.0", "--to", "libvirt:9.0"),
        *("--fail-on", "unknown"),
        cwd=tmp_path,
    )
    assert strict.returncode == 1


def test_an_option_that_the_later_qemu_lacks_is_no_pass(tmp_path: Path) -> None:
    """libvirt 9.0 says that there is no ACPI by an option that QEMU 10.0 does not have."""
    defined = tmp_path / "defined.xml"
    defined.write_text(etc_libvirt.domain(0, "vm").replace("<acpi/>", ""))
    words = ("gate", defined, "--from", "7.2", "--to", "10.0", "--from-libvirt")
    assert "no option -no-acpi" in pciabi(*words, "9.0", cwd=tmp_path).stdout
    assert "no option -no-acpi" not in pciabi(*words, "11.3", cwd=tmp_path).stdout
