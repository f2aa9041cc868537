"""The proof that an accelerator runs guest code, on accelerators that do and do not."""

from __future__ import annotations

from pathlib import Path

from pciabi.cancellation import Cancellation
from pciabi.qemu import accelerator, binary


def test_the_test_kernel_runs_where_guest_code_runs() -> None:
    # Were the kernel itself wrong, every KVM would look broken.
    assert accelerator.trouble(binary.find(None), "tcg", Cancellation()) is None


def test_an_accelerator_that_does_not_exist_is_not_taken_for_one() -> None:
    fault = accelerator.trouble(binary.find(None), "warp", Cancellation())
    assert fault is not None
    assert "warp" in fault


def test_auto_always_finds_one_and_says_why() -> None:
    chosen = accelerator.choose(binary.find(None), accelerator.Wish.AUTO, Cancellation())
    assert chosen.name in {"kvm", "tcg"}
    if not Path("/dev/kvm").exists():
        assert chosen.reason == "TCG, because KVM does not work here: there is no /dev/kvm"
    assert "\n" not in chosen.reason
