"""A folder of baselines: what its files are called, what is written and what is never, and which
of them nobody looked at."""

from __future__ import annotations

import os
import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.choice import chosen, chosen_by_default
from pciabi.errors import CannotTest, InputError
from pciabi.gate import baselines
from pciabi.gate.baseline_name import baseline_name
from pciabi.gate.configurations import Unusable
from pciabi.report import whole_file, whole_files
from pciabi.report.words import accepted as words
from pciabi.result.coverage import Skipped
from pciabi.result.entry import Entry, Plan, Subject
from pciabi.result.judged import judge
from pciabi.result.policy import Policy
from pciabi.result.side import Side
from pciabi.result.will_not_start import WillNotStart
from pciabi.source.vms import CommandLine, Vm
from pciabi.vm import reading
from tests.unit.test_waivers import ATI, HERE, NVME

FOLDER = Path("/srv/vms/baselines")
ALL = chosen(["all"])
NAME = st.text(string.ascii_letters[:3] + "./[]%_- \nä\udc80", min_size=1, max_size=12)
CASE = st.text("ab[]/.%~", max_size=6)


def subject(file: str | Path, case: str = "") -> Subject:
    return Subject(str(file), case, Path(file))


@pytest.mark.parametrize(
    ("file", "case", "name"),
    [
        ("/srv/vms/web.sh", "", "web.sh.json"),
        ("/srv/vms/prod/web.sh", "", "prod/web.sh.json"),
        ("/srv/vms/a.pciabi.yaml", "pc-e1000", "a.pciabi.yaml[pc-e1000].json"),
        ("/srv/vms/a.yaml[pc-e1000]", "", "a.yaml%5Bpc-e1000%5D.json"),
        ("/srv/vms/prod/../web.sh", "", "web.sh.json"),
        ("/srv/other/web.sh", "", "%up/other/web.sh.json"),
        ("/srv/vms/%up/web.sh", "", "%25up/web.sh.json"),
        ("/srv/vms/web.sh.json/b.sh", "", "web.sh%2Ejson/b.sh.json"),
        ("/srv/vms/.git/config", "", "%2Egit/config.json"),
        ("/srv/vms/Büro 1.sh", "", "B%C3%BCro%201.sh.json"),
        ("/srv/vms/a.yaml", "../../etc/x", "a.yaml[%2E.%2F..%2Fetc%2Fx].json"),
    ],
)
def test_a_baseline_is_called_as_its_vm_from_above_the_folder(
    file: str, case: str, name: str
) -> None:
    assert str(baseline_name(FOLDER, subject(file, case))) == name


def test_its_name_is_the_same_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vms").mkdir()
    from_above = baseline_name(Path("baselines"), subject("vms/web.sh"))
    monkeypatch.chdir(tmp_path)
    above = baseline_name(Path("baselines"), subject("vms/web.sh"))
    monkeypatch.chdir(tmp_path / "vms")
    assert baseline_name(Path("../baselines"), subject("web.sh")) == above == from_above
    assert str(above) == "vms/web.sh.json"


@given(st.lists(st.tuples(NAME, CASE), min_size=2, max_size=6, unique=True))
def test_no_two_vms_share_a_baseline_and_none_lies_outside(vms: list[tuple[str, str]]) -> None:
    root = Path("/srv/vms")
    files = {(str(Path(root, file)), case) for file, case in vms}
    # Two ways to write one path are one VM.
    known = {(os.path.abspath(file), case) for file, case in files}  # noqa: PTH100
    known = {(file, case) for file, case in known if file not in (str(root), "/srv", "/")}
    names = {baseline_name(FOLDER, subject(file, case)) for file, case in known}
    assert len(names) == len(known)
    # No file's name is that of a folder another one lies in.
    assert not names & {parent for name in names for parent in name.parents}
    for name in names:
        assert not name.is_absolute()
        assert ".." not in name.parts
        assert str(name).isascii()
        assert str(name).isprintable()


def test_a_long_name_is_shortened_and_stays_another_ones() -> None:
    one, two = (baseline_name(FOLDER, subject(f"/srv/vms/{'x' * 240}{end}.sh")) for end in "ab")
    assert one != two
    assert len(one.name) < 220


def vm(file: Path) -> Vm:
    file.write_text("qemu-system-x86_64 -M pc-i440fx-9.2 -device ati-vga,id=vga0\n")
    return CommandLine(subject(file), reading.read(file))


def record(folder: Path, *sides: tuple[Subject, Side]) -> None:
    whole_files.write(baselines.new_files(folder, sides))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "baselines"


def test_what_was_recorded_is_the_earlier_side(folder: Path) -> None:
    web = vm(folder.parent / "web.sh")
    record(folder, (web.subject, ATI[0]))
    assert baselines.is_baselines(str(folder))
    assert not baselines.is_baselines(str(folder.parent))
    assert baselines.has_baseline(folder, web.subject)
    held, judged = baselines.against(folder, [web], ALL)
    assert judged == (web,)
    package = ATI[0].snapshot.provenance.qemu_package
    assert held.name == f"baselines in {folder}: {package}"
    assert baselines.Baselines(folder, {}).name == f"baselines in {folder}"
    side = held.of(web.subject)
    assert side is not None
    assert side.snapshot.functions == ATI[0].snapshot.functions
    assert side.places[str(side.snapshot.functions[0].address)].file == str(folder / "web.sh.json")


