"""What a QEMU says of options, whatever it is that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.errors import QemuError
from pciabi.qemu.binary import Binary
from pciabi.qemu.options import unknown_options


def binary(folder: Path, script: str) -> Binary:
    program = folder / "qemu-system-x86_64"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Binary(str(program), (str(program),), Path("/"), (11, 1, 3), "QEMU emulator")


def test_every_unknown_option_is_found_and_none_is_heeded(tmp_path: Path) -> None:
    looks_up = """
    [ "$1" = -version ] || exit 9
    for word; do case $word in
    -no-hpet|-runas) echo "qemu: $word: invalid option" >&2; exit 1;;
    esac; done
    """
    found = unknown_options(binary(tmp_path, looks_up), ["runas", "m", "no-hpet", "runas"])
    assert found == {"runas", "no-hpet"}


@pytest.mark.parametrize(
    "says",
    ["exit 1", "kill -9 $$", "echo 'qemu: -other: invalid option' >&2; exit 1"],
)
def test_what_tells_nothing_of_its_options_is_no_answer(tmp_path: Path, says: str) -> None:
    with pytest.raises(QemuError):
        unknown_options(binary(tmp_path, says), ["m"])
