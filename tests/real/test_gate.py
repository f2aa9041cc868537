"""VMs held on two QEMUs or machine types: what is the same, what breaks, and what stops nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.abi.choice import chosen_by_default
from pciabi.cancellation import Cancellation
from pciabi.gate.configurations import named_by
from pciabi.gate.question import Question
from pciabi.gate.run import run
from pciabi.gate.workers import threads
from pciabi.probe.host import Host
from pciabi.qemu.wish import Wish
from pciabi.result.entry import Entry
from pciabi.result.policy import Policy
from pciabi.result.result import Result
from pciabi.result.verdict import Verdict
from pciabi.source.request import Probe, Request

MAC = "mac=52:54:00:00:00:01"
NVME = "-device nvme,serial=a,id=disk0,addr=5"
NIC = f"-device e1000,id=net0,{MAC},addr=4"


def on(qemu: str | None, machine: str | None = None) -> Request:
    own = () if machine is None else ("--to-machine",)
    return Request("", qemu, machine, own, Probe.COLD, Wish.AUTO, {}, chosen_by_default())


def gate(folder: Path, before: Request, after: Request, *, backwards: bool = False) -> Result:
    host = Host(Cancellation())
    named = named_by([str(folder)], (), {})
    question = Question(named.judged, before, after, Policy(), backwards)
    with threads(host, 2) as workers:
        return run(question, named.skipped, host, workers)


def verdicts(result: Result) -> dict[str, Verdict]:
    return {Path(e.subject.title).name: e.verdict for e in result.entries}


def entry(result: Result, name: str) -> Entry:
    return next(e for e in result.entries if Path(e.subject.group).name == name)


@pytest.fixture
def vms(tmp_path: Path) -> Path:
    for name, words in {
        "nvme.sh": f"-M pc-q35-5.2 {NVME}",
        "gone.sh": f"-M pc-i440fx-4.2 {NIC}",
        "same.sh": f"-M pc-i440fx-5.2 {NIC}",
        "twin.sh": f"-M pc-i440fx-5.2 -name other {NIC}",
        "wrong.sh": "-M pc-q35-6.2 -device no-such-device",
    }.items():
        (tmp_path / name).write_text(f"qemu-system-x86_64 -m 256 {words}\n")
    return tmp_path


def test_each_vm_is_judged_by_itself(vms: Path) -> None:
    """A VM that NEW refuses, one that both refuse and one that breaks stop none of the others."""
    result = gate(vms, on("5.2"), on("11.1"))
    assert verdicts(result) == {
        "gone.sh": Verdict.WILL_NOT_START,
        "nvme.sh": Verdict.BREAK,
        "same.sh": Verdict.COMPATIBLE,
        "twin.sh": Verdict.COMPATIBLE,
        "wrong.sh": Verdict.ERROR,
    }
    fields = {change.field for change in entry(result, "nvme.sh").comparisons[0].changes}
    assert "Power Management capability" in fields
    assert result.exit_code == 2
    assert result.coverage is not None
    assert "1:5.2+dfsg" in result.coverage.before
    # Of the twins one is read, and the one that is gone under two other machine types as well;
    # what no QEMU has is known without a start.
    assert (result.coverage.read, result.coverage.shared) == (8, 2)


def test_what_only_the_later_side_starts_is_bad_input(vms: Path) -> None:
    result = gate(vms, on("11.1"), on("5.2"))
    gone = entry(result, "gone.sh")
    assert gone.error is not None
    assert "only the later side starts it" in gone.error.message
    assert gone.error.exit_code == 2


def test_of_an_earlier_qemu_that_crashes_nothing_is_said_but_that(
    vms: Path, tmp_path: Path
) -> None:
    """What the later one refuses is bad input all the same, though not of both."""
    crashes = tmp_path / "crashes"
    crashes.write_text(
        '#!/bin/sh\ncase "$*" in *-version*) exec qemu-system-x86_64 "$@" ;; esac\nkill -SEGV $$\n'
    )
    crashes.chmod(0o755)
    result = gate(vms, on(str(crashes)), on("11.1"))
    same, gone = entry(result, "same.sh").error, entry(result, "gone.sh").error
    assert same is not None
    assert gone is not None
    assert (same.exit_code, gone.exit_code) == (3, 2)
    assert same.message.startswith("QEMU ended by signal 11")
    assert gone.message.startswith("unknown machine type")


def test_both_ways_reads_nothing_twice(vms: Path) -> None:
    (vms / "wrong.sh").unlink()
    (vms / "gone.sh").unlink()
    result = gate(vms, on("5.2"), on("10.0"), backwards=True)
    assert verdicts(result)["nvme.sh (upgrade)"] is Verdict.BREAK
    assert verdicts(result)["nvme.sh (downgrade)"] is Verdict.BREAK
    assert verdicts(result)["same.sh (downgrade)"] is Verdict.COMPATIBLE
    assert result.coverage is not None
    assert result.coverage.read == 4


def test_another_machine_type(vms: Path) -> None:
    """5.2 gave the root bridge another _UID, and nothing that a NIC shows has changed since."""
    result = gate(vms, on(None), on(None, "pc-i440fx-6.2"))
    (comparison,) = entry(result, "gone.sh").comparisons
    assert "_UID of root bus 0" in {judged.change.field for judged in comparison.judged_changes}
    assert verdicts(result)["gone.sh"] is Verdict.BREAK
    assert verdicts(result)["same.sh"] is Verdict.COMPATIBLE
    assert result.coverage is not None
    assert result.coverage.after.endswith("machine type pc-i440fx-6.2")


def test_a_qemu_against_itself(vms: Path) -> None:
    result = gate(vms, on(None), on(None))
    assert result.coverage is not None
    assert (result.coverage.read, result.coverage.shared) == (6, 2)
    assert {v for name, v in verdicts(result).items() if name != "wrong.sh"} == {Verdict.COMPATIBLE}


def test_a_machine_type_without_a_version_is_named(vms: Path) -> None:
    for file in vms.iterdir():
        file.unlink()
    (vms / "floating.sh").write_text(f"qemu-system-x86_64 -M q35 {NIC}\n")
    (vms / "versioned.sh").write_text(f"qemu-system-x86_64 -M pc-q35-7.2 {NIC}\n")
    result = gate(vms, on("7.2"), on("10.0"))
    assert result.coverage is not None
    (remark,) = result.coverage.remarks
    assert remark.message.startswith(f"the machine type of {vms}/floating.sh has no version")
    assert "state pc-q35-7.2 to keep it" in remark.message
    named = gate(vms, on("7.2"), on("10.0", "pc-q35-8.2"))
    assert named.coverage is not None
    assert named.coverage.remarks == ()
