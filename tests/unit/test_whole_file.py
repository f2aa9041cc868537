"""What `-o` names is written, and nothing of what was there is lost."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from pciabi.errors import CannotTest
from pciabi.report import whole_file

TEXT = "new: é →\n"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes device nodes")


def test_a_new_file_has_the_mode_any_program_would_give_it(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        whole_file.write(tmp_path / "new", TEXT)
    finally:
        os.umask(before)
    assert (tmp_path / "new").read_text() == TEXT
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755])
def test_a_regular_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_text("old\n" * 1000)
    path.chmod(mode)
    with path.open() as reader:
        whole_file.write(path, TEXT)
        # Who had it open reads on what was there.
        assert reader.read() == "old\n" * 1000
    assert path.read_text() == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_keeps_its_owner_and_attributes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    os.chown(path, 12345 if os.geteuid() == 0 else -1, -1)
    there = path.stat()
    try:
        os.setxattr(path, "user.kept", b"yes")
    except OSError:
        attributes: list[str] = []
    else:
        attributes = ["user.kept"]
    whole_file.write(path, TEXT)
    assert (path.stat().st_uid, path.stat().st_gid) == (there.st_uid, there.st_gid)
    assert [name for name in os.listxattr(path) if name.startswith("user.")] == attributes


WRITE = """import sys; from pathlib import Path; from pciabi.report import whole_file
whole_file.write(Path(sys.argv[1]), "new")"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of others")
@pytest.mark.parametrize(
    ("owner", "group", "replaced"),
    [(1000, 2000, False), (1001, 2000, True), (1001, 1001, True), (1000, 1001, False)],
)
def test_an_ordinary_user_takes_a_file_from_nobody(owner: int, group: int, replaced: bool) -> None:
    # Unlike pytest's own, a folder that any user may enter.
    with tempfile.TemporaryDirectory(prefix="pciabi-test-") as name:
        folder, path = Path(name), Path(name, "file")
        folder.chmod(0o777)
        path.write_text("old")
        os.chown(path, owner, group)
        path.chmod(0o660)
        before = path.stat()
        user = ["--reuid=1001", "--regid=1001", "--groups=1001,2000"]
        subprocess.run(["setpriv", *user, sys.executable, "-c", WRITE, path], check=True)
        there = path.stat()
        assert (there.st_uid, there.st_gid, stat.S_IMODE(there.st_mode)) == (owner, group, 0o660)
        assert (path.read_text(), there.st_ino != before.st_ino) == ("new", replaced)
        assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("hops", [1, 3])
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_what_it_leads_to_is_written(
    tmp_path: Path, hops: int, there: bool
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    target = folder / "target"
    if there:
        target.write_text("old")
    leads_to = "elsewhere/target"
    for hop in range(hops):
        (tmp_path / f"link{hop}").symlink_to(leads_to)
        leads_to = f"link{hop}"
    whole_file.write(tmp_path / leads_to, TEXT)
    assert all((tmp_path / f"link{hop}").is_symlink() for hop in range(hops))
    assert target.read_text() == TEXT
    assert list(folder.iterdir()) == [target]


def test_links_that_lead_nowhere_are_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "deep").symlink_to("no/such/folder")
    for name in ("a", "deep", "no/folder", "."):
        with pytest.raises(CannotTest, match="cannot be written"):
            whole_file.emit(TEXT, tmp_path / name)
    assert (tmp_path / "a").is_symlink()


def test_a_pipe_stays_one_and_is_written_to(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()))
    reader.start()
    whole_file.write(fifo, TEXT * 50_000)
    reader.join()
    assert read == [TEXT * 50_000]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@AS_ROOT
@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_device_node_stays_one(tmp_path: Path, through_a_link: bool) -> None:
    node = path = tmp_path / "null"
    os.mknod(node, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    if through_a_link:
        path = tmp_path / "link"
        path.symlink_to("null")
    whole_file.write(path, TEXT)
    assert stat.S_ISCHR(node.stat().st_mode)
    assert node.stat().st_rdev == os.makedev(1, 3)
    assert path.is_symlink() is through_a_link


@AS_ROOT
def test_a_full_device_is_one_clear_error(tmp_path: Path) -> None:
    os.mknod(tmp_path / "full", 0o666 | stat.S_IFCHR, os.makedev(1, 7))
    with pytest.raises(CannotTest, match="full cannot be written: No space left on device"):
        whole_file.emit(TEXT, tmp_path / "full")


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_our_own_descriptors_are_written_to_as_they_are(
    tmp_path: Path, name: str, kind: str
) -> None:
    path = tmp_path / "sub" / "file"
    path.parent.mkdir()
    if kind == "pipe":
        reading, writing = os.pipe()
    else:
        writing = os.open(path, os.O_RDWR | os.O_CREAT)
        reading = os.open(path, os.O_RDONLY)
    os.write(writing, b"first\n")
    named = Path(name.format(writing))
    if name == "link":
        named = tmp_path / "link"
        named.symlink_to(f"/dev/fd/{writing}")
    whole_file.write(named, TEXT)
    os.write(writing, b"last\n")
    os.close(writing)
    # Neither emptied, nor replaced, nor written over.
    assert os.read(reading, 1000).decode() == f"first\n{TEXT}last\n"
    os.close(reading)
    if kind != "pipe":
        assert path.read_text() == f"first\n{TEXT}last\n"


def test_a_file_in_a_folder_that_takes_none_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("much longer than what is new\n" * 10)
    inode = path.stat().st_ino
    opened = os.open

    def refusing(name: str | Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_EXCL:
            raise PermissionError(13, "Permission denied", str(name))
        return opened(name, flags, mode)

    monkeypatch.setattr(os, "open", refusing)
    whole_file.write(path, TEXT)
    monkeypatch.undo()
    assert path.read_text() == TEXT
    assert path.stat().st_ino == inode


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotTest, match="No space left on device"):
        whole_file.emit(TEXT, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
