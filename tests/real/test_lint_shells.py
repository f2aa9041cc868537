"""The reader of shell scripts against the shells themselves: what QEMU would get is what is read.

Random scripts with wrapper functions run with a QEMU that writes its arguments down.
"""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from pciabi.vm import reading
from pciabi.vm.command_line.shell import command_lines
from pciabi.vm.command_line.source import Source

RECORDER = """\
#!/bin/sh
printf '%s\\0' "$#" "$@" >> "$CALLS"
"""
QEMU = "qemu-system-x86_64"
# How a function passes on what it gets; {call} is what it runs.
BODIES = (
    '{call} -nodefaults "$@"',
    "{call} $*",
    '{call} "$1" ${{2}} "$3"',
    'set -- -S "$@" -vga none; {call} "$@"',
    '{call} ${{1+"$@"}}',
    'if true; then {call} -m "$1"; fi',
    'N="$1"; {call} -name "$N" -append "$*"',
    '"$@"',
    'eval "{call} -name \\"\\$1\\""',
    '{call} -drive "file=$1,format=raw"',
)
# dash ends where there is less to shift.
ONLY_BASH = (
    'first=$1; shift; {call} "$@" -name "$first"',
    'local a="$1" b=$2; shift 2; {call} -name "$a$b" "$@"',
    '{call} "${{@:2}}"',
    'local all=("$@"); {call} "${{all[@]}}"',
    'A+=("$@"); {call} "${{A[@]}}"',
)
WORDS = (
    "-m",
    "1",
    "-device",
    "e1000,id=a",
    "'two words'",
    '"$V"',
    "$V",
    '"$E"',
    "$E",
    "$TWO",
    "''",
    '"a"b',
)
HEAD = 'V=value E= TWO="-smp 2"\n'


def script(seed: int, shell: str) -> str:
    choose = random.Random(seed)
    bodies = (*BODIES, *ONLY_BASH) if shell == "bash" else BODIES
    text, callees = HEAD, [QEMU]
    for number in range(choose.randint(1, 4)):
        body = choose.choice(bodies).format(call=choose.choice(callees))
        text += f"f{number}() {{ {body}; }}\n"
        callees.append(f"f{number}")
    # One that nothing calls would be read with arguments that are not known.
    for called in (*callees[1:], *choose.choices(callees[1:], k=2)):
        # `"$@"` alone runs its arguments.
        words = choose.choices(WORDS, k=choose.randint(2, 5))
        start = f"{called} {QEMU}" if f'{called}() {{ "$@"' in text else called
        # What a branch adds to an array may not be there, as far as reading can tell.
        branch = "" if "A+=" in text else "if true; then "
        text += choose.choice(["", "TWO=other ", branch])
        text += f"{start} {' '.join(words)}"
        text += "; fi\n" if text.rsplit("\n", 1)[-1].startswith("if ") else "\n"
    return text


def run(shell: str, text: str, folder: Path) -> list[tuple[str, ...]]:
    """The arguments of every QEMU that the script starts."""
    program = folder / QEMU
    program.write_text(RECORDER)
    program.chmod(0o755)
    calls = folder / "calls"
    calls.touch()
    subprocess.run(
        [shell, "-c", text],
        env={"PATH": f"{folder}:{os.environ['PATH']}", "CALLS": str(calls)},
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    rest = [word.decode() for word in calls.read_bytes().split(b"\0")[:-1]]
    found: list[tuple[str, ...]] = []
    while rest:
        count = int(rest.pop(0))
        found.append(tuple(rest[:count]))
        del rest[:count]
    return found


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_what_qemu_gets_is_what_is_read(shell: str, tmp_path: Path) -> None:
    for seed in range(150):
        folder = tmp_path / str(seed)
        folder.mkdir()
        text = script(seed, shell)
        read = [found.arguments for found in command_lines(Source(text, "vm.sh"))]
        assert not any(word.unresolved for words in read for word in words), text
        got = run(shell, text, folder)
        assert {tuple(word.text for word in words) for words in read} == set(got), text


def test_a_wrapper_s_hardware_is_that_of_its_call(tmp_path: Path) -> None:
    script = tmp_path / "vm.sh"
    script.write_text(f'run() {{ {QEMU} -nodefaults "$@"; }}\nrun -M pc -device e1000,id=a\n')
    (line,) = reading.read_all(script)
    assert run("bash", script.read_text(), tmp_path) == [
        ("-nodefaults", *(w for o in line.options[1:] for w in o.written.split(" ")))
    ]
