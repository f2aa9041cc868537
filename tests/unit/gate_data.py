"""Results of a gate for the reports to show: recorded hardware, judged as the product does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pciabi.abi.change import Change
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import Snapshot
from pciabi.errors import CannotTest, InputError, PciabiError, SourcePosition
from pciabi.result.cause import Cause, Origin
from pciabi.result.coverage import Coverage, Remark, Skipped
from pciabi.result.entry import Entry, Plan, Subject
from pciabi.result.failure import Failure
from pciabi.result.judged import JudgedComparison, judge
from pciabi.result.policy import Policy
from pciabi.result.result import Command, Result
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict
from pciabi.result.will_not_start import Choice, Gone, Missing, Replacement, WillNotStart
from pciabi.snapshots import read
from tests.unit.strategies import GOLDEN

SNAPSHOTS = GOLDEN.parent / "snapshot"
NVME = "qemu-5.2_pc-i440fx-5.2_nvme", "qemu-7.2_pc-i440fx-5.2_nvme"
ATI_VGA = "qemu-10.0_pc-i440fx-9.2_ati-vga", "qemu-11.1_pc-i440fx-9.2_ati-vga"
VIRTIO = "qemu-10.0_pc-q35-9.2_virtio", "qemu-11.1_pc-q35-9.2_virtio"
CXL = "qemu-10.0_pc-q35-10.0_cxl", "qemu-10.0_pc-q35-10.0_cxl"
COVERAGE = Coverage(
    before="QEMU emulator version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)",
    after="QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1~bpo13+1)",
    skipped=(Skipped("vms/pod.yaml", "a KubeVirt file has no command line yet"),),
    read=12,
    shared=3,
)


@cache
def snapshot(name: str) -> Snapshot:
    """A recorded snapshot."""
    return read.read(SNAPSHOTS / f"{name}.json")


def side(name: str, file: str) -> Side:
    """A recorded snapshot as a side that a user's file was read on."""
    found = snapshot(name)
    places = {one.qdev_id: SourcePosition(file, 7, 3) for one in found.functions if one.qdev_id}
    return Side(found.provenance.qemu_version, found, SourcePosition(file, 1), places)


def compared(recordings: tuple[str, str], file: str, policy: Policy | None = None) -> Entry:
    """A VM that was read on both sides."""
    before, after = (side(name, file) for name in recordings)
    return entry(file, judge(before, after, policy or Policy()))


def entry(file: str, *comparisons: JudgedComparison, causes: tuple[Cause, ...] = ()) -> Entry:
    """A VM and what came of it."""
    plan = Plan(comparisons=tuple(one.terms for one in comparisons))
    return Entry(Subject(file, "", Path(file)), comparisons, None, 0.4, plan=plan, causes=causes)


def caused(what: Entry) -> Entry:
    """The VM with a cause of its first change that fails, and one of nothing."""
    (comparison,) = what.comparisons
    change = next(one.change for one in comparison.judged_changes if one.fails)
    causes = (
        Cause(Origin.PROPERTY, f"{change.device}.old-ways", change.label, "on", "off", (change,)),
        Cause(
            Origin.COMPAT_PROPERTY,
            "pci-device.x-quiet",
            change.label,
            "off",
            "on",
            machines=("pc-q35-9.2",),
        ),
    )
    return replace(what, causes=causes)


def waived(what: Entry, excuse: str = "waived until 2031-01-01: known (policy.yaml:9)") -> Entry:
    """The VM with everything excused that would make it fail."""
    (comparison,) = what.comparisons
    excused = tuple(
        replace(one, fails=False, excuse=excuse) if one.fails else one
        for one in comparison.judged_changes
    )
    verdict = replace(comparison, judged_changes=excused, failures=(), verdict=Verdict.COMPATIBLE)
    return replace(what, comparisons=(verdict,))


def refused(file: str = "vms/old.sh") -> Entry:
    """A VM whose machine type is gone, with both replacements."""
    nearest, lasting = compared(NVME, file), compared(ATI_VGA, file)
    replacements = (
        Replacement(
            "pc-i440fx-5.2",
            Choice.NEAREST,
            True,
            "11.2",
            nearest.comparisons[0],
        ),
        Replacement(
            "pc-i440fx-8.2",
            Choice.OLDEST_TO_STAY,
            False,
            None,
            lasting.comparisons[0],
        ),
    )
    place = SourcePosition(file, 3)
    refusal = WillNotStart(
        before=side(NVME[0], file),
        refused_by="QEMU 11.1.3",
        words="unsupported machine type: use -machine help to list supported machines",
        place=place,
        gone=(Gone(Missing.MACHINE_TYPE, "pc-i440fx-4.2", place),),
        replacements=replacements,
    )
    return replace(entry(file), will_not_start=refusal)


