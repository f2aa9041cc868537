"""Which of a gate's options can be had together."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from pciabi.cli.main import pciabi
from pciabi.errors import InputError
from pciabi.gate.baselines import MARK


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vm.sh").write_text("qemu-system-x86_64 -device e1000,id=net0\n")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / MARK).write_text("ours")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--record kept --to 10.0", "--record and --to cannot"),
        ("--record kept --to-machine pc", "--record and --to-machine cannot"),
        ("--record kept --new-since HEAD", "--record and --new-since cannot"),
        ("--record kept --accept", "--record and --accept cannot"),
        ("--record kept --from kept", "--record and --against cannot"),
        ("--against kept --from 10.0", "--against and --from cannot"),
        ("--from kept --from-machine pc", "--against and --from-machine cannot"),
        ("--from kept --both-ways", "--against and --both-ways cannot"),
        ("--accept --to 10.0", "--accept needs --against"),
        ("--from 10.0 --policy nothing.yaml --to 11.1", "nothing.yaml:1: cannot be read"),
        ("--policy vm.sh --to 11.1", "vm.sh:1: none of its keys is one of: fail-on"),
    ],
)
def test_what_cannot_be_had_together_is_refused_before_anything_starts(
    words: str, complaint: str, folder: Path
) -> None:
    with pytest.raises((click.UsageError, InputError), match=re.escape(complaint)):
        pciabi.main(["gate", *words.split(), "vm.sh"], standalone_mode=False)
