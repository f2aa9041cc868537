"""The cold probe on real QEMU: what it reads, what it refuses, what it leaves behind."""

from __future__ import annotations

import os
import select
import signal
import sys
import tempfile
import threading
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pciabi import resources
from pciabi.abi.compare import compare
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import CannotTest, Disagreement, InputError, Interrupted, PciabiError, QemuError
from pciabi.pci import registers as reg
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.probe.enumeration import enumerate_functions
from pciabi.probe.hypervisor import PAUSED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu import binary
from pciabi.qemu.binary import Binary
from pciabi.qemu.config_access import open_access
from tests.real.command import pciabi

RELAY = Path(__file__).with_name("qtest_relay.py")
BUSES = {"pc": "pci.0", "q35": "pcie.0"}
SECONDS = 60.0


def hardware(
    machine: str, *devices: str, more: tuple[str, ...] = (), after: tuple[str, ...] = ()
) -> Hardware:
    words = [word for device in devices for word in ("-device", device)]
    first = ("-nodefaults", "-no-user-config", "-machine", machine)
    return Hardware((*first, *more, *words, *after))


def probe(subject: Hardware, qemu: Binary | None = None, seconds: float = SECONDS) -> Snapshot:
    found = qemu or binary.find(None)
    return cold_probe(subject, found, Cancellation(), Deadline.after(seconds))


def at(snapshot: Snapshot, path: str) -> PlacedFunction:
    return next(function for function in snapshot.functions if str(function.path) == path)


@pytest.mark.parametrize("machine", BUSES)
def test_two_readings_are_the_same_to_the_byte(machine: str) -> None:
    subject = hardware(machine, "e1000,id=a", "nvme,serial=x,id=b", "qemu-xhci,id=c")
    first, second = probe(subject), probe(subject)
    assert first.functions == second.functions
    assert first.creations == second.creations
    assert compare(first, second).changes == ()


@pytest.mark.parametrize("machine", BUSES)
def test_what_was_sized_is_as_it_was(machine: str) -> None:
    arguments = hardware(machine, "e1000e", "virtio-net-pci", "VGA").arguments
    subject = Machine(binary.find(None), arguments, PAUSED)
    with OWN_QEMU.start(subject, Cancellation()) as running:
        access = open_access(running.qtest(Deadline.after(SECONDS)))
        first, second = (enumerate_functions(access, (0,)) for _ in range(2))
    assert len(first) == 7
    assert first == second


def test_the_reading_itself_does_not_show() -> None:
    snapshot = probe(hardware("q35", "pcie-root-port,id=rp", "e1000e,id=net,bus=rp"))
    host_bridge = at(snapshot, "0/00.0").function.config
    assert host_bridge[0x60] == 0, "PCIEXBAR is not enabled out of reset"
    port = at(snapshot, "0/01.0").function.config
    assert port[reg.PRIMARY_BUS : reg.PRIMARY_BUS + 3] == bytes(3)
    net = at(snapshot, "0/01.0/00.0")
    assert str(net.address) == "0000:01:00.0"
    assert net.function.config[0x10:0x28] == (0).to_bytes(8) + b"\1" + bytes(15)
    assert len(net.function.config) == 4096
    assert net.function.rom_size == 256 * 1024


@pytest.mark.parametrize(("machine", "bus"), BUSES.items())
def test_what_no_guest_finds_is_unreachable_with_its_reason(machine: str, bus: str) -> None:
    bridge = "pci-bridge,chassis_nr=1" if machine == "pc" else "pcie-pci-bridge"
    snapshot = probe(
        hardware(
            machine,
            f"{bridge},id=lost,bus={bus},addr=5.1",
            "e1000,id=behind,bus=lost,addr=3",
            "rtl8139,addr=6.2,id=alone",
            "rtl8139,addr=7.0,multifunction=on,id=first",
            "rtl8139,addr=7.2,id=second",
        )
    )
    told = {one.qdev_id: (str(one.path), one.device, one.reason) for one in snapshot.unreachable}
    assert told == {
        "lost": (
            "0/05.1",
            bridge.partition(",")[0],
            "slot 5 has no function 0, and guests look at the others only after it",
        ),
        "behind": (
            "0/05.1/03.0",
            "e1000",
            "it is behind the bridge at 0/05.1, which no guest finds",
        ),
        "alone": (
            "0/06.2",
            "rtl8139",
            "slot 6 has no function 0, and guests look at the others only after it",
        ),
    }
    assert snapshot.by_id("alone") is None
    assert snapshot.by_id("second") is not None


