"""Every example of examples/gate, gated as `script/gate-demo` does it: the known answers come."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gate_demo import EXAMPLES, KNOWN, PCIABI, ROOT, Gated, Known, gate, is_known


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.example} {known.options}")
def test_each_example_ends_as_it_must(known: Known, tmp_path: Path) -> None:
    gated = gate(known, tmp_path)
    assert is_known(known, gated), (gated.answer, gated.printed)


def test_every_example_has_a_known_answer_and_every_answer_an_example() -> None:
    assert {known.example for known in KNOWN} == {path.name for path in EXAMPLES.iterdir()}


def test_another_answer_is_not_taken_for_the_known_one() -> None:
    broken = next(known for known in KNOWN if known.example == "ati-vga.sh")
    report = {"verdict": "break", "changes": [], "will_not_start": [], "causes": []}
    assert not is_known(broken, Gated(1, report, "", 0.0)), "a break for no known reason"
    assert not is_known(broken, Gated(1, None, "", 0.0)), "no report at all"
    stays = next(known for known in KNOWN if known.verdict == "compatible")
    assert not is_known(stays, Gated(3, {**report, "verdict": "error"}, "", 0.0))


def test_the_readme_shows_what_is_printed() -> None:
    readme = (ROOT / "README.md").read_text()
    (words, shown) = re.findall(r"```\n\$ pciabi (gate .*)\n((?s:.*?))```", readme)[0]
    done = subprocess.run(
        [PCIABI, *words.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    printed = done.stdout.splitlines()
    for line in shown.splitlines():
        assert line in (*printed, "…"), done.stdout


def test_a_break_beside_what_could_not_be_tested_is_told_to_git_bisect(tmp_path: Path) -> None:
    neither = tmp_path / "neither.sh"
    neither.write_text("qemu-system-x86_64 -nodefaults -machine pc-i440fx-99.9\n")
    sides = ("--from", "10.0", "--to", "11.1")

    def ended(*words: str | Path) -> int:
        command = [PCIABI, "gate", *sides, *words]
        return subprocess.run(command, capture_output=True, check=False).returncode

    breaking, stays = EXAMPLES / "ati-vga.sh", EXAMPLES / "unchanged.sh"
    untested = ("--untested-exit", "125")
    assert ended(breaking, neither) == 2
    assert ended(breaking, neither, *untested) == 1
    assert ended(stays, neither, *untested) == 125
    assert ended(stays, *untested) == 0
