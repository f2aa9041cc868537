"""Tasks, what they read, and what is told meanwhile are plain data: they survive a way to another
process unchanged, and are small."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi import resources
from pciabi.abi.choice import chosen_by_default
from pciabi.distribution.progress import Progress
from pciabi.distribution.tools import ToolFailed
from pciabi.errors import Evidence, Interrupted, PciabiError, SourcePosition
from pciabi.events import Ended, ImageProgressed, Label, Planned, Said, StageReached
from pciabi.libvirt import session
from pciabi.libvirt.installation import Libvirt
from pciabi.probe.attempt import Attempt
from pciabi.probe.boot import BootTask
from pciabi.probe.cold import ColdReading
from pciabi.probe.cold_task import ColdTask, HardwareTask
from pciabi.probe.configuration import Reading, hardware_of
from pciabi.probe.vocabulary_task import PropertiesTask, VocabularyTask
from pciabi.qemu import inventory, monitor
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert.hardware import inert
from pciabi.scenario import plan
from pciabi.scenario.case import Case
from pciabi.scenario.load import cases
from pciabi.snapshots import read
from pciabi.source.content import NotStarted
from pciabi.vm import reading
from tests.unit import report_data as data
from tests.unit.vocabularies import machine, vocabulary

GOLDEN = Path(__file__).parents[1] / "golden"
SNAPSHOTS = sorted(GOLDEN.glob("snapshot/**/qemu-*.json"))
COMMAND_LINES = sorted(GOLDEN.glob("command_lines/*"))
MOST_BYTES = 50_000
LIBVIRT = Libvirt(
    "libvirt:9.0", (9, 0, 0), "", Path("/"), (), Binary("q", ("q",), Path("/"), (7, 2, 0), "")
)
# How many texts an error is made of, where it is not one.
WORDS: dict[type[PciabiError], int] = {ToolFailed: 2, NotStarted: 3}
T = TypeVar("T")


def arrived(sent: T) -> T:
    """It, as it comes out in another process."""
    received: T = pickle.loads(pickle.dumps(sent))
    return received


def shipped() -> list[Case]:
    return [case for path in resources.scenarios() for case in cases(path)]


@pytest.mark.parametrize("case", shipped(), ids=lambda case: case.title)
def test_the_tasks_of_a_shipped_scenario(case: Case) -> None:
    tasks: list[object] = [*plan.attempts(case, "10.0")]
    for boot, vm in enumerate(plan.vms(case)):
        label = plan.label(case, boot)
        tasks.append(ColdTask(vm, None, label))
        tasks.append(BootTask(vm, None, case.image, vm.config.devices[-1].id, label, 60))
    assert tasks
    for task in tasks:
        assert arrived(task) == task
        assert len(pickle.dumps(task)) < MOST_BYTES


@pytest.mark.parametrize(
    "task", [VocabularyTask("11.1"), PropertiesTask(None, frozenset({"pci-device"}))]
)
def test_what_a_qemu_is_asked_and_knows(task: object) -> None:
    assert arrived(task) == task
    known = vocabulary(machine("pc-q35-7.2", ("pci-device", "x", "off")))
    assert arrived(known) == known


@pytest.mark.parametrize("path", COMMAND_LINES, ids=lambda path: path.name)
def test_the_task_of_a_command_line(path: Path) -> None:
    hardware = hardware_of(inert(reading.read(path)), chosen_by_default())
    task = HardwareTask(hardware, "debian:bookworm")
    assert arrived(task) == task
    assert len(pickle.dumps(task)) < MOST_BYTES


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.stem)
def test_a_snapshot_of_every_schema(path: Path) -> None:
    snapshot = read.parse(path.read_bytes(), str(path))
    assert arrived(snapshot) == snapshot
    hardware = inert(reading.read(COMMAND_LINES[0]))
    origins = {str(number): origin for number, origin in enumerate(hardware.origins)}
    found = Reading(snapshot, origins, {"0000:00:02.0": "net0"})
    assert arrived(found) == found
    cold = ColdReading(snapshot, {one.path: 0 for one in snapshot.functions})
    assert arrived(cold) == cold


def test_what_a_boot_and_an_attempt_bring_back() -> None:
    record = data.record(data.TWO_NICS)
    assert arrived(record) == record
    attempt = Attempt("net0", "it is refused", ("qemu-system-x86_64", "-M", "pc"))
    assert arrived(attempt) == attempt


def test_the_events_of_a_run() -> None:
    events = [
        Said("QEMU 7.2; TCG, as asked for"),
        ImageProgressed("debian", Progress("unpacking", 1, 2)),
        Planned(3),
        StageReached(Label("a[b]", 1, 2), "booting the guest"),
        Ended(data.control()),
        Ended(data.sabotage()),
    ]
    assert arrived(events) == events
    untested = data.untested()
    assert same(arrived(Ended(untested)).result.error, untested.error)


def kinds(root: type[PciabiError]) -> list[type[PciabiError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


def same(one: object, other: object) -> bool:
    assert isinstance(one, PciabiError)
    assert isinstance(other, PciabiError)
    return (type(one), str(one), one.args, vars(one)) == (
        type(other),
        str(other),
        other.args,
        vars(other),
    )


@given(st.sampled_from(kinds(PciabiError)), st.text(), st.text(), st.integers(1))
def test_an_error_of_every_class(kind: type[PciabiError], what: str, how: str, line: int) -> None:
    if kind is session.Refused:
        error: PciabiError = session.Refused(LIBVIRT, what, SourcePosition("vm.xml", line))
    else:
        error = kind(*[what] * WORDS.get(kind, 1))
    error.advice = how
    error.place = SourcePosition("a.yaml", line)
    error.evidence = Evidence((what, how), how)
    assert same(arrived(error), error)


def test_classes_made_of_something_else_are_among_them() -> None:
    made_otherwise = {inventory.NoPciBus, monitor.Lost, monitor.Silent, session.Refused}
    assert made_otherwise < set(kinds(PciabiError))
    assert same(arrived(inventory.NoPciBus("isapc")), inventory.NoPciBus("isapc"))


def test_a_request_to_stop() -> None:
    stop = arrived(Interrupted(15))
    assert (str(stop), stop.exit_code) == ("stopped by signal 15", 143)
