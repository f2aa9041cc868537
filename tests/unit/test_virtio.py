"""What virtio devices offer: read from whatever answers, kept in files, held against each other."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.change import Change
from pciabi.abi.compare import compare
from pciabi.abi.facts.virtio import FAMILY, VirtioForm
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import Snapshot, Substitution
from pciabi.errors import QemuError
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.facts import Facts
from pciabi.pci.function import PciFunction, all_bits
from pciabi.pci.virtio import VIRTIO, ModernLayout, Region, VirtioDevice, modern_layout
from pciabi.pci.virtio_features import BLOCK, GPU, INPUT, NET
from pciabi.pci.virtio_fields import feature, queue_sizes
from pciabi.pci.virtio_pins import may_show, pinning
from pciabi.probe.virtio_stand_ins import narrowed
from pciabi.qemu import virtio_legacy, virtio_modern
from pciabi.qemu.config_access import Operation, Read, Write
from pciabi.qemu.device_tree import TreeFunction
from pciabi.qemu.qtest import Qtest
from pciabi.report.words.gaps import gaps
from tests.unit.strategies import recorded

PLACE = GuestAddress(0, 0, 3, 0)
AT = 0x84
LAYOUT = ModernLayout(AT, Region(4, 0x0000, 0x1000), Region(4, 0x2000, 0x1000))


def function(device_id: int, found: bytes = bytes(16)) -> PciFunction:
    """A virtio function whose window's registers hold `found`."""
    config = bytearray(256)
    config[0:4] = 0x1AF4.to_bytes(2, "little") + device_id.to_bytes(2, "little")
    config[AT + 4 : AT + 20] = found
    return PciFunction(PLACE, bytes(config), all_bits(bytes(config)), Facts())


class Wire:
    """The window of a device with these registers, as QEMU has it: an access happens as the data
    register is read or written, and is none where its size is not 1, 2 or 4."""

    size = 256

    def __init__(self, features: int, sizes: Sequence[int], configuration: bytes) -> None:
        self.features = features
        self.sizes = sizes
        self.configuration = configuration
        self.count = len(sizes)
        self.feature_select = self.queue_select = 0
        self.registers = bytearray(16)
        self.runs = 0

    def run(self, operations: Sequence[Operation]) -> list[bytes]:
        self.runs += 1
        return [data for one in operations for data in self.carry_out(one)]

    def carry_out(self, one: Operation) -> list[bytes]:
        start = one.offset - AT - 4
        if isinstance(one, Write):
            # Double word by double word, in order, as it arrives.
            for at in range(0, len(one.data), 4):
                self.registers[start + at : start + at + 4] = one.data[at : at + 4]
                if start + at == 12:
                    self.access(written=True)
            return []
        assert isinstance(one, Read)
        if start == 12:
            self.access(written=False)
        return [bytes(self.registers[start : start + one.length])]

    def access(self, *, written: bool) -> None:
        place, size = (int.from_bytes(self.registers[at : at + 4], "little") for at in (4, 8))
        if size not in (1, 2, 4):
            return
        value = int.from_bytes(self.registers[12 : 12 + size], "little")
        if written and (place, size) == (0x00, 4):
            self.feature_select = value
        elif written:
            assert (place, size) == (0x16, 2), "nothing else may be written"
            self.queue_select = value
        else:
            data = self.told(place, size)
            self.registers[12:16] = data[:size].ljust(4, b"\0")

    def told(self, place: int, size: int) -> bytes:
        if place == 0x04:
            return (self.features >> 32 * self.feature_select & 0xFFFF_FFFF).to_bytes(4, "little")
        if place == 0x12:
            return self.count.to_bytes(2, "little")
        if place == 0x18:
            return self.sizes[self.queue_select].to_bytes(2, "little")
        start = place - 0x2000
        # Whatever is not wholly inside reads as ones.
        inside = self.configuration[start : start + size]
        return inside if len(inside) == size else b"\xff" * size


def test_a_device_is_read_in_two_turns_and_left_as_it_was() -> None:
    configuration = bytes.fromhex("525400000001 0100 0400 dc05")
    offered = 1 << 68 | 1 << 32 | 1 << 22 | 1 << 16 | 1 << 5 | 1 << 3
    wire = Wire(offered, (256, 256, 0, 64), configuration)
    wire.registers[:] = bytes(range(16))
    found = bytes(wire.registers)
    (device,) = virtio_modern.read(wire, [(function(0x1041, found), LAYOUT)])
    assert device == VirtioDevice(
        type=NET,
        features=offered,
        queue_sizes=(256, 256, 0, 64),
        configuration=(
            ("mac", "52:54:00:00:00:01"),
            ("status", "1"),
            ("max_virtqueue_pairs", "4"),
            ("mtu", "1500"),
        ),
    )
    assert (wire.feature_select, wire.queue_select) == (0, 0)
    assert bytes(wire.registers) == found
    assert wire.runs == 2


