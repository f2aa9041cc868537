"""Pairs of VMs that differ, or do not, in what a backend decides, each in some user's words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.real.command import pciabi

VM = "qemu-system-x86_64 -nodefaults -machine pc-i440fx-7.2 {}\n"
M1, M2 = "mac=52:54:00:00:00:01", "mac=52:54:00:00:00:02"
NET = "-device virtio-net-pci,netdev=n,id=net0,addr=3,mac=52:54:00:00:00:01"
OFF = ",".join(
    f"{name}=off"
    for name in (
        *("csum", "guest_csum", "guest_tso4", "guest_tso6", "guest_ecn", "guest_ufo"),
        *("host_tso4", "host_tso6", "host_ecn", "host_ufo"),
    )
)
USERS = "-netdev user,id=n{} -device virtio-net-pci,netdev=n{},addr={} "

# Two configurations, and the exit code of their comparison.
PAIRS: dict[str, tuple[str, str, int]] = {
    "rom-file": ("-device e1000,romfile=/a/x.rom,addr=3", "-device e1000,addr=3", 3),
    "two-rom-files": (
        "-device e1000,romfile=/a/x,addr=3 -device e1000,romfile=/a/x,addr=4",
        "-device e1000,romfile=/a/x,addr=3 -device e1000,addr=4",
        3,
    ),
    "renderer": ("-device virtio-gpu-gl-pci,addr=3", "-device virtio-gpu-pci,addr=3", 3),
    "nics-swap-backends": (
        f"-nic tap,model=virtio,{M1} -nic tap,vhost=on,model=virtio,{M2}",
        f"-nic tap,vhost=on,model=virtio,{M1} -nic tap,model=virtio,{M2}",
        3,
    ),
    "nics-swap-tap-and-user": (
        f"-nic tap,model=virtio,{M1} -nic user,model=virtio,{M2}",
        f"-nic user,model=virtio,{M1} -nic tap,model=virtio,{M2}",
        3,
    ),
    "nics-keep-backends": (
        f"-nic tap,model=virtio,{M1} -nic user,model=virtio,{M2}",
        f"-nic tap,model=virtio-net-pci,{M1} -nic user,model=virtio,{M2}",
        0,
    ),
    "net-nic-of-a-netdev": (
        "-netdev tap,id=h -net nic,netdev=h,model=virtio,macaddr=52:54:00:00:00:01",
        "-netdev user,id=h -net nic,netdev=h,model=virtio,macaddr=52:54:00:00:00:01",
        3,
    ),
    "offloads-switched-off": (f"-netdev tap,id=n {NET},{OFF}", f"-netdev user,id=n {NET},{OFF}", 0),
    "offload-switched-off": (f"-netdev tap,id=n {NET},csum=off", f"-netdev tap,id=n {NET}", 1),
    "feature-switched-off": (f"-netdev tap,id=n {NET},mrg_rxbuf=off", f"-netdev tap,id=n {NET}", 1),
    "vnet-hdr": (f"-netdev tap,id=n {NET}", f"-netdev tap,vnet_hdr=off,id=n {NET}", 3),
    "vhost-descriptor": (
        f"-netdev tap,fd=3,id=n {NET}",
        f"-netdev tap,fd=3,vhostfd=4,id=n {NET}",
        3,
    ),
    "vhost-said-otherwise": (
        f"-netdev tap,vhost=on,queues=2,id=n {NET}",
        f"-netdev tap,queues=2,vhost=on,id=n {NET}",
        0,
    ),
    "vhost-off": (f"-netdev tap,id=n {NET}", f"-netdev tap,vhost=off,vhostforce=on,id=n {NET}", 0),
    "bridge-is-a-tap": (f"-netdev tap,id=n {NET}", f"-netdev bridge,br=br0,id=n {NET}", 0),
    "vectors-by-global": (
        f"-netdev tap,queues=4,id=n {NET},vectors=5",
        f"-netdev tap,queues=4,id=n -global virtio-net-pci.vectors=5 {NET}",
        0,
    ),
    "smbios-name-of-a-device": (
        f"-netdev user,id=n {NET} -smbios type=41,designation=a,instance=1,pcidev=net0",
        f"-netdev user,id=n {NET} -smbios type=41,designation=b,instance=1,pcidev=net0",
        1,
    ),
    "smbios-name-of-the-machine": (
        "-device e1000,addr=3 -smbios type=1,serial=one",
        "-device e1000,addr=3 -smbios type=1,serial=two",
        0,
    ),
    "smbios-file": ("-device e1000,addr=3 -smbios file=/a/x", "-device e1000,addr=3", 3),
    "smbios-free-strings": (
        "-device e1000,addr=3 -smbios type=11,value=secret",
        "-device e1000,addr=3",
        0,
    ),
    "netdevs-by-other-names": (
        USERS.format(0, 0, 3) + USERS.format(1, 1, 4),
        USERS.format(1, 1, 3) + USERS.format(0, 0, 4),
        0,
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair(name: str, tmp_path: Path) -> None:
    before, after, code = PAIRS[name]
    for file, text in (("before.args", before), ("after.args", after)):
        (tmp_path / file).write_text(VM.format(text))
    done = pciabi("diff", "before.args", "after.args", cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    if code == 3:
        assert "Error: not both sides were read" in done.stdout


def test_a_nic_without_an_id_is_not_followed_by_that_of_its_netdev(tmp_path: Path) -> None:
    (tmp_path / "two.args").write_text(VM.format(USERS.format(0, 0, 3) + USERS.format(1, 1, 4)))
    (tmp_path / "one.args").write_text(VM.format(USERS.format(0, 0, 4)))
    done = pciabi("diff", "two.args", "one.args", "--format", "json", cwd=tmp_path)
    breaking = [
        (change["kind"], change["address_before"])
        for change in json.loads(done.stdout)["changes"]
        if change["severity"] == "breaking"
    ]
    assert (done.returncode, breaking) == (1, [("vanished", "0000:00:03.0")])


def test_an_exchange_names_both_by_the_lines_of_one_file(tmp_path: Path) -> None:
    line = " -device e1000,mac=52:54:00:00:00:0{},addr={}"
    for name, first, second in (("a.sh", 1, 2), ("b.sh", 2, 1)):
        lines = ["qemu-system-x86_64 -nodefaults", line.format(first, 3), line.format(second, 4)]
        (tmp_path / name).write_text(" \\\n".join(lines) + "\n")
    done = pciabi("diff", "a.sh", "b.sh", cwd=tmp_path)
    assert done.returncode == 1
    said = [text for text in done.stdout.splitlines() if "exchanged places" in text][:2]
    assert ["e1000, line 3 at" in text for text in said] == [True, False]
    assert "exchanged places with e1000, line 2" in said[0]
    assert "exchanged places with e1000, line 3" in said[1]
