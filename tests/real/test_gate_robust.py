"""A gate over many VMs, of which some have a QEMU that crashes, hangs or floods: each is named, the
others are judged. And a gate that is stopped."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from pciabi.abi.choice import chosen_by_default
from pciabi.cancellation import Cancellation
from pciabi.errors import CannotTest
from pciabi.gate.configurations import named_by
from pciabi.gate.question import Question
from pciabi.gate.run import run
from pciabi.gate.workers import Workers, threads
from pciabi.probe.host import Host
from pciabi.probe.task import Task
from pciabi.qemu import binary
from pciabi.qemu.wish import Wish
from pciabi.result.policy import Policy
from pciabi.result.result import Result
from pciabi.result.verdict import Verdict
from pciabi.source.request import Probe, Request
from tests.real.command import guests, start, wait_for, wait_for_guest, workspaces

COUNT = 100
# By the last byte of their NIC's MAC address.
CRASHES, HANGS, FLOODS, LACKS, FAILS = 7, 23, 42, 61, 80
NEW = """\
#!/bin/sh
case "$*" in
*52:54:00:00:00:{CRASHES:02x}*) kill -SEGV $$ ;;
*52:54:00:00:00:{HANGS:02x}*) exec sleep 600 ;;
*52:54:00:00:00:{FLOODS:02x}*) exec yes >&2 ;;
esac
exec {command} "$@"
"""


def mac(number: int) -> str:
    return f"52:54:00:00:00:{number:02x}"


def write_vms(folder: Path, numbers: Iterable[int]) -> None:
    for number in numbers:
        gone = ",x-mtu-bypass-backend=off" if number == LACKS else ""
        driver = "virtio-net-pci" if number == LACKS else "e1000"
        (folder / f"vm-{number:02}.sh").write_text(
            "qemu-system-x86_64 -nodefaults -M pc-i440fx-7.2 -m 256 "
            f"-device {driver},id=net0,mac={mac(number)}{gone}\n"
        )


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A QEMU 11.1 that fails for some VMs."""
    script = tmp_path / "new-qemu"
    command = shlex.join(binary.find("11.1").command)
    script.write_text(NEW.format(command=command, CRASHES=CRASHES, HANGS=HANGS, FLOODS=FLOODS))
    script.chmod(0o755)
    return script


def on(qemu: str | None, seconds: float) -> Request:
    read = chosen_by_default()
    return Request("", qemu, None, (), Probe.COLD, Wish.AUTO, {}, read, seconds=seconds)


def question(folder: Path, new: str, seconds: float = 4) -> Question:
    named = named_by([str(folder)], (), {})
    return Question(named.judged, on(None, 60), on(new, seconds), Policy())


def by_number(result: Result) -> dict[int, Verdict]:
    return {int(Path(e.subject.group).stem[3:]): e.verdict for e in result.entries}


def error(result: Result, number: int) -> str:
    return str(result.entries[number].error)


def failing(task: Task[Any, Any], host: Host) -> Any:
    """A host with a fault of its own."""
    if mac(FAILS) in str(task):
        raise KeyError(FAILS)
    return host.read(task)


def test_what_fails_of_some_of_a_hundred_stops_none_of_the_others(
    tmp_path: Path, new: Path
) -> None:
    folder = tmp_path / "vms"
    folder.mkdir()
    write_vms(folder, range(COUNT))
    host = Host(Cancellation())
    with threads(host, 4) as workers:
        failing_workers = Workers(workers.executor, lambda task: failing(task, host))
        result = run(question(folder, str(new)), (), host, failing_workers)
    failed = {
        CRASHES: Verdict.ERROR,
        HANGS: Verdict.ERROR,
        FLOODS: Verdict.ERROR,
        LACKS: Verdict.WILL_NOT_START,
        FAILS: Verdict.ERROR,
    }
    expected = dict.fromkeys(range(COUNT), Verdict.COMPATIBLE) | failed
    assert list(by_number(result).items()) == list(expected.items())
    assert "QEMU ended by signal 11" in error(result, CRASHES)
    assert "QEMU did not greet in " in error(result, HANGS)
    assert "QEMU writes more than 1,000,000 bytes to standard error" in error(result, FLOODS)
    assert "a fault in pciabi itself: KeyError: 80 (please report it)" in error(result, FAILS)
    assert all(str(folder / f"vm-{n:02}.sh") in error(result, n) for n in (CRASHES, HANGS, FLOODS))
    refused = result.entries[LACKS].will_not_start
    assert refused is not None
    assert "x-mtu-bypass-backend" in refused.failure.message
    assert result.exit_code == 3


