"""Only what is new: files as they were at a revision, and what was so already."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pciabi import __version__
from pciabi.abi.change import Change
from pciabi.errors import CannotTest, InputError
from pciabi.gate.configurations import Unusable
from pciabi.gate.revision import contents_at
from pciabi.gate.since import EARLIER, EarlierVm, earlier, only_new
from pciabi.result.coverage import Coverage
from pciabi.result.entry import Entry, Plan, Subject
from pciabi.result.judged import judge, judge_comparison
from pciabi.result.policy import Policy
from pciabi.result.result import Command, Result
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict
from pciabi.result.will_not_start import Gone, Missing, WillNotStart
from pciabi.source.vms import CommandLine, vms_in
from pciabi.vm import reading
from tests.unit.test_waivers import ATI, HERE, NVME

NAMES = ("web.sh", "deep/er/db.sh", "odd name\n\u00e9*[x].sh", ":(top)a.sh", "-x.sh", "$(id).sh")


def git(repository: Path, *words: str) -> str:
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = {f"GIT_{who}": "a@b" for who in ("AUTHOR_NAME", "COMMITTER_NAME")}
    mail = {f"GIT_{who}": "a@b" for who in ("AUTHOR_EMAIL", "COMMITTER_EMAIL")}
    environment = {**os.environ, **own, **who, **mail}
    command = ["git", *words]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, check=True)
    return done.stdout.decode().strip()


def commit(repository: Path) -> str:
    git(repository, "add", "-A", "-f")
    git(repository, "commit", "-q", "-m", "as it is")
    return git(repository, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"was {name}\r\n")
    commit(folder)
    return folder


def test_files_are_read_as_they_were_whatever_they_are_called(repository: Path) -> None:
    paths = [repository / name for name in NAMES]
    for path in paths:
        path.write_text("is")
    new = repository / "new.sh"
    new.write_text("is")
    git(repository, "rm", "-q", "--cached", "web.sh")
    found = contents_at("HEAD", [*paths, new])
    expected = {path: f"was {name}\r\n".encode() for path, name in zip(paths, NAMES, strict=True)}
    assert found == {**expected, new: None}
    assert list(found) == [*paths, new]


def test_what_was_no_regular_file_was_not_there(repository: Path) -> None:
    (repository / "link.sh").symlink_to("web.sh")
    (repository / "folder.sh").mkdir()
    (repository / "folder.sh/x").write_text("was")
    commit(repository)
    (repository / "link.sh").unlink()
    (repository / "folder.sh/x").unlink()
    (repository / "folder.sh").rmdir()
    paths = [repository / "link.sh", repository / "folder.sh"]
    for path in paths:
        path.write_text("is")
    assert contents_at("main", paths) == dict.fromkeys(paths)
    # A link of today is followed, and its file is what is asked for.
    paths[0].unlink()
    paths[0].symlink_to("web.sh")
    assert contents_at("main", paths[:1]) == {paths[0]: b"was web.sh\r\n"}


@pytest.mark.parametrize(
    "ref", ["nothing", "-h", "--exec-path=/tmp", "", "HEAD~7", "HEAD:web.sh", "a\0b", "main\nHEAD"]
)
def test_what_is_no_revision_is_one_clear_error(ref: str, repository: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)--new-since .*there is no such revision"):
        contents_at(ref, [repository / "web.sh"])


def test_outside_a_repository_nothing_is_new(tmp_path: Path) -> None:
    (tmp_path / "vm.sh").write_text("is")
    with pytest.raises(InputError, match="is in no git repository"):
        contents_at("HEAD", [tmp_path / "vm.sh"])


def test_without_git_it_cannot_be_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(CannotTest, match="needs git"):
        contents_at("HEAD", [repository / "web.sh"])


def test_a_repositorys_own_settings_run_nothing(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout may be anybody's, and git runs programs for many of its settings."""
    trace = repository.parent / "trace"
    trap = repository.parent / "trap"
    trap.write_text(f"#!/bin/sh\necho $0 $* >>{trace}\ncat\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("*.sh diff=trap filter=trap\n")
    at = commit(repository)
    for name, value in {
        "core.fsmonitor": trap,
        "core.pager": trap,
        "core.hooksPath": repository.parent,
        "core.sshCommand": trap,
        "core.editor": trap,
        "core.askPass": trap,
        "credential.helper": trap,
        "diff.external": trap,
        "diff.trap.textconv": trap,
        "diff.trap.command": trap,
        "filter.trap.smudge": trap,
        "filter.trap.clean": trap,
        "filter.trap.process": trap,
        "gpg.program": trap,
        "log.showSignature": "true",
        "alias.rev-parse": f"!{trap}",
        "alias.cat-file": f"!{trap}",
        "uploadpack.packObjectsHook": trap,
        "extensions.partialClone": "origin",
        "remote.origin.url": f"ext::{trap}",
        "remote.origin.promisor": "true",
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
    }.items():
        git(repository, "config", name, str(value))
    # What a partial clone has not would be fetched.
    blob = git(repository, "rev-parse", "HEAD:deep/er/db.sh")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    trace.unlink(missing_ok=True)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    web = repository / "web.sh"
    assert contents_at(at, [web]) == {web: b"was web.sh\r\n"}
    with pytest.raises(CannotTest, match="does not hold the content"):
        contents_at(at, [repository / "deep/er/db.sh"])
    assert not trace.exists(), trace.read_text()


def test_the_vms_of_a_file_are_those_that_it_held(repository: Path) -> None:
    web, new, broken = (repository / name for name in ("web.sh", "new.sh", "deep/er/db.sh"))
    web.write_text("qemu-system-x86_64 -M pc-q35-9.2 -device e1000,id=was\n")
    commit(repository)
    for path in (web, new, broken):
        path.write_text("qemu-system-x86_64 -M pc-q35-9.2 -device e1000,id=is\n")
    vms = [CommandLine(Subject(str(p), "", p), reading.read(p)) for p in (web, new, broken)]
    was, unusable = earlier("HEAD", vms, {})
    assert isinstance(was, EarlierVm)
    assert isinstance(was.vm, CommandLine)
    assert "id=was" in str(was.vm.line)
    assert dict(was.subject.axes) == {EARLIER: "HEAD"}
    assert isinstance(unusable, Unusable)
    assert unusable.subject.file == broken


CASES = """summary: A NIC
matrix: {{machine: [{machines}]}}
machine: ${{machine}}
devices: [{{driver: e1000, id: net0, addr: 0x4}}]
steps: [boot, boot, {{expect: {{net0: {{address: unchanged}}}}}}]
"""


def test_of_a_scenario_the_cases_of_today_are_read_as_they_were(repository: Path) -> None:
    path = repository / "vm.pciabi.yaml"
    path.write_text(CASES.format(machines="pc, q35"))
    commit(repository)
    path.write_text(CASES.format(machines="q35, microvm"))
    was = earlier("HEAD", vms_in(path, path.read_bytes(), {}), {})
    assert [vm.subject.name for vm in was] == ["q35"]


START = datetime(2027, 1, 15, tzinfo=UTC)
VM = Subject("vm.sh", "", Path("vm.sh"))
THEN = replace(VM, axes=((EARLIER, "main"),))


def entry(about: Subject, sides: tuple[Side, Side]) -> Entry:
    terms = Policy()
    return Entry(about, (judge(*sides, terms),), None, 0.1, plan=Plan((), (terms,)))


def result(*entries: Entry) -> Result:
    coverage = Coverage("10.0", "11.1")
    return Result(Command.GATE, entries, START, 1.0, __version__, coverage=coverage)


def excuses(one: Entry) -> set[tuple[str, str]]:
    (comparison,) = one.comparisons
    return {(j.change.field, j.excuse) for j in comparison.judged_changes if j.excuse}


def without(side: Side, field: str) -> Side:
    """The side without the breaks of one of its devices."""
    functions = [one for one in side.snapshot.functions if one.qdev_id != field]
    return replace(side, snapshot=replace(side.snapshot, functions=tuple(functions)))


def test_what_was_so_already_is_shown_and_does_not_fail() -> None:
    judged = only_new(result(entry(VM, ATI), entry(THEN, ATI)), "main")
    (only,) = judged.entries
    assert excuses(only) == {("BAR 0", "already so at main")}
    assert (only.verdict, judged.exit_code) == (Verdict.COMPATIBLE, 0)


def test_what_was_not_there_is_new() -> None:
    # The graphics adapter joined the VM since.
    then = entry(THEN, (without(ATI[0], "vga0"), without(ATI[1], "vga0")))
    for was in ((), (then,), (entry(replace(THEN, name="another"), ATI),)):
        (only,) = only_new(result(entry(VM, ATI), *was), "main").entries
        assert only.verdict is Verdict.BREAK
        assert excuses(only) == set()


def test_another_difference_in_the_same_place_is_new() -> None:
    """The earlier adapter had another BAR to begin with."""
    (then,) = entry(THEN, ATI).comparisons
    changes = tuple(replace(change, before=f"no {change.before}") for change in then.changes)
    other = judge_comparison(replace(then.comparison, changes=changes), *ATI, then.terms)
    was = replace(entry(THEN, ATI), comparisons=(other,))
    (only,) = only_new(result(entry(VM, ATI), was), "main").entries
    assert excuses(only) == set()
    assert only.verdict is Verdict.BREAK


def doubled(side: Side) -> Side:
    """The side with its adapter twice, neither with an id."""
    (vga,) = [one for one in side.snapshot.functions if one.qdev_id == "vga0"]
    others = [one for one in side.snapshot.functions if one is not vga]
    address = replace(vga.address, slot=9)
    second = replace(
        vga,
        qdev_id=None,
        function=replace(vga.function, address=address),
        path=replace(vga.path, hops=((9, 0),)),
    )
    functions = (*others, replace(vga, qdev_id=None), second)
    return replace(side, snapshot=replace(side.snapshot, functions=functions))


def second_alone(side: Side) -> Side:
    functions = [one for one in doubled(side).snapshot.functions if str(one.path) != "0/02.0"]
    return replace(side, snapshot=replace(side.snapshot, functions=tuple(functions)))


def test_of_two_equal_changes_the_one_in_its_place_was_there() -> None:
    """The adapter in front is new, and so is what changes about it."""
    now = entry(VM, (doubled(ATI[0]), doubled(ATI[1])))
    was = entry(THEN, (second_alone(ATI[0]), second_alone(ATI[1])))
    (only,) = only_new(result(now, was), "main").entries
    assert only.verdict is Verdict.BREAK
    assert [str(f.change.path_before) for f in only.failures if isinstance(f.change, Change)] == [
        "0/02.0"
    ]


def test_what_could_not_be_read_excuses_nothing_and_is_said() -> None:
    failed = Entry(THEN, (), CannotTest("no room"), 0.1)
    judged = only_new(result(entry(VM, ATI), failed), "main")
    assert judged.verdict is Verdict.BREAK
    assert judged.coverage is not None
    (remark,) = judged.coverage.remarks
    assert remark.message.endswith("all that differs counts as new: no room")
    # And an error of today is none of yesterday's.
    broken = replace(failed, subject=VM)
    assert only_new(result(broken, entry(THEN, ATI)), "main").exit_code == 3
    assert only_new(result(broken, failed), "main").exit_code == 3


def test_a_vm_that_did_not_start_then_may_not_start_now() -> None:
    gone = tuple(Gone(Missing.DEVICE, name, HERE) for name in ("nvme", "ivshmem"))

    def refused(about: Subject, words: str, *what: Gone) -> Entry:
        stopped = WillNotStart(NVME[0], "QEMU emulator version 11.1.3", words, HERE, what)
        return Entry(about, (), None, 0.1, will_not_start=stopped)

    for now, then, excused in (
        (refused(VM, "x", gone[0]), refused(THEN, "y", *gone), True),
        (refused(VM, "x", *gone), refused(THEN, "x", gone[0]), False),
        (refused(VM, "x"), refused(THEN, "x"), True),
        (refused(VM, "x"), refused(THEN, "y"), False),
        (refused(VM, "x"), refused(THEN, "x", gone[0]), False),
        (refused(VM, "x", gone[0]), entry(THEN, NVME), False),
    ):
        (only,) = only_new(result(now, then), "main").entries
        assert only.verdict is (Verdict.COMPATIBLE if excused else Verdict.WILL_NOT_START)