def test_an_expander_that_no_guest_finds_still_leads_to_its_root_bus() -> None:
    snapshot = probe(
        hardware(
            "q35,cxl=on",
            "pxb-cxl,bus_nr=12,bus=pcie.0,id=cxl",
            "cxl-rp,port=0,bus=cxl,id=rp,chassis=0,slot=2",
            more=("-m", "1G,maxmem=4G,slots=4"),
        )
    )
    (hidden,) = snapshot.unreachable
    assert (hidden.qdev_id, str(hidden.path)) == ("cxl", "0/01.0")
    assert hidden.reason == "its vendor id is 0000, which says that nothing is there"
    port = snapshot.by_id("rp")
    assert port is not None
    assert (str(port.path), str(port.address)) == ("c/00.0", "0000:0c:00.0")


def test_devices_come_in_the_order_of_their_creation() -> None:
    snapshot = probe(
        hardware(
            "q35",
            '{"driver": "e1000", "id": "json"}',
            "pcie-root-port,id=rp,addr=9",
            "e1000,id=free",
            "e1000e,bus=rp",
            "virtio-rng-pci",
            more=("-drive", "if=virtio,driver=null-co"),
            after=("-set", "device.free.addr=0x7"),
        )
    )
    made = [(one.qdev_id, one.device, str(one.path), one.pinned) for one in snapshot.creations]
    assert made == [
        (None, "mch", "0/00.0", True),
        (None, "ICH9-LPC", "0/1f.0", True),
        (None, "ich9-ahci", "0/1f.2", True),
        (None, "ICH9-SMB", "0/1f.3", True),
        ("rp", "pcie-root-port", "0/09.0", True),
        ("free", "e1000", "0/07.0", True),
        (None, "e1000e", "0/09.0/00.0", True),
        (None, "virtio-rng-pci", "0/01.0", False),
        (None, "virtio-blk-pci", "0/02.0", False),
        ("json", "e1000", "0/03.0", False),
    ]


def test_more_memory_than_leaves_room_for_the_window() -> None:
    # The window of extended configuration space is then where memory would be.
    subject = hardware("q35,max-ram-below-4g=4G", "e1000e", more=("-m", "3584M"))
    assert {len(one.function.config) for one in probe(subject).functions} == {256, 4096}


