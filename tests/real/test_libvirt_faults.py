"""What keeps a libvirt from being asked: one clear line, and nothing left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from pciabi import descent
from pciabi.distribution import cache
from pciabi.errors import LibvirtError
from pciabi.libvirt import conversation, installation, session
from pciabi.programs import Bounds
from tests.real import libvirt_sessions
from tests.real.command import PCIABI, environment, pciabi, workspaces
from tests.real.fault_table import FAULTS, provokes
from tests.real.libvirt_sessions import DOMAINS
from tests.real.releases import emulator, needed

FORBIDDEN = (
    *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
    'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"',
    "sh",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a domain in it."""
    (tmp_path / "vm.xml").write_text(DOMAINS["nics"])
    return tmp_path


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, without a libvirt; QEMUs and downloaded packages are shared."""
    own = tmp_path / "cache" / "pciabi"
    own.mkdir(parents=True)
    for kind in ("packages", "qemu"):
        (own / kind).symlink_to(cache.root() / kind)
    monkeypatch.setenv("XDG_CACHE_HOME", str(own.parent))
    return own


def virsh(folder: Path, script: str) -> str:
    """A PATH on which the first virsh is a script, that knows its version."""
    program = folder / "bin" / "virsh"
    program.parent.mkdir()
    version = "case $* in *--version) echo 9.0.0; exit ;; esac\n"
    program.write_text(f"#!/bin/sh\n{version}{script}\n")
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


def read(
    folder: Path, wanted: str, around: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """The domain's hardware, as that libvirt makes it; `around` goes in front of the command."""
    return subprocess.run(
        [*around, PCIABI, "snapshot", "vm.xml", "--from", wanted],
        cwd=folder,
        env=environment(folder) | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@provokes("libvirt release not fetched")
def test_a_release_that_is_not_in_the_cache(folder: Path) -> None:
    done = read(folder, "libvirt:10.9")
    FAULTS["libvirt release not fetched"].must_be_in(done)


@provokes("no libvirt installed")
def test_no_libvirt_is_installed(folder: Path) -> None:
    done = read(folder, "libvirt:host", PATH="/nowhere")
    FAULTS["no libvirt installed"].must_be_in(done)


@provokes("not a virsh")
def test_another_program_of_that_name(folder: Path) -> None:
    path = virsh(folder, "").partition(":")[0]
    Path(path, "virsh").write_text("#!/bin/sh\necho hello\n")
    done = read(folder, "libvirt:host", PATH=f"{path}:{os.environ['PATH']}")
    FAULTS["not a virsh"].must_be_in(done)


@provokes("a libvirt that does not take the QEMU")
def test_a_libvirt_that_does_not_take_that_qemu(folder: Path) -> None:
    libvirt_sessions.libvirt("11.3")
    emulator("5.2")
    done = read(folder, "libvirt:11.3@5.2")
    FAULTS["a libvirt that does not take the QEMU"].must_be_in(done)
    assert not workspaces(folder)


@provokes("no namespaces for a libvirt")
def test_user_namespaces_are_forbidden(folder: Path) -> None:
    done = read(folder, "libvirt:host", around=FORBIDDEN)
    FAULTS["no namespaces for a libvirt"].must_be_in(done)
    assert not workspaces(folder)


@provokes("a domain of another hypervisor")
@pytest.mark.parametrize("kind", ["lxc", "xen"])
def test_a_domain_of_another_hypervisor(folder: Path, kind: str) -> None:
    (folder / "vm.xml").write_text(DOMAINS["bare"].replace("type='qemu'", f"type='{kind}'"))
    done = read(folder, "libvirt:host")
    row = FAULTS["a domain of another hypervisor"]
    assert row.message.replace("lxc", kind) in done.stderr
    assert done.returncode == row.exit_code


@provokes("a domain that libvirt refuses")
def test_a_domain_that_libvirt_refuses_is_told_with_its_line(folder: Path) -> None:
    libvirt_sessions.libvirt("9.0")
    (folder / "vm.xml").write_text(DOMAINS["nics"].replace("'q35'", "'pc-q35-99'"))
    done = read(folder, "libvirt:9.0")
    FAULTS["a domain that libvirt refuses"].must_be_in(done)
    assert done.stderr.count("\n") == 1
    assert not workspaces(folder)


@provokes("a virsh that is killed")
def test_a_virsh_that_is_killed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder / "tmp"))
    row = FAULTS["a virsh that is killed"]
    with session.opened(libvirt_sessions.libvirt("11.3")) as one:
        below = [*descent.descendants(one._virsh.program.popen.pid)]
        words = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in below}
        (pid,) = (pid for pid in below if words[pid].startswith(str(one.libvirt.root)))
        os.kill(pid, signal.SIGKILL)
        for ask in (one.define, one.command_line):
            with pytest.raises(LibvirtError) as error:
                ask(DOMAINS["bare"])
            row.must_show(str(error.value), error.value.exit_code)
    assert not any(Path(f"/proc/{each}").exists() for each in below)
    assert not workspaces(folder)


