"""Each device beside a real backend and beside its inert stand-in: what differs was told."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pciabi.abi.compare import compare
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.pci import registers as reg
from pciabi.pci.capabilities import conventional_offsets
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.qemu import binary
from pciabi.qemu.inert import driver_rules, fields
from pciabi.qemu.inert.hardware import inert
from pciabi.qemu.qtest import Qtest, number
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


@dataclass(frozen=True)
class Seen:
    """A device as a guest would: the whole machine, its virtio features and how many pairs of
    queues its configuration tells of, None where it tells none."""

    snapshot: Snapshot
    features: frozenset[str]
    pairs: int | None


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "disk").write_bytes(bytes(1 << 20))
    (tmp_path / "memory").write_bytes(bytes(128 << 20))
    (tmp_path / "share").mkdir()
    return tmp_path


def seen(arguments: tuple[str, ...]) -> Seen:
    snapshot = cold_probe(
        Hardware(arguments), binary.find(None), Cancellation(), Deadline.after(120)
    )
    device = snapshot.by_id("dev")
    offers_pairs = device is not None and device.device in driver_rules.OFFERS_ITS_BACKEND
    # A NIC that `-nic` makes has no id, and only QEMU knows where it keeps it.
    listed = monitor_says(arguments, "info virtio")
    paths = [line.split(" ")[0] for line in listed.splitlines() if line.endswith("[virtio-net]")]
    path = next(iter(paths), "/machine/peripheral/dev/virtio-backend")
    status = monitor_says(arguments, f"info virtio-status {path}")
    host = status.partition("Host features:")[2].partition("Backend features:")[0]
    features = frozenset(line.strip().rstrip(",") for line in host.splitlines() if line.strip())
    several = any("VIRTIO_NET_F_MQ" in feature for feature in features)
    pairs = queue_pairs(arguments, snapshot) if offers_pairs and several else None
    return Seen(snapshot, features, pairs)


def monitor_says(arguments: tuple[str, ...], line: str) -> str:
    """What the human monitor of a paused QEMU prints, without the prompt's own lines."""
    printed = subprocess.run(
        [*binary.find(None).command, *arguments, "-S", "-display", "none", "-monitor", "stdio"],
        input=f"{line}\nquit\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    return printed.replace("\r", "")


def queue_pairs(arguments: tuple[str, ...], snapshot: Snapshot) -> int:
    """max_virtqueue_pairs of the device's configuration (virtio 1.2, 5.1.4), read through the
    PCI configuration access capability (4.1.4.9), which needs no BAR mapped."""
    device = snapshot.by_id("dev")
    assert device is not None
    config, address = device.function.config, device.address
    windows = {config[o + 3]: o for o in conventional_offsets(config, reg.CAP_VENDOR)}
    place, window = windows[4], windows[5]
    offset = int.from_bytes(config[place + 8 : place + 12], "little") + 8
    told = (config[place + 4], offset, 2)
    base = 0x80000000 | address.devfn << 8
    with qtest(arguments) as tell:
        for at, value in zip((4, 8, 12), told, strict=True):
            tell(f"outl 0xcf8 {base | window + at:#x}")
            tell(f"out{'b' if at == 4 else 'l'} 0xcfc {value:#x}")
        tell(f"outl 0xcf8 {base | window + 16:#x}")
        return number(tell("inw 0xcfc"))


@contextmanager
def qtest(arguments: tuple[str, ...]) -> Iterator[Callable[[str], str]]:
    """A paused QEMU that is told one qtest command after the other."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = (*binary.find(None).command, *arguments, "-S", "-display", "none")
        with subprocess.Popen(
            [*command, "-accel", "tcg", "-qtest", "stdio", "-qtest-log", "none"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
        ) as process:
            asked = Qtest(ours, Deadline.after(60))
            yield lambda line: asked.run([line])[0]
            process.kill()


def differing(real: Seen, stand_in: Seen) -> Iterator[str]:
    for change in compare(real.snapshot, stand_in.snapshot).changes:
        if change.severity is not Severity.BENIGN:
            yield change.field
    if real.features != stand_in.features:
        yield fields.VIRTIO_FEATURES
    if real.pairs != stand_in.pairs:
        yield fields.VIRTIO_CONFIGURATION


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
    found = set(differing(seen(arguments), seen(made.arguments)))
    told = {field for one in made.substitutions for field in one.unknown}
    # Neither less, which would be a false "equal", nor more, which would prove nothing.
    assert found == told
