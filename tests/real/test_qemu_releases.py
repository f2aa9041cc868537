"""Released QEMUs from the real archive: fetched, listed, booted, damaged, interrupted.

The cache is the tests' own, and downloaded packages are shared with the user's.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pciabi.distribution import archive, cache
from pciabi.errors import PackageError
from pciabi.qemu import launch
from tests.real.command import (
    PCIABI,
    environment,
    guests,
    pciabi,
    start,
    wait_for,
    wait_for_guest,
    workspaces,
)
from tests.real.fault_table import FAULTS, provokes
from tests.real.releases import needed

TRIXIE = "debian:trixie"
AWKWARD = "a {b} {status} 100%s, $c"
ONE = ("--select", "nic=virtio-net-pci")


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache without releases, in a folder whose name QEMU, apt, Python and the shell would each
    read in their own way."""
    base = tmp_path_factory.mktemp("cache") / AWKWARD
    (base / "pciabi").mkdir(parents=True)
    cache.packages().mkdir(parents=True, exist_ok=True)
    (base / "pciabi" / "packages").symlink_to(cache.packages())
    # Where there is no image yet, the first boot builds one.
    for shelf in (cache.root() / "images").glob("debian-*"):
        shutil.copytree(shelf, base / "pciabi/images" / shelf.name, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(base))
        yield base / "pciabi"


@pytest.fixture(scope="module")
def trixie(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of trixie's QEMU, fetched."""
    done = pciabi("qemu", "get", TRIXIE, cwd=tmp_path_factory.mktemp("get"))
    if done.returncode != 0:
        pytest.fail(f"{TRIXIE} could not be had: {done.stderr.splitlines()[-1]}", pytrace=False)
    assert done.stdout.startswith(f"{TRIXIE}  QEMU 10.0.")
    (current,) = place.glob("qemu/trixie-*/current")
    return current.resolve()


def listed(cwd: Path, *named: str) -> list[dict[str, Any]]:
    """What `qemu list --json` says."""
    done = pciabi("qemu", "list", "--json", *named, cwd=cwd)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["schema"], document["tool"]) == ("pciabi-qemus/1", "pciabi")
    found = document["qemus"]
    assert isinstance(found, list)
    return found