@provokes("a virsh that never ends its answer", "a virsh that does not answer")
@pytest.mark.parametrize(
    ("script", "row"),
    [
        ("while :; do echo 0123456789012345678901234567890123456789; done",
         "a virsh that never ends its answer"),
        ("while :; do echo 0123456789012345678901234567890123456789 >&2; done",
         "a virsh that never ends its answer"),
        ("exec /usr/bin/sleep 1000", "a virsh that does not answer"),
    ],
)  # fmt: skip
def test_a_virsh_that_will_not_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, row: str
) -> None:
    (folder / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder / "tmp"))
    monkeypatch.setenv("PATH", virsh(folder, script))
    if "sleep" in script:
        monkeypatch.setattr(conversation, "BOUNDS", Bounds(seconds=1))
    asking = session.opened(installation.find("libvirt:host"))
    with pytest.raises(LibvirtError) as error, asking:
        pass
    FAULTS[row].must_show(str(error.value), error.value.exit_code)
    assert not workspaces(folder)


@provokes("libvirt release damaged", "unknown suite of a libvirt")
def test_a_release_is_fetched_listed_damaged_mended_and_removed(
    folder: Path, own_cache: Path
) -> None:
    unknown = pciabi("libvirt", "get", "debian:potato", cwd=folder)
    FAULTS["unknown suite of a libvirt"].must_be_in(unknown)
    with needed("libvirt 11.3", "pciabi libvirt get 11.3"):
        done = pciabi("libvirt", "get", "11.3", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("libvirt:debian:trixie  libvirt 11.3.0  11.3.0-")
    (root,) = own_cache.glob("libvirt/trixie-*/current/root")
    fine = read(folder, "libvirt:11.3")
    assert fine.returncode == 0, fine.stderr
    (driver,) = root.rglob("libvirt_driver_qemu.so")
    whole = driver.read_bytes()
    driver.write_bytes(whole[:-1] + b"?")
    FAULTS["libvirt release damaged"].must_be_in(read(folder, "libvirt:11.3"))
    document = json.loads(pciabi("libvirt", "list", "--json", cwd=folder).stdout)
    assert (document["schema"], document["tool"]) == ("pciabi-libvirts/1", "pciabi")
    (listed,) = (one for one in document["libvirts"] if one["origin"] == "cache")
    assert (listed["name"], listed["version"]) == ("libvirt:debian:trixie", "11.3.0")
    assert "is damaged" in listed["fault"]
    assert pciabi("libvirt", "get", "11.3", cwd=folder).returncode == 0
    assert driver.read_bytes() == whole
    assert read(folder, "libvirt:11.3").returncode == 0
    gone = pciabi("libvirt", "remove", "debian:trixie", cwd=folder)
    assert gone.stdout.startswith("removed libvirt:debian:trixie  libvirt 11.3.0")
    assert "incomplete" not in gone.stdout
    assert not [*own_cache.glob("libvirt/*/current"), *own_cache.glob("libvirt-capabilities/*")]
    assert pciabi("libvirt", "remove", "11.3", cwd=folder).returncode == 2
    assert (
        shutil.which("virsh") is None
        or "libvirt:host" in pciabi("libvirt", "list", cwd=folder).stdout
    )
