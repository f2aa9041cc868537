"""A user's own guest: whatever keeps it from letting us in or answering is one clear line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.real.command import guests, pciabi, start, wait_for_guest, workspaces
from tests.real.fault_table import FAULTS, provokes
from tests.real.foreign_guest import CONSOLE, ONE, SSH, VARIABLES, Secrets, fresh_secrets, place

AS_GUEST = SSH.replace("user: root", "user: guest")
NO_PASSWORD = CONSOLE.replace(", password-from: PCIABI_TEST_PASSWORD", "")


@dataclass(frozen=True)
class Provocation:
    """A guest that has a fault: its login, its wishes (see foreign/init), who logs in."""

    fault: str
    login: str = CONSOLE
    wishes: str = ""
    user: str = "root"
    password: str = ""
    seconds: int = 200

    @property
    def title(self) -> str:
        """What the test is called."""
        return f"{self.fault.removeprefix('own guest: ')}{' (SSH)' if 'ssh' in self.login else ''}"


SAMPLE = (
    Provocation("own guest: wrong password", password="Pw-of-another"),
    Provocation("own guest: no password named", NO_PASSWORD),
    Provocation("own guest: user is not root", user="guest"),
    Provocation("own guest: lspci missing", SSH, wishes="no-lspci"),
    Provocation("own guest: no login prompt", wishes="silent", seconds=6),
    Provocation("own guest: noise on the console", wishes="noisy"),
    Provocation("own guest: no SSH server", SSH, wishes="deaf", seconds=6),
    Provocation("own guest: kernel panic", wishes="panic"),
)
REST = (
    Provocation("own guest: unknown user", user="somebody"),
    Provocation("own guest: user is not root", AS_GUEST),
    Provocation("own guest: lspci missing", wishes="no-lspci"),
    Provocation("own guest: kernel panic", SSH, wishes="panic"),
)


@provokes(*{provocation.fault for provocation in (*SAMPLE, *REST)})
@pytest.mark.parametrize(
    "provocation",
    [
        *(pytest.param(one, id=one.title) for one in SAMPLE),
        *(pytest.param(one, id=one.title, marks=pytest.mark.full) for one in REST),
    ],
)
def test_a_guest_with_a_fault(tmp_path: Path, provocation: Provocation) -> None:
    given = fresh_secrets()
    changes = f"timeout: {provocation.seconds}\n"
    own = place(tmp_path, provocation.login, given, provocation.wishes, changes)
    environment = given.environment(provocation.user)
    if provocation.password:
        environment["PCIABI_TEST_PASSWORD"] = provocation.password
    done = pciabi("run", own, *ONE, cwd=tmp_path, **environment)
    FAULTS[provocation.fault].must_be_in(done)
    for path in (tmp_path / "reports").rglob("*"):
        assert not path.is_file() or environment["PCIABI_TEST_PASSWORD"] not in path.read_text()
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


@provokes("own guest: variable not set")
@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_that_is_not_set(tmp_path: Path, variable: str) -> None:
    given = fresh_secrets()
    own = place(tmp_path, CONSOLE, given)
    environment = given.environment()
    del environment[variable]
    done = pciabi("run", own, *ONE, cwd=tmp_path, **environment)
    FAULTS["own guest: variable not set"].must_be_in(done)
    assert variable in done.stdout


@provokes("own guest: SSH key refused", "own guest: wrong host key")
@pytest.mark.parametrize(
    ("fault", "changed"),
    [("own guest: SSH key refused", "key"), ("own guest: wrong host key", "host.pub")],
)
def test_keys_that_are_not_the_guests(tmp_path: Path, fault: str, changed: str) -> None:
    own = place(tmp_path, SSH, fresh_secrets())
    kept = {name: (tmp_path / name).read_bytes() for name in ("key", "host.pub")}
    fresh_secrets().write_keys(tmp_path)
    for name in kept.keys() - {changed}:
        (tmp_path / name).write_bytes(kept[name])
    FAULTS[fault].must_be_in(pciabi("run", own, *ONE, cwd=tmp_path))


@provokes("own guest: unknown CPU")
def test_a_cpu_that_qemu_does_not_have(tmp_path: Path) -> None:
    own = place(tmp_path, f"cpu: Pentium9\n{SSH}", fresh_secrets())
    FAULTS["own guest: unknown CPU"].must_be_in(pciabi("run", own, *ONE, cwd=tmp_path))


@provokes("own guest: hot-plugging")
def test_hot_plugging_is_refused_before_anything_boots(tmp_path: Path) -> None:
    given: Secrets = fresh_secrets()
    own = place(tmp_path, CONSOLE, given)
    text = (tmp_path / own).read_text()
    hotplug = "  - hotplug: {driver: virtio-rng-pci, id: rng0, addr: 0x9}\n  - expect:"
    (tmp_path / own).write_text(text.replace("  - expect:", hotplug))
    done = pciabi("run", own, *ONE, cwd=tmp_path, **given.environment())
    FAULTS["own guest: hot-plugging"].must_be_in(done)


def test_the_secrets_stay_out_of_qemus_environment(tmp_path: Path) -> None:
    given = fresh_secrets()
    own = place(tmp_path, CONSOLE, given, "silent")
    running = start("run", own, *ONE, cwd=tmp_path, **given.environment())
    variables = Path(f"/proc/{wait_for_guest(tmp_path)}/environ").read_text()
    running.terminate()
    running.communicate(timeout=60)
    assert "\0PATH=" in variables
    assert given.password not in variables


def test_a_guest_on_its_console_needs_no_nic_at_all(tmp_path: Path) -> None:
    given = fresh_secrets()
    own = place(tmp_path, CONSOLE, given)
    (tmp_path / own).write_text(
        "summary: the only NIC goes, and the disk stays\n"
        "image: guest.yaml\n"
        "machine: pc\n"
        "devices:\n"
        "  - {driver: virtio-net-pci, id: net0, addr: 0x3}\n"
        "  - {driver: virtio-rng-pci, id: rng0, addr: 0x5}\n"
        "steps: [boot, {remove: net0}, boot, {expect: {rng0: {address: unchanged}}}]\n"
    )
    done = pciabi("run", own, cwd=tmp_path, **given.environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rng0 stays at 0000:00:05.0" in done.stdout
