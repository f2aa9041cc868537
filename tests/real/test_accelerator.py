"""The proof that an accelerator runs guest code, on accelerators that do and do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.cancellation import Cancellation
from pciabi.qemu import accelerator, binary, kvm_proof
from pciabi.qemu.wish import Wish


def test_the_test_kernel_runs_where_guest_code_runs() -> None:
    # Were the kernel itself wrong, every KVM would look broken.
    assert accelerator.trouble(binary.find(None), "tcg", Cancellation()) is None


def test_an_accelerator_that_does_not_exist_is_not_taken_for_one() -> None:
    fault = accelerator.trouble(binary.find(None), "warp", Cancellation())
    assert fault is not None
    assert "warp" in fault


def test_auto_always_finds_one_and_says_why() -> None:
    chosen = accelerator.choose(binary.find(None), Wish.AUTO, Cancellation())
    assert chosen.name in {"kvm", "tcg"}
    if not Path("/dev/kvm").exists():
        assert chosen.reason == "TCG, because KVM does not work here: there is no /dev/kvm"
    assert "\n" not in chosen.reason


@pytest.fixture
def qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A QEMU that writes down each of its starts, on a machine with a device node for KVM."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    node = Path("/dev/kvm")
    if not node.exists():
        node = tmp_path / "kvm"
        node.touch()
    monkeypatch.setattr(kvm_proof, "DEVICE", node)
    program = tmp_path / "qemu"
    starts = tmp_path / "starts"
    starts.touch()
    program.write_text(f'#!/bin/sh\necho "$*" >>{starts}\nexec qemu-system-x86_64 "$@"\n')
    program.chmod(0o755)
    return program


def proofs(qemu: Path) -> int:
    """How many QEMUs were started with the test kernel."""
    return qemu.with_name("starts").read_text().count("isa-debug-exit")


def test_only_the_first_run_of_a_boot_proves_and_another_qemu_is_proved_anew(qemu: Path) -> None:
    def choose() -> accelerator.Accelerator:
        return accelerator.choose(binary.find(str(qemu)), Wish.AUTO, Cancellation())

    first = choose()
    assert proofs(qemu) == 1
    second = choose()
    assert proofs(qemu) == 1
    assert second.name == first.name
    assert second.reason.startswith(first.reason)
    assert "earlier in this boot" in second.reason
    qemu.write_text(qemu.read_text() + "# another\n")
    assert choose().reason == first.reason
    assert proofs(qemu) == 2
