"""What is kept of a proof of KVM, and when it is no answer any more."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pciabi.cancellation import Cancellation
from pciabi.errors import QemuError
from pciabi.qemu import accelerator, kvm_proof
from pciabi.qemu.binary import Binary
from pciabi.qemu.kvm_proof import Circumstances, Outcome
from pciabi.qemu.wish import Wish

FAULT = "a test kernel did not end"


class Machine:
    """A machine with a device node and a QEMU that are files, and an invented proof."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        self.node, self.qemu, self.boot = folder / "kvm", folder / "qemu", folder / "boot_id"
        for file in (self.node, self.qemu):
            file.write_bytes(b"")
        self.boot.write_text("f00-1\n")
        monkeypatch.setattr(kvm_proof, "DEVICE", self.node)
        monkeypatch.setattr(kvm_proof, "_BOOT_ID", self.boot)
        monkeypatch.setattr(accelerator, "trouble", self.prove)
        self.banner = "QEMU emulator version 7.2.0"
        self.fault: str | None = FAULT
        self.proofs = 0
        self.cache = folder / "cache/pciabi/kvm"

    def prove(self, *_: object) -> str | None:
        self.proofs += 1
        return self.fault

    @property
    def binary(self) -> Binary:
        return Binary(
            "qemu", ("env", f"X={'x' * 9000}", str(self.qemu)), Path("/"), (7, 2, 0), self.banner
        )

    def now(self) -> Circumstances:
        found = kvm_proof.circumstances(self.binary)
        assert found is not None
        return found

    def choose(self, wish: Wish = Wish.AUTO) -> str:
        return accelerator.choose(self.binary, wish, Cancellation()).reason


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_a_proof_is_made_once_and_the_reason_says_since_when(machine: Machine) -> None:
    assert machine.choose() == f"TCG, because KVM does not work here: {FAULT}"
    assert machine.choose() == (
        f"TCG, because KVM does not work here: {FAULT} "
        "(tried earlier in this boot; --accel kvm tries again)"
    )
    assert machine.proofs == 1
    assert [path.suffix for path in machine.cache.iterdir()] == [".json"]


def test_kvm_that_is_asked_for_is_tried_again_and_what_it_shows_counts(machine: Machine) -> None:
    machine.choose()
    with pytest.raises(QemuError, match="KVM does not work here"):
        machine.choose(Wish.KVM)
    machine.fault = None
    assert machine.choose(Wish.KVM) == "KVM: a test kernel ran"
    assert machine.choose() == "KVM: a test kernel ran earlier in this boot"
    assert machine.choose(Wish.KVM) == "KVM: a test kernel ran earlier in this boot"
    assert machine.proofs == 3
    assert machine.choose(Wish.TCG) == "TCG, as asked for"


def restart(machine: Machine) -> None:
    machine.boot.write_text("f00-2\n")


def update(machine: Machine) -> None:
    machine.qemu.write_bytes(b"newer")


def touch(machine: Machine) -> None:
    os.utime(machine.qemu, ns=(1, 1))


def exchange(machine: Machine) -> None:
    other = machine.qemu.with_name("other")
    other.write_bytes(machine.qemu.read_bytes())
    os.utime(other, ns=(machine.qemu.stat().st_mtime_ns,) * 2)
    other.replace(machine.qemu)


def upgrade(machine: Machine) -> None:
    machine.banner = "QEMU emulator version 7.2.1"


def allow(machine: Machine) -> None:
    machine.node.chmod(0o600)


def recreate(machine: Machine) -> None:
    other = machine.node.with_name("other")
    other.write_bytes(b"")
    other.replace(machine.node)


CHANGES = (restart, update, touch, exchange, upgrade, allow, recreate)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.__name__))
def test_whatever_decides_on_it_makes_another_proof(
    machine: Machine, change: Callable[[Machine], None]
) -> None:
    machine.choose()
    change(machine)
    machine.choose()
    assert machine.proofs == 2


def test_a_user_who_may_not_use_the_device_has_proofs_of_his_own(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.choose()
    monkeypatch.setattr("os.access", lambda *_: False)
    machine.choose()
    assert machine.proofs == 2


def test_what_another_boot_left_is_forgotten(machine: Machine) -> None:
    machine.choose()
    (old,) = machine.cache.iterdir()
    (machine.cache / "damaged.json").write_bytes(b"\xff{")
    restart(machine)
    machine.choose()
    (left,) = machine.cache.iterdir()
    assert left != old


def changed(**fields: object) -> Callable[[bytes], bytes]:
    return lambda text: json.dumps({**json.loads(text), **fields}).encode()


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda text: text[: len(text) // 2],
    "not UTF-8": lambda _: b"\xff\xfe\x00",
    "nested deeply": lambda _: b"[" * 90_000,
    "a list": lambda _: b"[]",
    "larger than anything of ours": lambda text: b" " * 200_000 + text,
    "another schema": changed(schema="pciabi-kvm-proof/0"),
    "other circumstances": changed(circumstances={"boot": "f00-1"}),
    "no outcome": lambda text: text.replace(b'"fault"', b'"default"'),
    "a number for an outcome": changed(fault=1),
    "an empty outcome": changed(fault=""),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_tells_nothing_and_is_replaced(machine: Machine, kind: str) -> None:
    machine.choose()
    (file,) = machine.cache.iterdir()
    file.write_bytes(DAMAGE[kind](file.read_bytes()))
    assert kvm_proof.recall(machine.now()) is None
    machine.choose()
    assert kvm_proof.recall(machine.now()) == Outcome(FAULT)
    assert machine.proofs == 2


def test_a_pipe_a_folder_and_somebody_elses_file_tell_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.choose()
    (file,) = machine.cache.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr("os.geteuid", lambda: 12345)
        assert kvm_proof.recall(machine.now()) is None
    file.unlink()
    os.mkfifo(file)
    assert kvm_proof.recall(machine.now()) is None
    file.unlink()
    file.mkdir()
    machine.choose()
    assert machine.proofs == 2


def test_a_cache_that_cannot_be_written_is_no_fault(machine: Machine) -> None:
    machine.cache.parent.parent.write_bytes(b"a file, where the cache should be")
    machine.choose()
    machine.choose()
    assert machine.proofs == 2


def test_runs_at_the_same_time_do_not_disturb_each_other(machine: Machine) -> None:
    now = machine.now()
    with ThreadPoolExecutor(8) as executor:
        executor.map(lambda _: kvm_proof.keep(now, Outcome(FAULT)), range(100))
        said = list(executor.map(lambda _: kvm_proof.recall(now), range(100)))
    assert set(said) <= {None, Outcome(FAULT)}
    assert kvm_proof.recall(now) == Outcome(FAULT)
    assert len(list(machine.cache.iterdir())) == 1


def test_nothing_is_kept_where_the_device_or_the_boot_is_unknown(machine: Machine) -> None:
    machine.boot.unlink()
    assert kvm_proof.circumstances(machine.binary) is None
    machine.choose()
    assert not machine.cache.exists()
    machine.boot.write_text("f00-1")
    machine.node.unlink()
    assert kvm_proof.circumstances(machine.binary) is None
