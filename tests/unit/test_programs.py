"""Other programs: bounded in bytes and in seconds, and nothing of them is left."""

from __future__ import annotations

import ast
import os
import select
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pciabi
from pciabi import programs
from pciabi.cancellation import Cancellation
from pciabi.errors import Interrupted, QemuError
from pciabi.programs import Bounds, Fault, Missing, Said
from pciabi.qemu import process
from tests.unit.descriptors import descriptors

LONG = Bounds(60)
PACKAGE = Path(pciabi.__file__).parent
STARTERS = ("run", "Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput")


def shell(script: str, bounds: Bounds = LONG, given: bytes = b"") -> Said:
    return programs.run(["sh", "-c", script], bounds, given)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@settings(max_examples=20)
@given(data=st.binary(max_size=300_000), errors=st.integers(0, 100_000))
def test_what_it_says_and_is_told_arrives_whole(data: bytes, errors: int) -> None:
    said = shell(f"head -c {errors} /dev/zero >&2; cat; exit 7", given=data)
    assert said == Said(7, data, bytes(errors))


def test_one_that_reads_nothing_of_what_it_is_told() -> None:
    assert shell("exec <&-; echo done", given=bytes(1_000_000)).text == "done\n"


@pytest.mark.parametrize("stream", ["1", "2"])
@pytest.mark.parametrize("says", ["yes", "cat /dev/zero", "head -c 1001 /dev/zero; sleep 60"])
def test_one_that_says_too_much_is_ended(says: str, stream: str) -> None:
    with pytest.raises(Fault, match=r"^says more than 1,000 bytes$"):
        shell(f"{{ {says}; }} >&{stream}", Bounds(60, 1000))
    assert len(shell(f"head -c 1000 /dev/zero >&{stream}", Bounds(60, 1000)).output) in (0, 1000)


@pytest.mark.parametrize(
    "script", ["sleep 60", "while :; do echo; sleep 0.05; done", "exec >&- 2>&-; sleep 60"]
)
def test_one_that_takes_too_long_is_ended(script: str) -> None:
    with pytest.raises(Fault, match=r"^did not end in 0\.3 s$"):
        shell(script, Bounds(0.3))


@pytest.mark.parametrize("name", ["no-such-program", "/nowhere/program", "/etc/passwd", "/"])
def test_one_that_is_not_there(name: str) -> None:
    with pytest.raises(Missing, match=name):
        programs.run([name], LONG)


def test_one_that_leaves_something_behind_that_holds_its_output() -> None:
    assert shell("sleep 60 & echo done").text == "done\n"


FAMILIES = (
    "sleep 60 & tell $!",
    "setsid sleep 60 & tell $!",
    "env -i setsid sleep 60 & tell $!",
    "sh -c 'setsid sleep 60 & tell $!'",
    "setsid sh -c 'setsid sleep 60 & tell $!; wait' &",
    "env -i PATH=$PATH setsid sh -c 'sleep 60 & tell $!' &",
    # Nothing is left by which it could be known: no environment, group, session, stream, parent.
    "env -i PATH=$PATH setsid sleep 60 </dev/null >/dev/null 2>&1 & tell $!",
    "(env -i setsid sh -c '(cd /; exec sleep 60) & tell $!' </dev/null >/dev/null 2>&1 &)",
)


@pytest.mark.parametrize("end", ["", "sleep 60"], ids=["ends", "is ended"])
@pytest.mark.parametrize("family", FAMILIES)
def test_all_that_it_has_started_ends_with_it(tmp_path: Path, family: str, end: str) -> None:
    told = tmp_path / "told"
    family = family.replace("tell $!", f"echo $! >{told}")
    wait = f"while ! [ -s {told} ]; do sleep 0.01; done"
    if end:
        with pytest.raises(Fault):
            shell(f"{family}\n{wait}\n{end}", Bounds(1.0))
    else:
        shell(f"{family}\n{wait}")
    assert not is_running(int(told.read_text()))


ORPHAN = "env -i setsid sleep 60 </dev/null >/dev/null 2>&1 & echo $!"


