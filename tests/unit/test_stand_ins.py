"""Devices that others stand in for: nothing the configuration says of them is lost or unchecked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.compare import Comparison, compare
from pciabi.abi.facts import acpi_index, mac, mount_tag, serial_number
from pciabi.abi.identifying import Identifier
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import (
    EVERY_FIELD,
    PlacedFunction,
    Snapshot,
    Substitution,
)
from pciabi.errors import InputError
from pciabi.pci.address import TopologyPath
from pciabi.pci.facts import Facts, Key
from pciabi.probe.stand_ins import identified, must_be_there
from pciabi.probe.type_answers import TypeAnswers
from pciabi.qemu.inert.hardware import InertHardware, inert
from pciabi.qemu.monitor import Monitor
from pciabi.vm import reading
from tests.unit.strategies import IDENTIFYING, RECORDINGS, recorded, snapshot

BLK = "vhost-user-blk-pci,id=b,chardev=c"
VFIO = "vfio-pci,id=h,host=01:00.0"


def made(*argv: str) -> InertHardware:
    return inert(reading.read_argv(argv))


def kind(device: str, *more: str) -> str:
    (told,) = made("-device", device, *more).substitutions
    assert told.unknown == (EVERY_FIELD,)
    return told.option


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{BLK},num-queues=1", f"{BLK},num-queues=4"),
        (f"{BLK},num-queues=1", BLK),
        (f"{BLK},vectors=9", f"{BLK},num-queues=9"),
        (VFIO, "vfio-pci,id=h,host=02:00.0"),
        (VFIO, f"{VFIO},rombar=0"),
        (VFIO, f"{VFIO},romfile="),
        (VFIO, f"{VFIO},romfile=/x"),
        (VFIO, f"{VFIO},x-pci-vendor-id=0x8086"),
        (VFIO, f"{VFIO},multifunction=on"),
        ("vhost-vsock-pci,id=v,guest-cid=3", "vhost-vsock-pci,id=v,guest-cid=4"),
        ("pvrdma,id=p,ibdev=x", "pvrdma,id=p,ibdev=y"),
        ("vhost-user-fs-pci,id=f,queue-size=8", "vhost-user-fs-pci,id=f,queue-size=16"),
    ],
)
def test_another_property_makes_it_another_kind(one: str, other: str) -> None:
    assert kind(one) != kind(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{VFIO},x-pci-vendor-id=0x8086", f"{VFIO},x-pci-vendor-id=32902"),
        (f"{VFIO},multifunction=on", f"{VFIO},multifunction=yes"),
        (f"{VFIO},rombar=1,rombar=0", f"{VFIO},rombar=0"),
        (f"{VFIO},romfile=/x", f"{VFIO},romfile=/y"),
        (f"{BLK},num-queues=4", '{"driver":"vhost-user-blk-pci","id":"z","num-queues":4}'),
        # Where it is served from, and what is compared by itself.
        (BLK, "vhost-user-blk-pci,id=b,chardev=d"),
        (BLK, f"{BLK},addr=5,bus=pci.0,acpi-index=4"),
        ("vhost-user-fs-pci,id=f,tag=a", "vhost-user-fs-pci,id=f,tag=b"),
        ("vhost-vsock-pci,id=v,vhostfd=3", "vhost-vsock-pci,id=v,vhostfd=4"),
    ],
)
def test_what_names_the_host_or_says_the_same_makes_no_other_kind(one: str, other: str) -> None:
    assert kind(one) == kind(other)


def test_neither_secrets_nor_paths_are_told() -> None:
    device = f"{VFIO},vf-token=s3cret,romfile=/s3cret"
    assert "s3cret" not in kind(device)
    served = '{"driver":"vfio-user-pci","id":"u","socket":{"path":"/s3cret"}}'
    assert "s3cret" not in str(made("-device", served).substitutions)


@given(st.permutations(("rombar=0", "x-pci-device-id=7", "x-no-mmap=on", "host=01:00.0", "id=h")))
def test_the_order_of_properties_makes_no_other_kind(order: list[str]) -> None:
    assert kind(",".join(["vfio-pci", *order])) == kind(
        "vfio-pci,id=h,host=01:00.0,rombar=0,x-pci-device-id=7,x-no-mmap=on"
    )


def test_what_global_says_of_the_driver_counts() -> None:
    stated = kind(f"{BLK},num-queues=4")
    assert kind(BLK, "-global", "vhost-user-blk-pci.num-queues=4") == stated
    three = "driver=vhost-user-blk-pci,property=num-queues,value=4"
    assert kind(BLK, "-global", three) == stated
    assert kind(f"{BLK},num-queues=4", "-global", "vhost-user-blk-pci.num-queues=1") == stated
    assert kind(BLK, "-global", "vhost-user-fs-pci.num-queues=4") == kind(BLK)


def test_what_a_guest_tells_it_by_is_passed_on_or_kept() -> None:
    found = made("-device", f"{VFIO},acpi-index=7")
    assert found.arguments[-1] == "virtio-rng-pci,id=h,acpi-index=7"
    assert found.facts == {}

    tagged = made("-device", "vhost-user-fs-pci,id=f,tag=a", "-device", "e1000,id=n")
    tag = stated(mount_tag.KEY, "a")
    assert tagged.facts == {"f": tag}
    found = made("-device", "virtio-input-host-pci,id=i,evdev=/x,serial=s")
    assert found.facts["i"] == stated(serial_number.KEY, "s")

    (placed,) = alone(Facts(), "f").functions
    (passed_on,) = identified((placed,), tagged.facts)
    assert passed_on == placed.having(placed.facts.updated(tag))
    other = replace(placed, qdev_id="n")
    assert identified((other,), tagged.facts) == (other,)


def alone(known: Facts, name: str, *, stands_in: bool = True) -> Snapshot:
    function = recorded(RECORDINGS[0]).functions[0].function
    placed = PlacedFunction(function, TopologyPath(0, ((3, 0),)), name, "x")
    placed = placed.having(placed.facts.updated(known))
    told = (Substitution("-device y", "-device x", name, (EVERY_FIELD,)),) if stands_in else ()
    return replace(snapshot(placed), substitutions=told)


def stated(key: Key[Identifier | None], value: str) -> Facts:
    return Facts().having(key, Identifier(value, stated=True))


def breaks(found: Comparison) -> bool:
    return Severity.BREAKING in {change.severity for change in found.changes}


@pytest.mark.parametrize("key", [key for key in IDENTIFYING if key != mac.KEY])
def test_two_stand_ins_differ_in_what_is_stated_of_them(key: Key[Identifier | None]) -> None:
    one, other = alone(stated(key, "1"), "d"), alone(stated(key, "2"), "d")
    assert breaks(compare(one, other))
    assert breaks(compare(one, alone(Facts(), "d")))
    assert not breaks(compare(one, one))


def test_beside_a_real_device_only_what_is_known_of_both_counts() -> None:
    index = acpi_index.KEY
    stand_in = alone(stated(index, "1"), "d")
    assert breaks(compare(stand_in, alone(stated(index, "2"), "d", stands_in=False)))
    assert not breaks(compare(stand_in, alone(stated(index, "1"), "d", stands_in=False)))
    # The host's own NIC has a MAC address and a disk a serial number that nobody stated.
    for key in (mac.KEY, serial_number.KEY):
        real = stated(index, "1").updated(stated(key, "x"))
        assert not breaks(compare(stand_in, alone(real, "d", stands_in=False)))


MODELS = [
    ("e1000,id=n,addr=3", None),
    ("virtio-blk-pci,drive=d", None),
    (f"{VFIO},rombar=0,bus=b,addr=4", ("vfio-pci", "vfio-pci", {"host", "rombar", "addr"})),
    ("usb-host,hostbus=1", ("usb-host", "usb-host", {"hostbus"})),
    ("scsi-block,drive=d,serial=x", ("scsi-block", "scsi-block", {"drive", "serial"})),
    # QEMU tells of what it is given itself, and must not be asked without OpenGL.
    ("virtio-gpu-gl-pci,max_outputs=2", ("virtio-gpu-gl-pci", "virtio-gpu-pci", set())),
    ("usb-tablet,pcap=/x", ("usb-tablet", "usb-tablet", {"pcap"})),
    ("intel-iommu,eim=on,intremap=on", ("intel-iommu", "intel-iommu", {"eim"})),
]


@pytest.mark.parametrize(("device", "expected"), MODELS)
def test_qemu_is_asked_for_what_it_is_not_told(
    device: str, expected: tuple[str, str, set[str]] | None
) -> None:
    found = made("-drive", "if=none,id=d", "-device", device).models
    if expected is None:
        assert found == ()
        return
    (model,) = found
    names = {name for name, _ in model.properties}
    assert (model.driver, model.asked_of, names) == expected
    assert model.place.line == 3


class Qemu(Monitor):
    """A QEMU that has these drivers with these properties."""

    def __init__(self, drivers: Mapping[str, frozenset[str]]) -> None:
        self.drivers = drivers

    def execute_all(self, *commands: tuple[str, Mapping[str, object]]) -> list[object]:
        return [self._answer(name, arguments) for name, arguments in commands]

    def _answer(self, name: str, arguments: Mapping[str, object]) -> object:
        if name == "qom-list-types":
            assert arguments in (
                {"implements": "device", "abstract": False},
                {"implements": "user-creatable", "abstract": False},
            )
            return [{"name": driver} for driver in self.drivers]
        assert name == "device-list-properties"
        return [{"name": prop} for prop in self.drivers[str(arguments["typename"])]]


@pytest.mark.parametrize(
    ("drivers", "message"),
    [
        ({"vfio-pci": frozenset({"host", "rombar"})}, None),
        ({"vfio-pci": frozenset({"host"})}, r"h \(vfio-pci\): Property 'vfio-pci.rombar' not f"),
        ({"e1000": frozenset({"host"})}, r"h \(vfio-pci\): 'vfio-pci' is not a valid device mod"),
    ],
)
def test_what_qemu_lacks_is_refused_at_its_line(
    drivers: Mapping[str, frozenset[str]], message: str | None
) -> None:
    models = made("-device", f"{VFIO},rombar=0").models
    if message is None:
        must_be_there(Qemu(drivers), models, "QEMU 9", TypeAnswers())
        return
    with pytest.raises(InputError, match=f"QEMU refuses device {message}") as caught:
        must_be_there(Qemu(drivers), models, "QEMU 9", TypeAnswers())
    assert caught.value.advice == "QEMU 9"
    line = 2 if "Property" in message else 1
    assert str(caught.value.place) == f"command line:{line}"


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("memory-backend-shm,id=m,size=1M", "memory-backend-shm"),
        ('{"qom-type":"memory-backend-file","id":"m","size":4096}', "memory-backend-file"),
        ("rng-egd,id=m", "rng-egd"),
        ("secret,id=m,data=s3cret", "secret"),
        ("memory-backend-ram,id=m,size=1M", "memory-backend-ram"),
        ("iothread,id=m", None),
        ('{"qom-type":"iothread","id":"m"}', None),
        # Whether QEMU has it is for the host to say.
        ("memory-backend-epc,id=m", None),
    ],
)
def test_an_object_that_is_not_made_is_asked_for_by_its_type(
    written: str, asked: str | None
) -> None:
    models = made("-object", written).models
    assert [model.driver for model in models] == ([asked] if asked else [])
    assert "s3cret" not in str(models)
    if asked:
        with pytest.raises(InputError, match=f"QEMU refuses -object {asked}.*: '{asked}' is not"):
            must_be_there(Qemu({}), models, "QEMU 9", TypeAnswers())
    must_be_there(Qemu({asked or "": frozenset()}), models, "QEMU 9", TypeAnswers())


def test_what_a_qemu_has_answered_it_is_not_asked_again() -> None:
    models = made("-device", f"{VFIO},rombar=0").models
    answers = TypeAnswers()
    must_be_there(Qemu({"vfio-pci": frozenset({"host", "rombar"})}), models, "QEMU 9", answers)
    # It would refuse, were it asked.
    must_be_there(Qemu({}), models, "QEMU 9", answers)


def test_a_device_without_an_id_goes_by_its_line() -> None:
    (model,) = made("-device", "usb-host").models
    assert model.label == "usb-host, line 1"
