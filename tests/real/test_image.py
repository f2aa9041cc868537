"""The shipped guest image: built from the real distribution, booted on a real QEMU."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pciabi import resources
from pciabi.distribution import cache, packages
from pciabi.guest import cpio, image, interfaces
from pciabi.guest.image import Image
from tests.real.image_boot import LIMIT, MACS, boot

RECIPE = resources.image_recipe("debian")
BUILD = """
import os, sys
from pathlib import Path
from pciabi.guest import image
os.umask(int(sys.argv[2], 8))
print(image.build(Path(sys.argv[1]), lambda progress: None).digest)
"""
LSPCI = "lspci -D -nn -vvv -xxxx"


@pytest.fixture(scope="module")
def debian() -> Image:
    """The image that a run would use."""
    return image.ensure(RECIPE, lambda _progress: None)


def built_digest(place: Path, umask: str, zone: str, seed: str) -> str:
    """The digest of an image built into an empty cache that knows the packages already."""
    (place / "pciabi").mkdir(parents=True)
    (place / "pciabi/packages").symlink_to(cache.packages())
    environment = {"XDG_CACHE_HOME": str(place), "TZ": zone, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, RECIPE, umask],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_image_is_the_same_wherever_and_however_it_is_built(
    debian: Image, tmp_path: Path
) -> None:
    one = built_digest(tmp_path / "one", "022", "UTC", "1")
    other = built_digest(tmp_path / "elsewhere/other", "077", "Asia/Tokyo", "2")
    assert one == other
    assert len(one) == len(debian.digest)


def test_the_real_cpio_reads_the_initramfs(debian: Image, tmp_path: Path) -> None:
    found = [p for p in packages.resolve(["cpio"]) if p.name == "cpio"]
    with cache.downloading(lambda: None) as folder:
        (archive,) = packages.fetch(found, folder, lambda _progress: None)
    packages.unpack(archive, tmp_path / "cpio")
    places = (tmp_path / "cpio" / place for place in ("bin/cpio", "usr/bin/cpio"))
    program = next(place for place in places if place.exists())
    seed = cpio.archive([cpio.character_device("dev/x", 5, 1), cpio.file("pciabi/odd", b"123")])
    for data, paths in (
        (debian.initrd.read_bytes(), ["init", "usr/lib/pciabi/interfaces", "bin -> usr/bin"]),
        (seed, ["dev/x", "pciabi/odd"]),
    ):
        done = subprocess.run(
            [program, "-itv", "--quiet"], input=data, capture_output=True, check=True
        )
        assert done.stderr == b""
        lines = done.stdout.decode().splitlines()
        for path in paths:
            assert any(line.endswith(f" {path}") for line in lines), path


@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("nic", ["virtio-net-pci", "e1000"])
def test_a_guest_gets_ready_and_shows_its_hardware(
    debian: Image, tmp_path: Path, machine: str, nic: str
) -> None:
    devices = [f"{nic},addr=4", f"{nic},addr=7", "virtio-rng-pci,addr=9", "nvme,serial=x,addr=a"]
    with boot(tmp_path, debian, machine, devices) as guest:
        assert guest.event == "pciabi-ready", guest.console.read_text()
        with guest.session() as ssh:
            listing, complaints, status = ssh._execute(LSPCI)
            nics = interfaces.parse(ssh.run(interfaces.COMMAND))
            again = interfaces.parse(ssh.run(interfaces.COMMAND))
    assert (status, complaints) == (0, "")
    blocks = {block.split()[0]: block for block in listing.split("\n\n") if block.strip()}
    driver = {"virtio-net-pci": "virtio-pci", "e1000": "e1000"}[nic]
    for address, bound in (("04", driver), ("07", driver), ("09", "virtio-pci"), ("0a", "nvme")):
        block = blocks[f"0000:00:{address}.0"]
        assert f"Kernel driver in use: {bound}\n" in block
        assert "Kernel modules: " in block
        assert re.search(r"^00: ", block, re.MULTILINE)
    assert "Red Hat, Inc." in blocks["0000:00:09.0"], "names come from pci.ids"
    assert nics == again
    assert [(str(n.address), n.mac) for n in nics] == [
        ("0000:00:04.0", MACS[0]),
        ("0000:00:07.0", MACS[1]),
    ]
    # systemd.net-naming-scheme(7): slot before path; q35's root bus slots have no number.
    wanted = {"pc": ["ens4", "ens7"], "q35": ["enp0s4", "enp0s7"]}[machine]
    assert [n.name for n in nics] == wanted
    assert ("ID_NET_NAME_PATH", "enp0s7") in nics[1].candidates


def test_a_guest_without_the_control_nic_says_so(debian: Image, tmp_path: Path) -> None:
    with boot(tmp_path, debian, "pc", ["virtio-net-pci"], "52:54:00:ff:ff:ff") as guest:
        assert guest.event == "pciabi-fault no interface with the control MAC 52:54:00:ff:ff:ff"
        assert guest.process.poll() is None


def test_a_nic_without_a_driver_is_named(debian: Image, tmp_path: Path) -> None:
    devices = ["virtio-net-pci", "virtio-net-pci", "rocker,name=r,addr=8"]
    with boot(tmp_path, debian, "pc", devices) as guest:
        assert guest.event == "pciabi-fault no driver for NIC 0000:00:08.0"


def test_the_end_of_init_ends_the_guest_visibly(debian: Image, tmp_path: Path) -> None:
    with boot(tmp_path, debian, "pc", ["virtio-net-pci"], "") as guest:
        assert guest.event == ""
        guest.process.wait(LIMIT)
        console = guest.console.read_text()
    assert "can't open '/pciabi/entropy'" in console
    assert "Kernel panic - not syncing: Attempted to kill init" in console