def test_bytes_of_a_type_without_a_layout_are_kept_without_what_is_not_there() -> None:
    wire = Wire(1 << 32, (8,), bytes.fromhex("01000000 02000000"))
    (device,) = virtio_modern.read(wire, [(function(0x1054), LAYOUT)])
    assert device.configuration == (("bytes", "01 00 00 00 02 00 00 00"),)


@pytest.mark.parametrize("size", [0, 1025, 65535])
def test_a_number_of_queues_that_no_device_has_is_refused(size: int) -> None:
    wire = Wire(1 << 32, (8,), b"")
    wire.count = size
    if size == 0:
        (device,) = virtio_modern.read(wire, [(function(0x1044), LAYOUT)])
        assert device.queue_sizes == ()
        return
    with pytest.raises(QemuError, match=f"has {size} queues"):
        virtio_modern.read(wire, [(function(0x1044), LAYOUT)])


class Babble:
    """Configuration space and ports at which the same few numbers come over and over."""

    size = 256

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = cycle(numbers)

    def run(self, operations: Sequence[Operation] | Sequence[str]) -> list[object]:
        answers: list[object] = []
        for one in operations:
            if isinstance(one, str):
                answers.append(f"{next(self.numbers):#x}")
            elif isinstance(one, Read):
                answers.append(next(self.numbers).to_bytes(4, "little"))
        return answers


@given(
    st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 9), min_size=1, max_size=20),
    st.sampled_from([0x1041, 0x1042, 0x1050, 0x1052, 0x1054]),
)
def test_whatever_answers_gives_a_device_or_one_error(numbers: list[int], device_id: int) -> None:
    with contextlib.suppress(QemuError):
        wire = cast("Wire", Babble(numbers))
        (device,) = virtio_modern.read(wire, [(function(device_id), LAYOUT)])
        assert FAMILY.form is not None
        assert FAMILY.form.read(FAMILY.form.write(device)) == device
    with contextlib.suppress(QemuError):
        ports = Babble(numbers)
        virtio_legacy.read(cast("Wire", ports), cast("Qtest", ports), function(0x1000), ())


@given(st.binary(min_size=256, max_size=256), st.lists(st.integers(0, 252), max_size=6))
def test_no_capability_list_leads_outside_of_configuration_space(
    config: bytes, places: list[int]
) -> None:
    damaged = bytearray(config)
    for here, there in zip([0x34, *[place + 1 for place in places]], places, strict=False):
        damaged[here] = there
    layout = modern_layout(PciFunction(PLACE, bytes(damaged), all_bits(config), Facts()))
    assert layout is None or (layout.window % 4 == 0 and layout.window + 20 <= 256)


NIC = VirtioDevice(
    type=NET,
    features=1 << 32 | 1 << 15 | 1 << 5,
    queue_sizes=(1024, 1024, 1024),
    configuration=(("mac", "52:54:00:00:00:01"), ("status", "1"), ("mtu", "1500")),
)


def test_the_form_goes_by_numbers_and_not_by_names() -> None:
    form = FAMILY.form
    assert form is not None
    written = form.write(NIC)
    assert written.features == ("5 MAC", "15 MRG_RXBUF", "32 VERSION_1")
    renamed = replace(written, type="1 some name", features=("5", "15 RENAMED_SINCE", "32 X"))
    assert form.read(renamed) == NIC
    assert form.read(None) is None


@pytest.mark.parametrize(
    "wrong",
    [
        VirtioForm("net", (), (), {}),
        VirtioForm("1 network", ("128 TOO_HIGH",), (), {}),
        VirtioForm("1 network", ("CSUM",), (), {}),
        VirtioForm("1 network", ("5 MAC", "5 MAC"), (), {}),
        VirtioForm("1 network", (), (-1,), {}),
        VirtioForm("1 network", (), (65536,), {}),
        VirtioForm("1 network", (), (8,) * 1025, {}),
    ],
)
def test_a_file_with_what_no_device_has_is_refused(wrong: VirtioForm) -> None:
    assert FAMILY.form is not None
    with pytest.raises(ValueError, match="virtio"):
        FAMILY.form.read(wrong)


def machine(device: VirtioDevice, *left_open: str) -> Snapshot:
    """A machine with one NIC, of which a stand-in leaves this open."""
    whole = recorded("qemu-7.2_pc-two-nics")
    (nic,) = (one for one in whole.functions if one.qdev_id == "net1")
    had = nic.having(nic.facts.having(VIRTIO, device))
    stand_in = Substitution("-netdev tap", "-netdev user", "net1", left_open)
    return replace(whole, functions=(had,), substitutions=(stand_in,) if left_open else ())


def told(one: VirtioDevice, two: VirtioDevice, *left_open: str) -> list[tuple[str, str, str, str]]:
    changes: tuple[Change, ...] = compare(machine(one, *left_open), machine(two)).changes
    return [(str(c.severity), c.field, c.before, c.after) for c in changes]