def test_a_program_leaves_other_programs_alone() -> None:
    # Not started by pciabi: a child of this process, and an orphan that has become one.
    foreign = subprocess.Popen(["sleep", "60"], start_new_session=True)
    orphan = int(subprocess.run(["sh", "-c", ORPHAN], capture_output=True, check=True).stdout)
    try:
        nothing = subprocess.DEVNULL
        reading, writing = os.pipe()
        streams = programs.Streams(nothing, writing, 2)
        with programs.started(["sh", "-c", f"{ORPHAN}; exec sleep 60"], streams) as one:
            its_orphan = int(os.read(reading, 100))
            other = int(shell(ORPHAN).text)
            assert one.exit_status is None
            assert (is_running(its_orphan), is_running(other)) == (True, False)
        assert foreign.poll() is None
        assert one.exit_status == -signal.SIGKILL
        assert (is_running(its_orphan), is_running(orphan)) == (False, True)
    finally:
        os.close(reading)
        os.close(writing)
        foreign.kill()
        foreign.wait()
        os.kill(orphan, signal.SIGKILL)


def test_a_stop_ends_what_an_ended_program_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Cancellation()
    monkeypatch.setattr(programs, "STOP", stop)

    def stopped() -> None:
        words = ["sh", "-c", f"{ORPHAN} >&2"]
        with process.running(words, (), Cancellation()) as qemu:
            assert qemu.ended_within(60) == 0
            descriptor = os.pidfd_open(int(qemu.complaints()))
            stop.request(signal.SIGTERM)
            assert select.select([descriptor], [], [], 30)[0]
            os.close(descriptor)

    with pytest.raises(Interrupted):
        stopped()


@pytest.mark.parametrize("most", [0, 1000])
def test_too_few_marks_are_an_error(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (most, most))
    with pytest.raises(Fault, match=f"`ulimit -x` must be .* and is {most}$"):
        shell("true")


def test_nothing_is_left_open() -> None:
    shell("true")
    before = descriptors()
    for script in ("echo hello", "setsid sleep 60 &", "exit 3"):
        shell(script)
    with pytest.raises(Fault):
        shell("yes", Bounds(60, 1000))
    with pytest.raises(Missing):
        programs.run(["no-such-program"], LONG)
    assert descriptors() == before


def test_the_lines_of_a_status_are_handed_on(tmp_path: Path) -> None:
    heard: list[str] = []
    script = "exec 3>/dev/fd/$0; pwd >&3; printf '%s\\nb' \"$1\" >&3; echo wrong >&2; exit 4"

    def command(status: int) -> list[str]:
        return ["sh", "-c", script, str(status), "{a} %s"]

    said = programs.follow(command, LONG, tmp_path, os.environ, heard.append)
    assert heard == [str(tmp_path), "{a} %s", "b"]
    assert (said.status, said.complaint) == (4, "wrong\n")
    with pytest.raises(Fault, match="more than 1,000"):
        programs.follow(
            lambda status: ["sh", "-c", f"yes >/dev/fd/{status}"],
            Bounds(60, 1000),
            tmp_path,
            os.environ,
            heard.append,
        )


def test_a_qemu_that_complains_for_ever_is_ended() -> None:
    cancellation = Cancellation()
    with process.running(["sh", "-c", "yes wrong >&2"], (), cancellation) as qemu:
        assert qemu.ended_within(60) == -signal.SIGKILL
        assert qemu.excess == "QEMU writes more than 1,000,000 bytes to standard error"
        assert len(qemu.complaints()) < 1_200_000
    with process.running(["sh", "-c", "echo wrong >&2; exit 1"], (), cancellation) as qemu:
        assert qemu.ended_within(60) == 1
        assert (qemu.complaints(), qemu.excess) == ("wrong", None)
    assert not [t for t in threading.enumerate() if t.name == "pciabi-complaints"]
    with pytest.raises(QemuError, match="QEMU could not be started: No such file"):
        process.running(["/nowhere/qemu"], (), cancellation).__enter__()


def test_this_is_the_only_way_to_start_a_program() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.name == "programs.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                name = ast.unparse(node.func)
                module, _, function = name.rpartition(".")
                bad = module == "subprocess" and function in STARTERS
                bad |= name in ("os.system", "os.popen", "os.fork", "pty.spawn", "pexpect.spawn")
                bad |= module == "os" and function.startswith(("spawn", "posix_spawn"))
                assert not bad, f"{path}:{node.lineno}: {name}"