def carry_out_or_die(task: Task[Any, Any]) -> Any:
    """In a process of its own, which one of the tasks ends."""
    if mac(3) in str(task):
        signal.raise_signal(signal.SIGKILL)
    return Host(Cancellation()).read(task)


def with_a_mute_qemu(tmp_path: Path, question_of: str) -> tuple[Result, Path, Path]:
    """A gate of three VMs to a QEMU 11.1 that dies of one question, that QEMU, and a file with a
    line for each time it was asked."""
    folder = tmp_path / "vms"
    folder.mkdir()
    write_vms(folder, range(3))
    asked, mute = tmp_path / "asked", tmp_path / "mute-qemu"
    command = shlex.join(binary.find("11.1").command)
    mute.write_text(
        "#!/bin/sh\n"
        f'case "$*" in {question_of}) echo >>{asked}; kill -SEGV $$ ;; esac\n'
        f'exec {command} "$@"\n'
    )
    mute.chmod(0o755)
    host = Host(Cancellation())
    with threads(host, 2) as workers:
        return run(question(folder, str(mute), 60), (), host, workers), mute, asked


def test_a_qemu_that_does_not_say_what_it_knows_is_asked_once(tmp_path: Path) -> None:
    """What differs is judged all the same, and nothing is kept from the user."""
    result, mute, asked = with_a_mute_qemu(tmp_path, '"-machine none"*')
    assert set(by_number(result).values()) == {Verdict.COMPATIBLE}
    assert asked.read_text() == "\n"
    assert result.coverage is not None
    (remark,) = result.coverage.remarks
    assert remark.message.startswith(f"{mute} does not answer what it knows")
    assert "signal 11" in remark.message


def test_a_qemu_that_does_not_say_which_options_it_knows_is_asked_once(tmp_path: Path) -> None:
    result, _, asked = with_a_mute_qemu(tmp_path, '"-version -"*')
    assert set(by_number(result).values()) == {Verdict.ERROR}
    assert asked.read_text() == "\n"
    assert all("which options it knows" in error(result, number) for number in range(3))


def test_workers_that_die_cost_their_vms_and_no_verdict(tmp_path: Path) -> None:
    write_vms(tmp_path, range(5))
    host = Host(Cancellation())
    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        same = Question(
            named_by([str(tmp_path)], (), {}).judged, on(None, 60), on(None, 60), Policy()
        )
        result = run(same, (), host, Workers(executor, carry_out_or_die))
    verdicts = by_number(result)
    assert list(verdicts) == list(range(5))
    assert verdicts[3] is Verdict.ERROR
    assert verdicts[4] is Verdict.ERROR
    assert isinstance(result.entries[4].error, CannotTest)
    assert "whoever was to read it has ended" in error(result, 4)
    assert result.exit_code == 3


@pytest.fixture
def hangups_heard() -> Iterator[None]:
    """What is started hears SIGHUP, even where whoever runs the tests ignores it (nohup)."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangups_heard")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_gate_that_is_stopped_leaves_nothing_and_says_what_it_did_not_judge(
    tmp_path: Path, new: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "vms"
    folder.mkdir()
    write_vms(folder, (*range(5), HANGS, HANGS + 1))
    running = start("gate", "vms", "--to", f"./{new.name}", "-j", "2", cwd=tmp_path)
    hanging = "sleep\x00600\x00"
    wait_for(lambda: hanging in below(running.pid))
    running.send_signal(number)
    output, _ = running.communicate(timeout=30)
    assert running.returncode == 128 + number
    (told,) = [line for line in output.splitlines() if line.startswith("not judged: ")]
    judged = int(told.partition("(")[2].split()[0])
    # How many of those that were read had been judged too is a matter of time.
    assert told.endswith(f"({judged} of 7 were)")
    assert judged <= 5
    assert f"vms/vm-{judged:02}.sh" in told or judged == 5
    assert f"vms/vm-{judged - 1:02}.sh" not in told
    assert f"stopped by signal {int(number)}" in output
    assert not workspaces(tmp_path)
    assert not [name for name in processes() if str(new) in name]


def test_a_gate_that_boots_leaves_no_guest_and_no_folder_when_it_is_stopped(
    tmp_path: Path,
) -> None:
    case = ("--select", "machine=pc", "--select", "nic=virtio-net-pci")
    words = ("gate", "two-nics-pinned", "--boot", "--to", "10.0", *case, "-j", "2")
    running = start(*words, cwd=tmp_path)
    wait_for_guest(tmp_path)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "not judged: " in output
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


def processes() -> dict[str, int]:
    """The command lines of all processes, and their parents."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_text()
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except (OSError, UnicodeDecodeError):
                continue
            found[words] = int(parent)
    return found


def below(pid: int) -> list[str]:
    """The command lines of a process's children."""
    return [words for words, parent in processes().items() if parent == pid]
