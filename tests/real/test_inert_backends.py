"""Each device beside a real backend and beside its inert stand-in: what differs was told."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from pciabi.abi.compare import compare
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import Snapshot, Substitution
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.qemu import binary
from pciabi.qemu.inert.hardware import inert
from pciabi.vm import reading

TUN = Path("/dev/net/tun")
BASE = ("-nodefaults", "-no-user-config", "-machine")
# HERE is a folder with `disk`, a raw image, and `share`, a folder; every device's id is `dev`.
# The tap interfaces go when QEMU ends, and no address is theirs.
TAP = "tap,id=b,ifname=pciabitest,script=no,downscript=no"
CASES = {
    "net-user": "-netdev user,id=b -device NET",
    "net-socket": "-netdev socket,id=b,udp=127.0.0.1:9,localaddr=127.0.0.1:0 -device NET",
    "net-hubport": "-netdev hubport,id=b,hubid=0 -device NET",
    "net-tap": f"-netdev {TAP} -device NET",
    "net-tap-queues": f"-netdev {TAP},queues=2 -device NET,mq=on",
    "net-tap-queues-vectors": f"-netdev {TAP},queues=2 -device NET,mq=on,vectors=6",
    "net-tap-queues-one-used": f"-netdev {TAP},queues=2 -device NET",
    "net-tap-no-header": f"-netdev {TAP},vnet_hdr=off -device NET",
    "net-tap-queues-global": f"-netdev {TAP},queues=2 -global virtio-net-pci.vectors=6 "
    "-global virtio-net-device.mq=on -device NET",
    "net-tap-hash": f"-netdev {TAP},queues=2 -device NET,rss=on,hash=on,vectors=6",
    "net-tap-some-off": f"-netdev {TAP} -global virtio-net-pci.csum=off "
    "-device NET,host_ufo=off,guest_tso4=off",
    "net-nic-of-a-netdev": f"-netdev {TAP} -net nic,netdev=b,model=virtio",
    "e1000-tap-queues": f"-netdev {TAP},queues=2 -device e1000,netdev=b,id=dev",
    "net-nic-tap": f"-nic {TAP.replace('id=b', 'id=dev')},model=virtio",
    "net-hub-tap": "-net nic,model=virtio -net tap,ifname=pciabitest,script=no,downscript=no",
    "nic-e1000-tap": f"-nic {TAP},model=e1000",
    "e1000e-tap": f"-netdev {TAP} -device e1000e,netdev=b,id=dev",
    "vmxnet3-tap": f"-netdev {TAP} -device vmxnet3,netdev=b,id=dev",
    "blk-raw": "-drive file=HERE/disk,format=raw,if=none,id=b -device BLK",
    "blk-raw-discard": "-drive file=HERE/disk,format=raw,if=none,id=b,discard=unmap -device BLK",
    "blk-read-only": "-drive file=HERE/disk,format=raw,if=none,id=b,readonly=on -device BLK",
    "blk-write-through": "-drive file=HERE/disk,format=raw,if=none,id=b,cache=writethrough "
    "-device BLK",
    "blk-node": "-blockdev driver=file,filename=HERE/disk,node-name=b -device BLK",
    "blk-node-read-only": '-blockdev \'{"driver":"raw","node-name":"b","read-only":true,"file":'
    '{"driver":"file","filename":"HERE/disk"}}\' -device BLK',
    "scsi": "-device virtio-scsi-pci,id=dev -drive file=HERE/disk,format=raw,if=none,id=b "
    "-device scsi-hd,drive=b",
    "nvme": "-drive file=HERE/disk,format=raw,if=none,id=b -device nvme,drive=b,serial=1,id=dev",
    "serial": "-chardev file,id=b,path=HERE/out -device pci-serial,chardev=b,id=dev",
    "virtio-serial": "-chardev pty,id=b -device virtio-serial-pci,id=dev "
    "-device virtserialport,chardev=b,name=x",
    "9p": "-fsdev local,id=b,path=HERE/share,security_model=none "
    "-device virtio-9p-pci,fsdev=b,mount_tag=m,id=dev",
    "rng": "-object rng-random,id=b,filename=/dev/urandom -device virtio-rng-pci,rng=b,id=dev",
    "crypto": "-object cryptodev-backend-builtin,id=b -device virtio-crypto-pci,cryptodev=b,id=dev",
    "ivshmem": "-object memory-backend-file,id=b,mem-path=HERE/memory,size=4M,share=on "
    "-device ivshmem-plain,memdev=b,id=dev",
    "pmem": "-m 128M,maxmem=1G -object memory-backend-file,id=b,mem-path=HERE/memory,size=16M "
    "-device virtio-pmem-pci,memdev=b,id=dev",
    "mem": "-m 128M,maxmem=1G -object memory-backend-file,id=b,mem-path=HERE/memory,size=128M "
    "-device virtio-mem-pci,memdev=b,id=dev",
    "sound": "-audiodev wav,id=b,path=HERE/out -device AC97,audiodev=b,id=dev",
    "memory": "-m 2G -netdev user,id=b -device NET",
}
NET = "virtio-net-pci,netdev=b,id=dev"
BLK = "virtio-blk-pci,drive=b,id=dev"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "disk").write_bytes(bytes(1 << 20))
    (tmp_path / "memory").write_bytes(bytes(128 << 20))
    (tmp_path / "share").mkdir()
    return tmp_path


def seen(arguments: tuple[str, ...], stood_in: tuple[Substitution, ...] = ()) -> Snapshot:
    hardware = Hardware(arguments, substitutions=stood_in)
    return cold_probe(hardware, binary.find(None), Cancellation(), Deadline.after(120))


def differing(real: Snapshot, stand_in: Snapshot) -> set[str]:
    """What a guest would see to differ, nothing being left open."""
    changes = compare(real, replace(stand_in, substitutions=())).changes
    return {change.field for change in changes if change.severity is not Severity.BENIGN}


def may_make_taps() -> bool:
    try:
        with TUN.open("r+b", buffering=0):
            return os.geteuid() == 0
    except OSError:
        return False


@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("name", CASES)
def test_whatever_differs_was_told(name: str, machine: str, here: Path) -> None:
    text = CASES[name].replace("NET", NET).replace("BLK", BLK)
    if "tap," in text and not may_make_taps():
        why = "only root may make a tap interface, on a kernel that has /dev/net/tun"
        # On CI nothing real is left out in silence.
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    words = tuple(shlex.split(text.replace("HERE", str(here))))
    arguments = (*BASE, machine, *words)
    made = inert(reading.read_argv(arguments))
    stand_in = seen(made.arguments, made.substitutions)
    told = {field for one in stand_in.substitutions for field in one.unknown}
    # Neither less, which would be a false "equal", nor more, which would prove nothing.
    assert differing(seen(arguments), stand_in) == told
