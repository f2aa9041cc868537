"""Real libvirts of three releases, without a daemon: what they complete, how they start QEMU, and
what is left of them."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from pciabi import descent
from pciabi.distribution import cache
from pciabi.libvirt import capabilities, installation, session
from pciabi.libvirt.session import Session
from tests.real import libvirt_sessions
from tests.real.command import environment, wait_for, workspaces
from tests.real.libvirt_sessions import DOMAINS, QEMU_OF, Sessions, asked, domain

# What differs from one start to the next: its number, and descriptors that are handed over.
_NUMBER = re.compile(r"/domain-\d+-")
_DESCRIPTOR = re.compile(r'("?fd"?[=:]"?)\d+')
_PCI = "type='pci' domain='0x0000' bus='0x"


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    """The libvirts that are asked, until the last test."""
    with ExitStack() as stack:
        yield Sessions(stack)


@pytest.fixture(params=QEMU_OF)
def one(request: pytest.FixtureRequest, sessions: Sessions) -> Session:
    """A session with each released libvirt."""
    return sessions.of(request.param)


def steady(words: tuple[str, ...]) -> list[str]:
    return [_DESCRIPTOR.sub(r"\1N", _NUMBER.sub("/domain-N-", word)) for word in words]


def processes(folder: Path) -> list[str]:
    """Command lines of all that runs in a sandbox of a run in this folder, whoever's child it is:
    there a folder of the run's is mounted."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"{folder}/tmp/pciabi-" in (entry / "mountinfo").read_text():
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return found


@pytest.mark.parametrize("name", DOMAINS)
def test_the_command_line_is_that_of_a_qemu_that_libvirt_really_starts(
    one: Session, name: str
) -> None:
    written = one.command_line(DOMAINS[name])
    with one.started(DOMAINS[name]) as running:
        assert steady(written) == steady(running)
    assert written[0] == "-name"
    assert "-machine" in written


def test_what_is_defined_has_every_address_and_is_defined_as_it_is(one: Session) -> None:
    defined = one.define(DOMAINS["nics"])
    assert defined.count(_PCI) >= 6
    assert "model='pcie-root-port'" in defined
    assert f"<emulator>{session.EMULATOR}</emulator>" in defined
    assert one.define(defined) == defined


def test_it_answers_many_threads(one: Session) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(one.define, [*DOMAINS.values()] * 2))
    assert found[: len(DOMAINS)] == found[len(DOMAINS) :]
    assert len(set(found)) == len(DOMAINS)


