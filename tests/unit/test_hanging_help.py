"""Programs that answer --version as a QEMU does, and then hang or talk for ever: each question
ends within its limit in one clear error, and nothing of them is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from pciabi.errors import PciabiError
from pciabi.programs import Bounds
from pciabi.qemu import drivers, machines, unpack
from pciabi.qemu.binary import Binary
from pciabi.vm.config import Device
from tests.unit.descriptors import descriptors

Question = Callable[[Binary], object]

QUESTIONS: dict[str, tuple[ModuleType, Question]] = {
    "-device e1000,help": (
        drivers,
        lambda qemu: drivers.accepted_properties(qemu, Device("e1000", "n0")),
    ),
    "-machine help": (machines, lambda qemu: machines.versioned(qemu, "pc", None)),
    "-device help": (unpack, lambda qemu: unpack.must_load_modules(qemu.command)),
}
HANGING = {
    "hangs": "exec sleep 60",
    "hangs in a child": "sleep 60 & wait",
    "hangs in another session": "setsid sleep 60 & wait",
    "hangs with its outputs closed": "exec >&- 2>&-; exec sleep 60",
    "hangs in the middle of its answer": "echo 'name \"e1000\"'; exec sleep 60",
    "talks for ever, a little": "while :; do echo; sleep 0.02; done",
}
TALKING = {
    "answers without an end": "yes",
    "complains without an end": "yes >&2",
    "answers in a line without an end": "tr '\\0' x </dev/zero",
    "has a child that answers without an end": "setsid yes & wait",
}


def qemu(folder: Path, script: str) -> Binary:
    """A program whose every descendant has the folder's name in its environment."""
    command = ("env", f"FOLDER={folder}", "sh", "-c", script, "qemu")
    return Binary("./qemu", command, Path("/"), (7, 2, 0), "QEMU emulator version 7.2.0")


def left(folder: Path) -> list[str]:
    """The processes that have the folder's name in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"FOLDER={folder}".encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue
    return found


def must_end(question: str, script: str, words: str, folder: Path) -> None:
    before = descriptors()
    with pytest.raises(PciabiError) as caught:
        QUESTIONS[question][1](qemu(folder, script))
    assert str(caught.value).endswith(f"{question} {words}")
    assert "\n" not in str(caught.value)
    assert left(folder) == []
    assert descriptors() == before


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("script", HANGING.values(), ids=HANGING)
def test_a_question_that_is_never_answered(
    question: str, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QUESTIONS[question][0], "_BOUNDS", Bounds(seconds=0.2))
    must_end(question, script, "did not end in 0.2 s", tmp_path)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("script", TALKING.values(), ids=TALKING)
def test_a_question_that_is_answered_without_an_end(
    question: str, script: str, tmp_path: Path
) -> None:
    must_end(question, script, "says more than 1,000,000 bytes", tmp_path)


def test_each_question_has_its_limit() -> None:
    limits = {question: module._BOUNDS for question, (module, _) in QUESTIONS.items()}
    assert {question: limit.seconds for question, limit in limits.items()} == {
        "-device e1000,help": 20,
        "-machine help": 20,
        # It loads every module that an unpacked QEMU has.
        "-device help": 120,
    }