def test_each_part_is_judged_for_itself() -> None:
    assert told(NIC, NIC) == []
    other = VirtioDevice(
        type=NET,
        features=NIC.features ^ 1 << 15 ^ 1 << 67,
        queue_sizes=(256, 256, 64, 64),
        configuration=(("mac", "52:54:00:00:00:02"), ("status", "0"), ("mtu", "9000")),
    )
    assert set(told(NIC, other)) == {
        ("breaking", "virtio feature MRG_RXBUF", "offered", "not offered"),
        ("breaking", "virtio feature HOST_UDP_TUNNEL_GSO", "not offered", "offered"),
        ("breaking", "number of virtio queues", "3", "4"),
        ("breaking", "sizes of queues 0, 1", "1024", "256"),
        ("breaking", "queue 2 size", "1024", "64"),
        ("breaking", "virtio configuration mtu", "1500", "9000"),
        ("benign", "virtio configuration status", "1", "0"),
        ("benign", "virtio configuration mac", "52:54:00:00:00:01", "52:54:00:00:00:02"),
    }
    ((severity, field, *_),) = told(NIC, replace(NIC, type=BLOCK))
    assert (severity, field) == ("breaking", "virtio device type")


@pytest.mark.parametrize(
    ("device_type", "name", "severity"),
    [
        (BLOCK, "capacity", Severity.BENIGN),
        (BLOCK, "seg_max", Severity.BREAKING),
        (BLOCK, "writeback", Severity.NOTABLE),
        (GPU, "num_scanouts", Severity.BREAKING),
        (INPUT, "ID_NAME", Severity.BREAKING),
        (INPUT, "ID_SERIAL", Severity.BENIGN),
        (INPUT, "EV_BITS KEY", Severity.NOTABLE),
        (20, "bytes", Severity.NOTABLE),
    ],
)
def test_a_field_is_judged_by_what_decides_it(
    device_type: int, name: str, severity: Severity
) -> None:
    one, two = (VirtioDevice(device_type, 1 << 32, (64,), ((name, value),)) for value in ("1", "2"))
    assert told(one, two) == [(severity, f"virtio configuration {name}", "1", "2")]


def test_what_a_stand_in_leaves_open_is_neither_a_change_nor_equal() -> None:
    other = replace(NIC, features=NIC.features | 1 | 1 << 7)
    assert told(NIC, other, feature("CSUM")) == [
        ("breaking", "virtio feature GUEST_TSO4", "not offered", "offered")
    ]
    unknowns = compare(machine(NIC, feature("CSUM")), machine(NIC)).unknowns
    assert ("virtio feature CSUM", False) in {(one.field, one.excused) for one in unknowns}


def test_a_queue_whose_size_is_open_hides_no_other() -> None:
    other = replace(NIC, queue_sizes=(256, 256, 256))
    assert told(NIC, other, "queue 1 size") == [
        ("breaking", "sizes of queues 0, 2", "1024", "256"),
    ]


def test_what_is_switched_off_or_not_there_is_known() -> None:
    fields = (feature("CSUM"), feature("HOST_USO"), feature("GUEST_TSO4"), feature("VERSION_1"))
    snapshot = machine(NIC, *fields)
    (nic,) = snapshot.functions
    properties = {"csum": "false", "guest_tso4": "true"}
    listed = TreeFunction(nic.path, 0x1AF4, 0x1000, "net1", "virtio-net-pci", "pci.0", properties)
    (left,) = narrowed(snapshot, {nic.path: listed}).substitutions
    assert left.unknown == (feature("GUEST_TSO4"), feature("VERSION_1"))
    assert narrowed(snapshot, {TopologyPath(0, ((9, 0),)): listed}) == snapshot


def test_a_field_shows_where_one_of_its_properties_is_on() -> None:
    pairs = "virtio configuration max_virtqueue_pairs"
    assert not may_show(pairs, {"mq": "false", "rss": "off"})
    assert may_show(pairs, {"mq": "false", "rss": "on"})
    assert not may_show(feature("MTU"), {"host_mtu": "0"})
    assert may_show("MSI-X table size", {})
    assert pinning([feature("CSUM"), feature("MTU"), "interface name"]) == (
        "csum=off",
        "host_mtu=0",
    )


def test_a_report_names_the_features_together_and_what_pins_them() -> None:
    fields = (feature("CSUM"), "MSI-X table size", feature("HOST_USO"))
    unknowns = compare(machine(NIC, *fields), machine(NIC, *fields)).unknowns
    assert str(gaps(unknowns)[-1]) == (
        "virtio features CSUM, HOST_USO, MSI-X table size of net1 (virtio-net-pci): "
        "-netdev user stood in for -netdev tap "
        "(known where the device has csum=off,host_uso=off)"
    )


def test_queues_are_named_in_few_words() -> None:
    assert queue_sizes([2]) == "queue 2 size"
    assert queue_sizes([0, 1]) == "sizes of queues 0, 1"
    assert queue_sizes([0, 1, 2, 3, 7]) == "sizes of queues 0 to 3, 7"
