"""QEMU started by a function of a script: with the arguments of each call in the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import InputError
from pciabi.vm import reading
from pciabi.vm.command_line.option import OPEN, QemuCommandLine

QEMU = "qemu-system-x86_64 -nodefaults"


def lines(script: str) -> list[QemuCommandLine]:
    return list(reading.read_all(Path("vm.sh"), raw=script.encode()))


def said(script: str) -> list[list[str]]:
    """What each QEMU gets, behind -nodefaults."""
    return [[option.written for option in line.options[1:]] for line in lines(script)]


@pytest.mark.parametrize(
    "body",
    [
        f'{{ {QEMU} "$@"; }}',
        f'{{ {QEMU} "${{@}}"; }}',
        f"{{ {QEMU} $*; }}",
        f"{{ {QEMU} $@; }}",
        f"{{ {QEMU} ${{*}}; }}",
        f'( exec {QEMU} "$@" )',
        f'{{\n  if true; then {QEMU} "$@"; fi\n}}',
        f'{{ set -- {QEMU} "$@"; "$@"; }}',
        f'{{ local all=("$@"); {QEMU} "${{all[@]}}"; }}',
        f'{{ local a="$*"; {QEMU} $a; }}',
        f'{{ {QEMU} "$1" "$2" "$3" "$4"; }}',
        f'{{ {QEMU} $1 "$2" "${{@:3}}"; }}',
        f'{{ local first=$1; shift; {QEMU} "$first" "$@"; }}',
        f'{{ local a=$1 b=$2; shift 2; {QEMU} "$a" "$b" "$@"; }}',
        f'{{ {QEMU} ${{1+"$@"}}; }}',
        f'{{ inner "$@"; }}; inner() {{ {QEMU} "$@"; }}',
        f'{{ eval "{QEMU} $*"; }}',
        f'{{ echo "+ $*"; sudo {QEMU} "$@" || exit 1; }}',
    ],
)
def test_a_function_gets_the_arguments_of_its_calls(body: str) -> None:
    script = f"#!/bin/bash\nrun() {body}\nrun -m 1 -device e1000\nrun -m 2 -device rtl8139\n"
    assert said(script) == [["-m 1", "-device e1000"], ["-m 2", "-device rtl8139"]]
    last = script.count("\n")
    for line, at in zip(lines(script), (last - 1, last), strict=True):
        assert [option.position.line for option in line.options[1:]] == [at, at]
        assert line.called_at is not None
        assert (line.called_at.line, line.called_at.column) == (at, 1)


@pytest.mark.parametrize(
    "script",
    [
        f'run() {{ "$@"; }}; run {QEMU} -m 1',
        f'retry() {{ shift; "$@"; }}; run() {{ {QEMU} "$@"; }}; retry 3 run -m 1',
        f'function run {{ {QEMU} -m "$1"; }}; run 1',
        f'function run() {{ {QEMU} -m "$MEM"; }}; MEM=1 run',
        f"run() {{ {QEMU} -m $MEM; }}; MEM=1; run",
        f"m() {{ MEM=1; }}; MEM=0; m; {QEMU} -m $MEM",
        f"m() {{ local MEM=0; }}; MEM=1; m; {QEMU} -m $MEM",
        f"m() {{ local MEM; MEM=0; }}; MEM=1; m; {QEMU} -m $MEM",
        f'add() {{ a+=("$@"); }}; a=(); add -m; add 1; {QEMU} "${{a[@]}}"',
        f'run() {{ {QEMU} "$@"; }}; a=(-m 1); run "${{a[@]}}"',
        f'run() {{ {QEMU} "$@"; }}; a="-m 1"; run $a',
        f'run() {{ {QEMU} -m 2; }}; run() {{ {QEMU} "$@"; }}; run -m 1',
        f'main() {{ {QEMU} -m 1 "$@"; }}; main "$@"',
        f'main() {{ shift; {QEMU} -m 1 "$@"; }}; main "$@"',
        f'run() {{ {QEMU} "$@"; }}; main() {{ run -m 1; }}; main',
        f'main() {{ run -m 1; }}; run() {{ {QEMU} "$@"; }}; main',
        'kvm() { command kvm -nodefaults "$@"; }; kvm -m 1',
        f'{QEMU} "$@" -m 1',
        f'shift; {QEMU} "$@" -m 1',
        f'set -- -m 1; {QEMU} "$1" $2',
        f'set -- x -m 1; shift; {QEMU} "$@"',
        f'set -- x -m 1; run() {{ true "$@"; }}; run a b; shift; {QEMU} "$@"',
        f"a() {{ {QEMU} -m 1; }}\nb() {{ a; }}\ncase $1 in a) a;; b) b;; esac",
        f"usage() {{ echo; }}; start() {{ usage; {QEMU} -m 1; }}",
        f'eval "run -m 1"; run() {{ {QEMU} "$@"; }}',
        f'start() {{ {QEMU} -m 1 "$@"; }}; "$@"',
        f'start() {{ {QEMU} -m 1 "$@"; }}; cmd=${{1:-start}}; shift; $cmd "$@"',
        f'run() {{ {QEMU} "$@"; }}; ! run -m 1 && exit',
    ],
)
def test_what_is_known_of_a_call(script: str) -> None:
    assert said(script) == [["-m 1"]]
    (line,) = lines(script)
    assert line.options[1].condition is None
    assert line.options[1].value is not None
    assert not line.options[1].value.unresolved


@pytest.mark.parametrize(
    ("script", "names"),
    [
        # Nothing in the file calls it, so only another file knows what it gets.
        (f'run() {{ {QEMU} -m 1 "$@"; }}', ["m", OPEN]),
        (f'run() {{ {QEMU} -m 1 "$@"; }}; $COMMAND "$@"', ["m", OPEN]),
        (f'a() {{ b; {QEMU} -m 1 "$@"; }}; b() {{ a; }}', ["m", OPEN]),
        # The call passes something on that is not known; what is known stands beside it.
        (f'run() {{ {QEMU} "$@"; }}; run $MORE -m 1', [OPEN, "m"]),
        (f'run() {{ {QEMU} -m 1 "$@"; }}; run "$MORE"', ["m", OPEN]),
        # Behind what may be several arguments nobody can count.
        (f'run() {{ {QEMU} -m 1 "$2"; }}; run $MORE -S', ["m", OPEN]),
        (f'run() {{ shift; {QEMU} -m 1 "$@"; }}; run $MORE -S', ["m", OPEN]),
        (f'run() {{ shift $N; {QEMU} -m 1 "$@"; }}; run x -S', ["m", OPEN]),
        # A quoted one is one argument, whatever it holds.
        (f'run() {{ {QEMU} -m 1 "$2"; }}; run "$MORE" -S', ["m", "S"]),
        (f'run() {{ shift; {QEMU} -m 1 "$@"; }}; run "$MORE" -S', ["m", "S"]),
        # A loop runs a call again.
        (f"m() {{ M=2; }}; M=; while a; do {QEMU} $M -m 1; m; done", [OPEN, "m"]),
        (f'set -- -S; while a; do {QEMU} -m 1 "$@"; set -- -s; done', ["m", OPEN]),
        # The script's own argument decides which option it is.
        (f'main() {{ {QEMU} -m 1 $1; }}; main "$@"', ["m", OPEN]),
    ],
)
def test_what_is_not_known_of_a_call_stays_open(script: str, names: list[str]) -> None:
    (line,) = lines(script)
    assert [option.name for option in line.options[1:]] == names


def test_a_function_called_from_several_vms_and_a_loop() -> None:
    script = (
        f"""\
