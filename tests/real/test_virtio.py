"""What is read of virtio devices, held against what QEMU itself says of them, against a guest, and
against a NIC on a real tap."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pciabi import resources
from pciabi.abi.compare import compare
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.guest import answers
from pciabi.pci.address import GuestAddress
from pciabi.pci.facts import UNREAD, Facts
from pciabi.pci.function import PciFunction, all_bits
from pciabi.pci.virtio import VIRTIO, VirtioDevice, modern_layout
from pciabi.pci.virtio_features import NET, bits_of, name_of
from pciabi.pci.virtio_fields import feature
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.probe.hypervisor import PAUSED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu import config_access, virtio_legacy, virtio_modern
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert.hardware import inert
from pciabi.qemu.monitor import Monitor
from pciabi.vm import reading
from pciabi.vm.config import Device, VmConfig
from tests.real.cold_and_boot import bench, vm_of
from tests.real.lone_devices import Alone, alone
from tests.real.releases import emulator

# Which QEMUs tell the features they offer (`x-query-virtio-status`): 11.1.3 ends when it is asked.
TELLS_FEATURES = {"7.2", "10.0"}
MACHINES = [
    ("7.2", "pc-i440fx-2.6"),
    ("7.2", "pc"),
    ("7.2", "q35"),
    ("10.0", "pc-q35-9.2"),
    ("11.1", "pc-q35-9.2"),
    ("11.1", "pc"),
]
SAMPLED = (("7.2", "pc-i440fx-2.6"), ("11.1", "pc-q35-9.2"))
VERSION_1 = 32
# Offered by the device, and mostly hidden from a driver of version 1.0 (VIRTIO 1.3, 6.3).
LEGACY = {"NOTIFY_ON_EMPTY", "ANY_LAYOUT", "GSO", "SCSI", "BAD_FEATURE"}
# Beyond the 32 bits of a device that is older.
BEYOND_LEGACY = {"VERSION_1", "RING_RESET", "RING_PACKED"}
# QEMU's other words for features, one of which it misspells.
SAME = {
    "IOMMU_PLATFORM": "ACCESS_PLATFORM",
    "REPORTING": "PAGE_REPORTING",
    "PROTOCOL_FEATURES": "BAD_FEATURE",
    "PERSISTENT_SUSPND": "PERSISTENT_SUSPEND",
}
_PREFIX = re.compile(r"VIRTIO_(?:RING_)?(?:[A-Z0-9]+_)?F_|VHOST_USER_F_")
NIC = GuestAddress(0, 0, 3, 0)
DEBIAN = resources.image_recipe("debian")
TAP = "tap,id=b,ifname=pciabi0,script=no,downscript=no"


def virtio_of(snapshot: Snapshot, qdev_id: str) -> VirtioDevice:
    function = snapshot.by_id(qdev_id)
    assert function is not None
    fact = function.facts.get(VIRTIO)
    assert fact is not UNREAD
    assert fact is not None
    return fact


def read(arguments: tuple[str, ...], qemu: Binary) -> Snapshot:
    return cold_probe(Hardware(arguments), qemu, Cancellation(), Deadline.after(120))


def names(device: VirtioDevice) -> set[str]:
    return {name_of(device.type, bit) for bit in bits_of(device.features)}


def queue_sizes(monitor: Monitor, path: str) -> Iterator[int]:
    """What QEMU says of each queue, until it has no further one."""
    for index in range(1024):
        try:
            told: Any = monitor.execute(
                "x-query-virtio-queue-status", {"path": path, "queue": index}
            )
        except QemuError:
            return
        yield told["vring-num"]


def offered(monitor: Monitor, path: str, device_type: int) -> set[str]:
    """The features that QEMU says its device offers; some it gives as numbers."""
    status: Any = monitor.execute("x-query-virtio-status", {"path": path})
    told = status["host-features"]
    words = [*told["transports"], *told["dev-features"]]
    found = {_PREFIX.sub("", word.partition(":")[0], count=1) for word in words}
    unnamed = bits_of(told.get("unknown-dev-features", 0))
    return {SAME.get(name, name) for name in found} | {name_of(device_type, n) for n in unnamed}


def lone(qemu: Binary, machine: str) -> list[Alone]:
    """Each virtio device alone: behind a root port where there are any."""
    found = [one for one in alone(qemu, machine) if "virtio" in one.device]
    behind = {one.device for one in found if one.place == "port"} - {"virtio-iommu-pci"}
    return [one for one in found if (one.place == "port") is (one.device in behind)]


@pytest.mark.parametrize(
    ("version", "machine"),
    [pytest.param(*one, marks=() if one in SAMPLED else pytest.mark.full) for one in MACHINES],
)
def test_a_reading_is_what_qemu_says_itself(version: str, machine: str) -> None:
    qemu = emulator(version)
    devices = lone(qemu, machine)
    assert len(devices) > 10
    for one in devices:
        device = virtio_of(read(one.arguments, qemu), "test0")
        with (
            OWN_QEMU.start(Machine(qemu, one.arguments, PAUSED), Cancellation()) as running,
            running.monitor(Deadline.after(60)) as monitor,
        ):
            (listed,) = each_of(monitor.execute("x-query-virtio"))
            path = listed["path"]
            assert device.queue_sizes == tuple(queue_sizes(monitor, path)), one
            if version in TELLS_FEATURES:
                told = offered(monitor, path, device.type)
                may_hide = LEGACY if device.offers(VERSION_1) else BEYOND_LEGACY
                assert told - may_hide <= names(device) <= told, one


def each_of(answer: object) -> list[dict[str, str]]:
    assert isinstance(answer, list)
    return answer


# What the guest's kernel negotiated: a character for each bit, bit 0 first.
COMMAND = (
    "for d in /sys/bus/virtio/devices/*; do "
    "echo $(basename $(dirname $(readlink -f $d)))=$(cat $d/features); done | tr '\\n' ' '"
)


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_a_guest_has_negotiated_nothing_that_was_not_offered(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [
        Device("virtio-net-pci", "nic", addr="0x3"),
        Device("virtio-balloon-pci", "balloon0", addr="0x4"),
        Device("virtio-rng-pci", "rng0", addr="0x5"),
    ]
    vm = vm_of(VmConfig(machine, "256M", 1, tuple(devices)))
    monkeypatch.setattr(answers, "RELEASE", COMMAND)
    with bench() as opened:
        cold, booted = opened.cold(vm), opened.booted(vm, "nic", DEBIAN)
    said = dict(re.findall(r"(0000:\S+)=([01]+)", booted.provenance.guest))
    for one in devices:
        function = cold.by_id(one.id)
        assert function is not None
        negotiated = {bit for bit, digit in enumerate(said[str(function.address)]) if digit == "1"}
        assert negotiated <= set(bits_of(virtio_of(cold, one.id).features))
        # A driver is bound and has taken something, or the subset would prove nothing.
        assert negotiated or one.id != "nic"


SIZES = {"net0": (256, 256, 64), "gpu0": (64, 16), "rng0": (8,)}
THREE = (
    *("-nodefaults", "-no-user-config", "-machine", "pc-q35-9.2"),
    *("-device", "virtio-net-pci,id=net0,addr=3,mac=52:54:00:00:00:01"),
    *("-device", "virtio-gpu-pci,id=gpu0,addr=4", "-device", "virtio-rng-pci,id=rng0,addr=5"),
)


def test_a_release_with_longer_queues_breaks_and_is_told_in_words() -> None:
    longer, shorter = read(THREE, emulator("10.0")), read(THREE, emulator("11.1"))
    assert {name: virtio_of(shorter, name).queue_sizes for name in SIZES} == SIZES
    assert {name: set(virtio_of(longer, name).queue_sizes) for name in SIZES} == {
        name: {1024} for name in SIZES
    }
    told = [
        (change.id, change.field, change.before, change.after)
        for change in compare(longer, shorter).changes
        if change.kind == "virtio" and change.severity is Severity.BREAKING
    ]
    assert told == [
        ("net0", "queue 2 size", "1024", "64"),
        ("net0", "sizes of queues 0, 1", "1024", "256"),
        ("gpu0", "queue 0 size", "1024", "64"),
        ("gpu0", "queue 1 size", "1024", "16"),
        ("rng0", "queue 0 size", "1024", "8"),
    ]


WAYS = [
    ("pc", "virtio-net-pci,addr=3"),
    ("q35", "virtio-net-pci,addr=3"),
    ("pc", "virtio-net-pci,addr=3,disable-modern=on"),
    ("q35", "virtio-net-pci,addr=3,disable-modern=on,disable-legacy=off"),
]


@pytest.mark.parametrize(("machine", "device"), WAYS)
def test_a_reading_leaves_configuration_space_as_it_was(machine: str, device: str) -> None:
    hardware = ("-nodefaults", "-no-user-config", "-machine", machine, "-device", device)
    with OWN_QEMU.start(Machine(emulator("7.2"), hardware, PAUSED), Cancellation()) as running:
        qtest = running.qtest(Deadline.after(60))
        access = config_access.open_access(qtest)
        before = access.run([config_access.Read(NIC, 0, 256)])
        function = PciFunction(NIC, before[0], all_bits(before[0]), Facts())
        layout = modern_layout(function)
        assert (layout is None) is ("disable-modern" in device)
        for _ in range(2):
            if layout is None:
                offered = virtio_legacy.read(access, qtest, function, ())
            else:
                (offered,) = virtio_modern.read(access, [(function, layout)])
            assert offered.queue_sizes == SIZES["net0"]
            assert access.run([config_access.Read(NIC, 0, 256)]) == before


@pytest.fixture(scope="module", params=["7.2", "10.0", "11.1"])
def beside_a_tap(request: pytest.FixtureRequest) -> Binary:
    """A QEMU in a network of its own, where anybody may make a tap."""
    alone = ("unshare", "--user", "--map-root-user", "--net")
    asked = subprocess.run(
        [*alone, "ip", "tuntap", "add", "pciabi0", "mode", "tap"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        why = " ".join(asked.stderr.split())
        raise pytest.fail.Exception(f"this test needs a tap: {why}", pytrace=False)
    qemu = emulator(request.param)
    return replace(qemu, command=(*alone, *qemu.command))


def beside(backend: str, properties: str, machine: str) -> tuple[str, ...]:
    return (
        *("-nodefaults", "-no-user-config", "-machine", machine, "-netdev", backend),
        *("-device", f"virtio-net-pci,netdev=b,id=nic{properties}"),
    )


@pytest.mark.parametrize(
    "properties", ["", ",csum=off,host_ufo=off", ",guest_tso4=off,rss=on,hash=on"]
)
def test_beside_a_tap_only_what_was_left_open_is_offered_too(
    beside_a_tap: Binary, properties: str
) -> None:
    arguments = beside(TAP, properties, "q35")
    made = inert(reading.read_argv(arguments))
    real = read(arguments, beside_a_tap)
    hardware = Hardware(made.arguments, substitutions=made.substitutions)
    stand_in = cold_probe(hardware, beside_a_tap, Cancellation(), Deadline.after(120))
    left_open = {field for one in stand_in.substitutions for field in one.unknown}
    more = names(virtio_of(real, "nic")) - names(virtio_of(stand_in, "nic"))
    assert {feature(name) for name in more} <= left_open
    # The host's kernel may lack these.
    newer = {feature(name) for name in left_open_by_kernels()}
    assert left_open - newer <= {feature(name) for name in more}
    assert {feature("GUEST_TSO6"), feature("HOST_ECN")} <= left_open
    assert not {feature("CSUM"), feature("HOST_UFO")} & left_open or "csum=off" not in properties
    # What is left open is neither equal nor a change.
    assert not [one for one in compare(real, stand_in).changes if one.kind == "virtio"]


def left_open_by_kernels() -> Iterator[str]:
    """USO, since Linux 6.2, and tunnels, since Linux 6.17."""
    return (name_of(NET, bit) for bit in (*range(54, 57), *range(65, 69)))


def test_a_kernel_that_has_tunnels_shows_them_by_name(beside_a_tap: Binary) -> None:
    if beside_a_tap.version < (10, 2, 0):
        expected: set[str] = set()
    elif tuple(map(int, platform.release().split(".")[:2])) < (6, 17):
        line = f"this test needs tunnels, which Linux {platform.release()} does not have"
        raise pytest.fail.Exception(line, pytrace=False)
    else:
        expected = {name_of(NET, bit) for bit in range(65, 69)}
    found = names(virtio_of(read(beside(TAP, "", "q35"), beside_a_tap), "nic"))
    assert {name for name in found if "TUNNEL" in name} == expected


NESTED = (
    *("-nodefaults", "-no-user-config", "-machine", "pc-i440fx-2.6"),
    *("-device", "pci-bridge,id=one,chassis_nr=1,bus=pci.0,addr=4"),
    *("-device", "pci-bridge,id=two,chassis_nr=2,bus=one,addr=2"),
    *("-device", "pxb,id=root1,bus_nr=64,bus=pci.0,addr=6"),
    *("-device", "virtio-net-pci,id=near,bus=pci.0,addr=3,mac=52:54:00:00:00:01"),
    *("-device", "virtio-net-pci,id=far,bus=two,addr=3,mac=52:54:00:00:00:01"),
    *("-device", "virtio-net-pci,id=other,bus=root1,addr=3,mac=52:54:00:00:00:01"),
)


@pytest.mark.parametrize("version", ["5.2", "7.2", "10.0"])
def test_a_device_of_ports_is_read_behind_any_bridge(version: str) -> None:
    snapshot = read(NESTED, emulator(version))
    near, far, other = (virtio_of(snapshot, name) for name in ("near", "far", "other"))
    assert not near.offers(VERSION_1)
    assert len(near.queue_sizes) == 3
    assert near == far == other
