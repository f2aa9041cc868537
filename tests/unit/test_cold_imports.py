"""What a cold command may not wait for: each is run in an interpreter of its own, and what that
has loaded at the end is looked at. How long it all takes is for bench/start.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"
SNAPSHOT = GOLDEN / "snapshot" / "qemu-10.0_pc-q35-10.0_cxl.json"
LSPCI = GOLDEN / "lspci" / "qemu-7.2_pc-many.txt"
# What guests, scenarios and reports on a terminal or in a file take.
SLOW = (
    "cryptography",
    "elftools",
    "jinja2",
    "junitparser",
    "paramiko",
    "pexpect",
    "pytest",
    "rich",
    "pciabi.guest",
    "pciabi.scenario",
)
STARTS_NO_QEMU = ("asyncio", "qemu")
READS_NO_DOCUMENT = ("importlib.metadata", "pydantic", "yaml")
_RUN = """\
import json, sys
from pciabi.__main__ import main
try:
    main()
except SystemExit as end:
    print(json.dumps([end.code, sorted(sys.modules)]), file=sys.stderr)
"""


def loaded(folder: Path, *words: str) -> tuple[int, frozenset[str]]:
    """The exit code of a command, and the modules it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    code, names = json.loads(done.stderr.splitlines()[-1])
    return code, frozenset(names)


@pytest.mark.parametrize(
    ("words", "code", "not_loaded"),
    [
        (("--help",), 0, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT, "pciabi.qemu")),
        (("--version",), 0, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT, "pciabi.qemu")),
        (("rules",), 0, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT, "pciabi.qemu")),
        (("lint", "vm.sh"), 1, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT, "pciabi.qemu")),
        (("snapshot", "--help"), 0, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT)),
        (("snapshot", str(LSPCI)), 0, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT)),
        (("snapshot", str(LSPCI), "--format", "text"), 0, (*SLOW, *STARTS_NO_QEMU)),
        (("snapshot", "nothing.json"), 2, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT)),
        (("diff", "--help"), 0, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT)),
        (("diff", str(LSPCI), str(LSPCI)), 0, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT)),
        (("diff", str(LSPCI), str(SNAPSHOT)), 1, (*SLOW, *STARTS_NO_QEMU)),
        (("gate", "--help"), 0, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT)),
        (("gate", "vm.sh", "--to", "./none", "--policy", "vm.sh"), 2, SLOW),
        (("diff", "nothing.json", str(LSPCI)), 2, (*SLOW, *STARTS_NO_QEMU, *READS_NO_DOCUMENT)),
    ],
)
def test_a_cold_command_loads_only_what_it_needs(
    words: tuple[str, ...], code: int, not_loaded: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "vm.sh").write_text("qemu-system-x86_64 -device e1000,id=net0\n")
    ended, names = loaded(tmp_path, *words)
    assert ended == code
    assert sorted(names & set(not_loaded)) == []