def failed(error: PciabiError | None = None, file: str = "vms/hang.sh") -> Entry:
    """A VM that could not be read."""
    error = error or CannotTest("QEMU did not answer in 30 s", place=SourcePosition(file, 1))
    return replace(entry(file), error=error)


def wrong(file: str = "vms/wrong.sh") -> Entry:
    """A VM whose file is wrong."""
    error = InputError("no such device: e1001", place=SourcePosition(file, 4))
    return failed(error, file)


def gate(*entries: Entry, coverage: Coverage | None = COVERAGE) -> Result:
    """The VMs as one gate."""
    return Result(
        command=Command.GATE,
        entries=entries,
        started=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        seconds=2.5,
        tool_version="0.1.0",
        coverage=coverage,
    )


def mixed() -> Result:
    """One of everything."""
    return gate(
        caused(compared(NVME, "vms/web.sh")),
        compared(NVME, "vms/db.sh"),
        waived(compared(ATI_VGA, "vms/kiosk.sh")),
        compared(VIRTIO, "vms/mail.sh"),
        compared(CXL, "vms/cxl.sh"),
        refused(),
        failed(),
    )


def broken() -> Result:
    """Two VMs with the same break, one with another, one without any."""
    return gate(
        caused(compared(NVME, "vms/web.sh")),
        compared(NVME, "vms/db.sh"),
        compared(ATI_VGA, "vms/kiosk.sh"),
        compared(CXL, "vms/cxl.sh"),
    )


def expired() -> Result:
    """Nothing changes, and a waiver has expired."""
    failure = Failure(None, None, "the waiver expired on 2029-12-31", SourcePosition("p.yaml", 9))
    coverage = replace(COVERAGE, failures=(failure,))
    return gate(compared(CXL, "vms/cxl.sh"), coverage=coverage)


def changes_of(entries: Iterable[Entry], severity: Severity) -> list[Change]:
    """All changes of a severity."""
    return [c for e in entries for one in e.comparisons for c in one.of(severity)]


HOSTILE = (
    "</td></table><script>alert(1)</script><!--|`@somebody` @other #1 !2 https://x.example [a](b)"
    "{{ 7 * 7 }}\x1b[31m\x00\u202e\n\n# title\n"
)


def hostile() -> Result:
    """Every word that a file, a guest or a QEMU has a say in is hostile."""
    place = SourcePosition(HOSTILE, 3)
    found = refused(HOSTILE).will_not_start
    assert found is not None
    before, after = (_hostile_side(name) for name in NVME)
    broken_vm = entry(HOSTILE, judge(before, after, Policy()))
    refusal = replace(
        found,
        before=before,
        refused_by=HOSTILE,
        words=HOSTILE,
        place=place,
        gone=(Gone(Missing.VALUE, HOSTILE, place),),
        replacements=(
            *(replace(one, machine=HOSTILE, ends=HOSTILE) for one in found.replacements),
            Replacement(HOSTILE, Choice.NEAREST, False, None, None, CannotTest(HOSTILE)),
        ),
    )
    cause = Cause(Origin.PROPERTY, f"nvme.{HOSTILE}", HOSTILE, HOSTILE, HOSTILE)
    explained = broken_vm.comparisons[0].changes
    causes = (cause, replace(cause, name=HOSTILE, explains=explained, machines=(HOSTILE,)))
    failure = Failure(None, None, HOSTILE, place)
    coverage = replace(
        COVERAGE,
        before=HOSTILE,
        after=HOSTILE,
        skipped=(Skipped(HOSTILE, HOSTILE),),
        failures=(failure,),
        remarks=(Remark(HOSTILE, place),),
    )
    return gate(
        replace(broken_vm, causes=causes),
        replace(broken_vm, subject=replace(broken_vm.subject, name=HOSTILE)),
        waived(broken_vm, HOSTILE),
        replace(entry(HOSTILE), will_not_start=refusal),
        failed(CannotTest(HOSTILE, advice=HOSTILE, place=place), HOSTILE),
        coverage=coverage,
    )


def _hostile_side(name: str) -> Side:
    known = side(name, HOSTILE)
    functions = tuple(
        replace(
            one,
            qdev_id=HOSTILE if one.qdev_id else None,
            device=HOSTILE if one.qdev_id else one.device,
        )
        for one in known.snapshot.functions
    )
    told = dict.fromkeys(("qemu_package", "machine", "firmware", "guest"), HOSTILE)
    provenance = replace(known.snapshot.provenance, **told, command_line=(HOSTILE,))
    return replace(
        known, snapshot=replace(known.snapshot, functions=functions, provenance=provenance)
    )
