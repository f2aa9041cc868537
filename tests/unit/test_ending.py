"""With which code a command ends: what was not tested is never told as a break, nor as a pass."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pciabi.cli.ending import Ending

PCIABI = Path(sys.executable).with_name("pciabi")
LSPCI = Path(__file__).parents[1] / "golden/lspci"
BEFORE = str(LSPCI / "qemu-7.2_pc-two-nics.txt")
AFTER = str(LSPCI / "qemu-7.2_pc-first-nic-removed.txt")


def ended(words: Sequence[str], folder: Path) -> int:
    done = subprocess.run([PCIABI, *words], cwd=folder, capture_output=True, check=False)
    return done.returncode


@pytest.mark.parametrize(
    ("codes", "usual", "untested"),
    [
        ((0,), 0, 0),
        ((0, 0), 0, 0),
        ((1,), 1, 1),
        ((0, 1), 1, 1),
        ((2,), 2, 125),
        ((3,), 3, 125),
        ((0, 3), 3, 125),
        ((2, 3), 2, 125),
        ((3, 1), 3, 1),
        ((2, 1, 0), 2, 1),
    ],
)
def test_a_proved_break_outranks_what_was_not_tested(
    codes: tuple[int, ...], usual: int, untested: int
) -> None:
    assert Ending().code(codes) == usual
    assert Ending(untested=125).code(codes) == untested


@pytest.mark.parametrize("code", [130, 143])
def test_a_signal_keeps_its_code(code: int) -> None:
    assert Ending(untested=125).code_of_error(code) == code


@pytest.mark.parametrize(
    ("words", "usual", "untested"),
    [
        (("diff", BEFORE, BEFORE), 0, 0),
        (("diff", BEFORE, AFTER), 1, 1),
        (("diff", BEFORE, "missing.sh"), 2, 77),
        (("diff", BEFORE, "/dev/null"), 3, 77),
        (("diff", BEFORE), 2, 77),
        (("diff", "--facts", "nothing", BEFORE, AFTER), 2, 77),
        (("diff", "--fail-on", "nothing", BEFORE, AFTER), 2, 77),
        (("diff", "--from", "7.2", BEFORE, AFTER), 2, 77),
        (("diff", "--report-dir", "/dev/null/no", BEFORE, AFTER), 3, 1),
        (("diff", "--report-dir", "/dev/null/no", BEFORE, BEFORE), 3, 77),
        (("diff", "--no-such-option", BEFORE, AFTER), 2, 2),
        (("run", "no-such-scenario"), 2, 77),
        (("gate", "no-such-file", "--to", "7.2"), 2, 77),
        (("gate", "--to", "7.2"), 2, 77),
    ],
)
def test_commands_end_as_they_are_asked_to(
    words: tuple[str, ...], usual: int, untested: int, tmp_path: Path
) -> None:
    assert ended(words, tmp_path) == usual
    assert ended((*words, "--untested-exit", "77"), tmp_path) == untested


@pytest.mark.parametrize("number", ["0", "1", "126", "-1", "many"])
def test_nothing_may_be_made_to_look_like_a_pass_or_a_break(number: str) -> None:
    words = ("diff", "--untested-exit", number, BEFORE, BEFORE)
    done = subprocess.run([PCIABI, *words], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"--untested-exit" in done.stderr