def test_the_domains_own_emulator_is_never_started(one: Session, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\n: >{tmp_path}/sprung\n")
    trap.chmod(0o755)
    xml = domain(f"<emulator>{trap}</emulator>")
    one.define(xml)
    one.command_line(xml)
    with one.started(xml):
        pass
    assert not (tmp_path / "sprung").exists()


def test_no_file_of_the_hosts_is_written(one: Session, tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    xml = domain(f"<serial type='file'><source path='{log}'/></serial>")
    one.define(xml)
    with pytest.raises(session.Refused, match=r"Read-only file system"), one.started(xml):
        pass
    assert not log.exists()
    one.define(DOMAINS["bare"])


def test_others_may_be_asked_of_while_one_runs_and_no_daemon_does(one: Session) -> None:
    other = DOMAINS["pc"].replace("web", "other").replace("5d7d1608", "00000001")
    before = one.define(other)
    with one.started(DOMAINS["bare"]) as running:
        assert one.define(other) == before
        assert "guest=other,debug-threads=on" in one.command_line(other)
        with one.started(other) as also:
            assert "guest=other,debug-threads=on" in also
            assert "guest=web,debug-threads=on" in running
            below = descent.descendants(one._virsh.program.popen.pid)
            words = [Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0] for pid in below]
        assert not any("virtlogd" in word for word in words), words
    assert one.define(DOMAINS["bare"]).count("<domain ") == 1


def test_a_start_that_libvirt_refuses_is_not_taken_for_the_one_before(one: Session) -> None:
    one.command_line(DOMAINS["bare"])
    disk = "<disk type='file'>\n<source file='/nowhere/disk'/><target dev='vda'/></disk>"
    with pytest.raises(session.Refused, match=r"vm\.xml:9: .*/nowhere/disk"):
        one.command_line(domain(disk), "vm.xml")


def test_what_it_was_written_in_does_not_matter(one: Session) -> None:
    declared = "<?xml version='1.0' encoding='ISO-8859-1'?>\n" + domain("").replace(
        "web", "gebäude"
    )
    assert "<name>gebäude</name>" in one.define(declared)


def test_a_refusal_names_no_path_of_ours(one: Session) -> None:
    with pytest.raises(session.Refused, match="'qemu-system-x86_64' does not support") as refusal:
        one.define(re.sub(r"machine='[^']*'", "machine='pc-q35-99'", DOMAINS["bare"]))
    assert session.EMULATOR not in str(refusal.value)


def test_there_is_no_kvm(one: Session) -> None:
    with pytest.raises(session.Refused, match=r"(?i)kvm"):
        one.define(DOMAINS["bare"].replace("type='qemu'", "type='kvm'"))


# As an ordinary user: one without a capability, whoever he is for those outside.
@pytest.mark.parametrize(
    "around", [(), ("unshare", "--user", "--map-user=1001", "--map-group=1001", "--")]
)
def test_it_takes_no_root(tmp_path: Path, around: tuple[str, ...]) -> None:
    libvirt_sessions.libvirt("11.3")
    (tmp_path / "vm.xml").write_text(DOMAINS["nics"])
    for wanted in ("libvirt:11.3", "libvirt:host"):
        done = asked(tmp_path, wanted, "command-line", "vm.xml", around=around)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("-name\nguest=web,debug-threads=on\n-S\n")
    assert not workspaces(tmp_path)
    assert not processes(tmp_path)


def own_cache(folder: Path) -> Path:
    """A cache with the same releases, in which no libvirt has found anything out."""
    own = folder / "cache/pciabi"
    own.mkdir(parents=True)
    for kind in ("libvirt", "qemu"):
        (own / kind).symlink_to(cache.root() / kind)
    return own


def test_several_at_once_find_out_what_a_qemu_has_only_once(tmp_path: Path) -> None:
    libvirt_sessions.libvirt("11.3")
    own = own_cache(tmp_path)
    (tmp_path / "vm.xml").write_text(DOMAINS["pc"])
    with ThreadPoolExecutor(3) as threads:
        asking = [
            threads.submit(
                asked, tmp_path, "libvirt:11.3", "define", "vm.xml", XDG_CACHE_HOME=str(own.parent)
            )
            for _ in range(3)
        ]
        done = [each.result() for each in asking]
    assert [each.returncode for each in done] == [0, 0, 0], done
    assert len({each.stdout for each in done}) == 1
    (shelf,) = (own / "libvirt-capabilities").iterdir()
    (content,) = (path for path in shelf.iterdir() if path.name not in ("current", "lock"))
    assert len(list(content.glob("capabilities/*.xml"))) == 1


def test_another_qemu_is_asked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_cache(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    program = tmp_path / "qemu"
    known = []
    for comment in ("one", "another"):
        program.write_text(f'#!/bin/sh\n# {comment}\nexec qemu-system-x86_64 "$@"\n')
        program.chmod(0o755)
        libvirt = installation.find(f"libvirt:host@{program}")
        known += [capabilities.ensure(libvirt), capabilities.ensure(libvirt)]
    assert known[0] == known[1] != known[2] == known[3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_us(tmp_path: Path, number: signal.Signals) -> None:
    libvirt_sessions.libvirt("11.3")
    (tmp_path / "vm.xml").write_text(DOMAINS["bare"])
    running = subprocess.Popen(
        libvirt_sessions.command("libvirt:11.3", "started", "vm.xml"),
        cwd=tmp_path,
        env=environment(tmp_path) | {"PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "started\n"
    assert any("-name guest=web" in line for line in processes(tmp_path))
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    if number == signal.SIGKILL:
        # What it was begun with ends by itself; its folder, the next run removes.
        wait_for(lambda: not processes(tmp_path), 10)
        assert asked(tmp_path, "libvirt:11.3", "define", "vm.xml").returncode == 0
    else:
        assert (running.returncode, said) == (128 + number, f"pciabi: stopped by signal {number}\n")
    assert not processes(tmp_path)
    assert not workspaces(tmp_path)