def test_what_has_no_baseline_is_an_error_and_what_has_no_vm_is_named(folder: Path) -> None:
    web, new = vm(folder.parent / "web.sh"), vm(folder.parent / "new.sh")
    gone = subject(folder.parent / "gone.sh")
    record(folder, (web.subject, ATI[0]), (gone, ATI[0]))
    (folder / "README.md").write_text("ours")
    _, judged = baselines.against(folder, [web, new], ALL)
    (missing,) = [one for one in judged if isinstance(one, Unusable)]
    assert missing.subject == new.subject
    assert isinstance(missing.error, InputError)
    assert f"pciabi gate --record {folder} {folder.parent}/new.sh" in str(missing.error)
    beside = Skipped("notes.txt", "no VM"), Skipped(str(folder / "web.sh.json"), "a recording")
    assert list(baselines.skipped(folder, judged, beside)) == [
        beside[0],
        Skipped(str(folder / "gone.sh.json"), "a baseline whose VM was not named"),
    ]


def test_no_folder_is_an_error(folder: Path) -> None:
    with pytest.raises(InputError, match="--record"):
        baselines.against(folder, [], ALL)


def test_a_damaged_baseline_spoils_its_own_vm_alone(folder: Path) -> None:
    web, other = vm(folder.parent / "web.sh"), vm(folder.parent / "other.sh")
    record(folder, (web.subject, ATI[0]), (other.subject, ATI[0]))
    path = folder / "web.sh.json"
    path.write_text(path.read_text().replace('"functions"', '"function"'))
    held, judged = baselines.against(folder, [web, other], ALL)
    assert [isinstance(one, Unusable) for one in judged] == [True, False]
    assert held.of(other.subject) is not None


def test_a_baseline_that_is_a_pipe_is_not_waited_for(folder: Path) -> None:
    web = vm(folder.parent / "web.sh")
    record(folder, (web.subject, ATI[0]))
    (folder / "web.sh.json").unlink()
    os.mkfifo(folder / "web.sh.json")
    _, (judged,) = baselines.against(folder, [web], ALL)
    assert isinstance(judged, Unusable)
    assert "no file" in str(judged.error)


def test_a_link_that_leads_out_of_the_folder_is_neither_read_nor_written(folder: Path) -> None:
    web = vm(folder.parent / "web.sh")
    record(folder, (web.subject, ATI[0]))
    outside = folder.parent / "secret"
    (folder / "web.sh.json").rename(outside)
    (folder / "web.sh.json").symlink_to(outside)
    _, (judged,) = baselines.against(folder, [web], ALL)
    assert isinstance(judged, Unusable)
    assert "leads out of its folder" in str(judged.error)
    with pytest.raises(InputError, match="leads out"):
        baselines.new_files(folder, [(web.subject, ATI[0])])


def entry(about: Subject, before: Side, after: Side) -> Entry:
    terms = Policy()
    comparison = judge(before, after, terms)
    return Entry(about, (comparison,), None, 0.1, plan=Plan((), (terms,)))


def test_what_differs_is_accepted_and_told_by_device(folder: Path) -> None:
    changed, same = vm(folder.parent / "a.sh"), vm(folder.parent / "b.sh")
    record(folder, (changed.subject, NVME[0]), (same.subject, ATI[0]))
    held, _ = baselines.against(folder, [changed, same], ALL)
    entries = [entry(changed.subject, *NVME), entry(same.subject, ATI[0], ATI[0])]
    (accepted,) = baselines.acceptable(held, entries)
    assert accepted.path == folder / "a.sh.json"
    whole_files.write([(accepted.path, accepted.text)])
    again, _ = baselines.against(folder, [changed], ALL)
    now = again.of(changed.subject)
    assert now is not None
    assert now.snapshot.functions == NVME[1].snapshot.functions
    lines = list(words.accepted(accepted.path, accepted.changes))
    assert lines[0] == f"accepted: {folder}/a.sh.json"
    (nvme,) = [line for line in lines if "nvme0" in line]
    assert "Power Management capability absent → at 0x60 (breaking)" in nvme
    assert lines[-1] == "    9 benign differences"


def test_nothing_is_accepted_where_something_is_not_known(folder: Path) -> None:
    web = vm(folder.parent / "a.sh")
    good = entry(web.subject, *NVME)
    assert baselines.blocking([good]) is None
    stopped = WillNotStart(NVME[0], "QEMU emulator version 11.1.3", "no such device", HERE)
    waived = replace(stopped, excuse="waived")
    for bad, blocks in (
        (replace(good, comparisons=(), error=CannotTest("no room")), True),
        (replace(good, comparisons=()), True),
        (Entry(web.subject, (), None, 0.1, will_not_start=stopped), True),
        # It was accepted, and there is nothing to write.
        (Entry(web.subject, (), None, 0.1, will_not_start=waived), False),
    ):
        assert (baselines.blocking([good, bad]) is bad) is blocks


def test_accepting_loses_no_facts(folder: Path) -> None:
    web = vm(folder.parent / "a.sh")
    record(folder, (web.subject, NVME[0]))
    few = chosen(["mac"])
    assert few < chosen_by_default()
    held, _ = baselines.against(folder, [web], few)
    with pytest.raises(InputError, match=r"facts that were not read: acpi-.*--facts"):
        baselines.acceptable(held, [entry(web.subject, *NVME)])


def test_files_that_belong_together_are_written_all_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").write_text("was\r\n")
    (tmp_path / "in-the-way").mkdir()
    wanted = [(tmp_path / name, "new\n") for name in ("old", "sub/new", "in-the-way")]
    with pytest.raises(CannotTest, match="nothing was"):
        whole_files.write(wanted)
    assert (tmp_path / "old").read_bytes() == b"was\r\n"
    assert not (tmp_path / "sub/new").exists()
    whole_files.write(wanted[:2])
    assert (tmp_path / "sub/new").read_text() == (tmp_path / "old").read_text() == "new\n"

    def full(_path: Path, _text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole_file, "write", full)
    with pytest.raises(CannotTest, match="No space left"):
        whole_files.write([(tmp_path / "other", "new\n")])