def test_a_second_get_does_nothing(trixie: Path, tmp_path: Path) -> None:
    before = (trixie / "manifest.json").stat()
    done = pciabi("qemu", "get", TRIXIE, "10.0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "downloading" not in done.stderr
    assert "unpacking" not in done.stderr
    after = (trixie / "manifest.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_list_has_every_qemu_with_its_exact_version(trixie: Path, tmp_path: Path) -> None:
    on_path, cached, named = listed(tmp_path, "qemu-system-x86_64")
    assert (on_path["origin"], cached["origin"], named["origin"]) == ("path", "cache", "named")
    assert on_path["package"]
    assert on_path["package"] in on_path["banner"]
    said = pciabi("qemu", "exec", TRIXIE, "--version", cwd=tmp_path).stdout.splitlines()[0]
    assert cached["banner"] == said
    assert f"(Debian {cached['package']})" in said
    assert cached["packages"].keys() == {"qemu-system-x86", "seabios", "ipxe-qemu", "ovmf"}
    assert cached["packages"]["qemu-system-x86"] == cached["package"]
    assert (cached["place"], cached["fault"]) == (str(trixie), "")
    lines = pciabi("qemu", "list", cwd=tmp_path).stdout.splitlines()
    assert [cached["digest"][:12] in line for line in lines] == [False, True]


def test_a_guest_boots_under_it(trixie: Path, tmp_path: Path) -> None:
    one = (*ONE, "--select", "machine=q35")
    done = pciabi("run", "two-nics-unpinned", "--qemu", "10.0", *one, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (tmp_path / "reports").iterdir()
    document = json.loads((run / "report.json").read_text())
    assert document["qemu"].startswith("QEMU emulator version 10.0.")
    (move,) = [c for c in document["changes"] if c["severity"] == "breaking" and c["id"] == "net1"]
    assert (move["kind"], move["from"], move["to"]) == ("moved", "10.0", "10.0")
    assert move["machine"] == "pc-q35-10.0"


def test_it_dies_with_a_run_that_is_killed(trixie: Path, tmp_path: Path) -> None:
    one = (*ONE, "--select", "machine=q35")
    running = start("run", "two-nics-pinned", "--qemu", TRIXIE, *one, cwd=tmp_path)
    guest = wait_for_guest(tmp_path)
    assert str(trixie) in guests(tmp_path)[guest]
    running.kill()
    running.communicate(timeout=60)
    wait_for(lambda: not guests(tmp_path), 30)
    for left in workspaces(tmp_path):
        shutil.rmtree(left)


@provokes("QEMU release damaged", "fetching a QEMU killed half-way")
def test_a_damaged_one_is_not_run_and_a_get_that_was_killed_is_made_good(
    trixie: Path, place: Path, tmp_path: Path
) -> None:
    program = trixie / "root" / launch.PROGRAM
    with program.open("r+b") as file:
        file.seek(4096)
        file.write(b"damage")
    done = pciabi("run", "two-nics-pinned", "--qemu", "10.0", cwd=tmp_path)
    FAULTS["QEMU release damaged"].must_be_in(done)
    (line,) = done.stderr.splitlines()
    assert line == f"pciabi: {program} is damaged (run pciabi qemu get {TRIXIE})"
    (fault,) = [each["fault"] for each in listed(tmp_path) if each["origin"] == "cache"]
    assert fault.startswith(str(program))
    with subprocess.Popen(
        [PCIABI, "qemu", "get", TRIXIE],
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as getting:
        assert getting.stderr is not None
        assert any("unpacking" in line for line in getting.stderr)
        getting.send_signal(signal.SIGKILL)
    assert list(place.glob("qemu/trixie-*/building-*"))
    done = pciabi("qemu", "get", TRIXIE, cwd=tmp_path)
    FAULTS["fetching a QEMU killed half-way"].must_show(done.stderr + done.stdout, done.returncode)
    assert not list(place.glob("qemu/*/building-*"))
    assert [each["fault"] for each in listed(tmp_path)] == ["", ""]


@provokes("QEMU release not fetched", "unknown suite")
def test_what_was_not_fetched_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    done = pciabi("run", "two-nics-pinned", "--qemu", "9.9", cwd=tmp_path)
    FAULTS["QEMU release not fetched"].must_be_in(done)
    FAULTS["unknown suite"].must_be_in(pciabi("qemu", "get", "debian:potato", cwd=tmp_path))
    assert not workspaces(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("get", "qemu"), 2, "'qemu' names no released QEMU"),
        (("get", "5.2", "--mirror", "nowhere"), 2, "--mirror takes an archive's URI"),
        (("get", "5.2", "--mirror", "file:/nowhere"), 3, "file:/nowhere has no suite bullseye"),
        (("get", TRIXIE, "--mirror", "file:/nowhere"), 3, "file:/nowhere has no suite trixie"),
        (("remove", "9.9"), 2, "no QEMU 9.9 is in the cache (pciabi qemu list)"),
        (("exec", "9.9", "--version"), 3, "QEMU 9.9 is not in the cache (pciabi qemu get 9.9)"),
    ],
)
def test_what_cannot_be_had_is_one_line(
    arguments: tuple[str, ...], code: int, line: str, tmp_path: Path
) -> None:
    done = pciabi("qemu", *arguments, cwd=tmp_path)
    *progress, said = done.stderr.splitlines()
    assert said.startswith(f"pciabi: {line}")
    assert all(each.startswith("qemu ") for each in progress)
    assert (done.returncode, done.stdout) == (code, "")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive's signed index of trixie, as it arrived."""
    folder = tmp_path_factory.mktemp("index")
    with needed("the archive's index of trixie", "apt-get update"):
        apt = archive.configured(folder, ["trixie"], archive.host_mirror())
        archive.update(apt, folder, lambda _progress: None)
    (found,) = (folder / "lists").glob("*_InRelease")
    return found


@provokes("archive changed or not signed")
@pytest.mark.parametrize("fault", ["changed", "unsigned"])
def test_an_index_that_is_not_what_was_signed_is_refused(
    index: Path, fault: str, tmp_path: Path
) -> None:
    folder = tmp_path / "archive/dists/trixie"
    folder.mkdir(parents=True)
    text = index.read_text()
    if fault == "changed":
        assert "\nCodename: trixie\n" in text
        changed = text.replace("\nCodename: trixie\n", "\nCodename: Trixie\n")
        (folder / "InRelease").write_text(changed)
    else:
        signed = text.split("\n\n", 1)[1].split("\n-----BEGIN PGP SIGNATURE-----")[0]
        (folder / "Release").write_text(signed + "\n")
    done = pciabi("qemu", "get", TRIXIE, "--mirror", f"file:{tmp_path}/archive", cwd=tmp_path)
    FAULTS["archive changed or not signed"].must_be_in(done)


def test_a_key_the_host_does_not_know_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Keys that the archive no longer uses: the right kind of file, the wrong keys.
    removed = [path.with_stem("debian-archive-removed-keys") for path in archive.KEYRINGS]
    monkeypatch.setattr(archive, "KEYRINGS", removed)
    apt = archive.configured(tmp_path, ["trixie"], archive.host_mirror())
    with pytest.raises(PackageError, match="does not know the key that signs this suite"):
        archive.update(apt, tmp_path, lambda _progress: None)


@pytest.mark.full
def test_a_version_no_suite_has_says_which_there_are(tmp_path: Path) -> None:
    done = pciabi("qemu", "get", "99.9", cwd=tmp_path)
    assert done.returncode == 2
    said = done.stderr.splitlines()[-1]
    assert said.startswith("pciabi: no suite of the archive has QEMU 99.9: debian:trixie-backports")
    assert "debian:sid" in said


@pytest.mark.full
@pytest.mark.parametrize("version", ["5.2", "11.1"])
def test_every_release_boots_and_pins(version: str, tmp_path: Path) -> None:
    done = pciabi("qemu", "get", version, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    both = ("two-nics-unpinned", "two-nics-pinned", *ONE)
    done = pciabi("run", *both, "--qemu", version, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (tmp_path / "reports").iterdir()
    document = json.loads((run / "report.json").read_text())
    assert document["qemu"].startswith(f"QEMU emulator version {version}.")
    machines = {change["machine"] for change in document["changes"]}
    assert machines == {f"pc-i440fx-{version}", f"pc-q35-{version}"}