@pytest.mark.parametrize(
    ("subject", "kind", "words"),
    [
        (hardware("pc", "e1001"), InputError, "QEMU refuses this hardware: -device e1001: "),
        (
            hardware("pc", "e1000,addr=3,id=a", "e1000,addr=3,id=b"),
            InputError,
            "slot 3 function 0 not available",
        ),
        (hardware("pc-0.1"), InputError, "unsupported machine type"),
        (hardware("microvm,pcie=on", "e1000e"), Disagreement, "no PCI function answers"),
        (hardware("isapc"), InputError, "machine type isapc has no PCI bus"),
        (Hardware(("-nonsense",)), QemuError, "QEMU ended with status 1: .*nonsense"),
        (
            replace(hardware("pc", "e1000,id=a"), expected=("a", "b")),
            Disagreement,
            "QEMU has no PCI function for b",
        ),
        (
            hardware("q35", "pxb-pcie,bus_nr=1,bus=pcie.0", "pcie-root-port,bus=pcie.0"),
            CannotTest,
            "no bus number is left for the bridge at 0/02.0: the expander bus 1 is in the way",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_one_line(
    subject: Hardware, kind: type[PciabiError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        probe(subject)
    assert "\n" not in str(caught.value)
    assert caught.value.evidence is not None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "addr: 0x4",
            "addr: 0x3",
            "QEMU refuses device net1: PCI: slot 3 function 0 not available",
        ),
        ("machine: ${machine}", "machine: pc-q35-1.0", "unknown machine type 'pc-q35-1.0'"),
    ],
)
def test_what_a_scenario_asks_and_qemu_refuses_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    text = resources.scenario("two-nics-pinned").read_text()
    (tmp_path / "own.pciabi.yaml").write_text(text.replace(old, new))
    line = next(n for n, t in enumerate(text.splitlines(), start=1) if old in t)
    chosen = ("--select", "machine=pc", "--select", "nic=e1000")
    done = pciabi("snapshot", "own.pciabi.yaml", *chosen, cwd=tmp_path)
    assert done.returncode == 2
    assert f"own.pciabi.yaml:{line}: {words}" in done.stderr


def spoilt(fault: str) -> Binary:
    """A QEMU whose qtest answers are spoilt on their way."""
    found = binary.find(None)
    return replace(found, command=(sys.executable, str(RELAY), fault, *found.command))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("cut", "qtest was lost: QEMU ended the connection"),
        ("garble", "QEMU's qtest answer is no number: "),
        ("kill", "QEMU ended "),
        ("stall", "QEMU did not answer qtest in time"),
    ],
)
def test_a_reading_that_fails_in_the_middle_is_one_line(fault: str, words: str) -> None:
    with pytest.raises(CannotTest, match=words) as caught:
        probe(hardware("pc", "e1000"), spoilt(fault), 5.0 if fault == "stall" else SECONDS)
    assert "\n" not in str(caught.value)


class Leftovers:
    """What there is before a probe, to be there and no more after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"pciabi-{uuid.uuid4()}"
        self.descriptors = sorted(Path("/proc/self/fd").iterdir())

    def named(self, subject: Hardware) -> Hardware:
        """The hardware under a name by which its processes are found."""
        return replace(subject, arguments=("-name", self.name, *subject.arguments))

    def must_be_none(self) -> None:
        """No process, no file, no open descriptor."""
        assert not list(self.folder.iterdir())
        assert sorted(Path("/proc/self/fd").iterdir()) == self.descriptors
        assert self.processes() == []

    def processes(self) -> list[int]:
        """The processes that run under the name."""
        entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [int(entry.name) for entry in entries if self.name in _command_line(entry)]

    def await_grandchildren(self) -> None:
        """A relay that is killed takes its QEMU along, but nobody waits for that one."""
        for number in self.processes():
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(number)
                select.select([descriptor], [], [], SECONDS)
                os.close(descriptor)


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


@pytest.fixture
def leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Leftovers:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # Threads and caches that are made once are made now.
    probe(hardware("pc"))
    return Leftovers(tmp_path)


def test_nothing_is_left_after_a_reading_or_a_refusal(leftovers: Leftovers) -> None:
    probe(leftovers.named(hardware("q35", "e1000")))
    leftovers.must_be_none()
    with pytest.raises(InputError):
        probe(leftovers.named(hardware("q35", "e1001")))
    leftovers.must_be_none()
    with pytest.raises(CannotTest):
        probe(leftovers.named(hardware("q35", "e1000")), spoilt("garble"))
    leftovers.await_grandchildren()
    leftovers.must_be_none()


def test_a_request_to_stop_ends_a_reading_and_leaves_nothing(leftovers: Leftovers) -> None:
    cancellation = Cancellation()
    subject = leftovers.named(hardware("pc", "e1000"))
    timer = threading.Timer(1.0, cancellation.request, (signal.SIGTERM,))
    timer.start()
    with pytest.raises(Interrupted):
        cold_probe(subject, spoilt("stall"), cancellation, Deadline.after(SECONDS))
    timer.join()
    leftovers.await_grandchildren()
    leftovers.must_be_none()