vm() {{
  local name=$1 mac=$2
  {QEMU} -name "$name" -device "e1000,mac=$mac" -m "${{3:-512}}"
}}
"""
        "vm web 52:54:00:00:00:01 256\nvm db 52:54:00:00:00:02 512\n"
        'for n in a b; do vm "$n" 52:54:00:00:00:03 1; done\n'
    )
    first, second, third = said(script)
    assert first == ["-name web", "-device e1000,mac=52:54:00:00:00:01", "-m 256"]
    assert second == ["-name db", "-device e1000,mac=52:54:00:00:00:02", "-m 512"]
    assert third == ["-name $n", "-device e1000,mac=52:54:00:00:00:03", "-m 1"]


def test_of_two_definitions_in_branches_both_may_be_meant() -> None:
    script = (
        f'if a; then run() {{ {QEMU} -m 1 "$@"; }}; else run() {{ {QEMU} -m 2 "$@"; }}; fi\n'
        "run -S\n"
    )
    assert said(script) == [["-m 1", "-S"], ["-m 2", "-S"]]


def test_which_calls_hold_several_command_lines(tmp_path: Path) -> None:
    path = tmp_path / "vm.sh"
    path.write_text(f'run() {{ {QEMU} "$@"; }}\nrun -m 1\n\nrun -m 2\n')
    with pytest.raises(InputError, match="holds 2 QEMU command lines, in lines 2, 4"):
        reading.read(path)
    path.write_text(f'run() {{ {QEMU} "$@"; }}\nrun -m 1\n')
    assert [option.written for option in reading.read(path).options[1:]] == ["-m 1"]


@pytest.mark.parametrize(
    "script",
    [
        "f() { f; }; f\n",
        "f() { g; }; g() { f; }; f\n",
        'f() { "$@" "$@"; }; f f f f f f f f f f f\n',
        "".join(f"f{n}() {{ f{n + 1} $@ $@; f{n + 1}; }}\n" for n in range(40)) + "f0 a\n",
        "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}\n" for n in range(40)),
        "".join(f"f{n}() {{ f{n + 1}; }}\n" for n in range(3000)) + "f0\n",
        "".join(f"f{n}() {{ echo; }}\n" for n in range(3000)),
    ],
)
def test_calls_without_end_are_read_or_refused(script: str) -> None:
    problem: InputError | None = None
    try:
        found = lines(script + f"{QEMU} -m 1\n")
    except InputError as error:
        problem = error
    assert found if problem is None else problem.place is not None


CALLS = st.lists(
    st.sampled_from(
        ["-m 1", "-S", "-device e1000,id=a", "-name 'a b'", '-append "c d"', "-vga none"]
    ),
    max_size=6,
)


@given(CALLS, st.sampled_from(['"$@"', '"${@}"', '"${@:1}"']))
def test_passed_on_is_as_good_as_written_there(arguments: list[str], all_of_them: str) -> None:
    written = " ".join(arguments)
    script = f"run() {{ {QEMU} {all_of_them}; }}\nrun {written}\n"
    assert said(script) == said(f"{QEMU} {written}\n")
