"""A virsh that is given one command after another, and what becomes of one that does not answer.

The fake stands where the wire is: a shell script that echoes as virsh does.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pciabi.errors import LibvirtError
from pciabi.libvirt import conversation, emulator
from pciabi.libvirt.conversation import Conversation
from pciabi.programs import Bounds
from pciabi.qemu.binary import Binary

# Readline repeats what it reads behind the prompt; an unknown command is complained of.
VIRSH = """
prompt() { printf 'virsh # '; }
prompt
while read -r command words; do
    echo "$command $words"
    case $command in
    echo) printf '%s\\n' "$words" ;;
    no-*) echo "error: unknown command: '$command'" >&2; echo >&2 ;;
    *) ANSWER ;;
    esac
    prompt
done
"""


@contextmanager
def virsh(answer: str, bounds: Bounds = conversation.BOUNDS) -> Iterator[Conversation]:
    """A virsh that does this when it is asked."""
    command = ("sh", "-c", VIRSH.replace("ANSWER", answer))
    with conversation.started("libvirt:9.0", command, bounds) as found:
        yield found


def test_each_answer_is_that_of_its_own_command() -> None:
    with virsh('echo "<domain>"; echo "virsh # $words"; echo; echo "</domain>"; echo') as found:
        for word in ("one", "two", "three"):
            answer = found.ask(f"dumpxml {word}")
            assert answer.text == f"<domain>\nvirsh # {word}\n\n</domain>"
            assert (answer.complaint, answer.log) == ("", "")


def test_what_it_complains_of_is_told_apart_from_what_its_libvirt_logs() -> None:
    log = "2026-11-28 13:05:26.386+0000: 44: warning : virQEMUCaps:5779 : Failed to probe"
    said = f'echo "{log}" >&2; printf "error: Failed to define\\nerror: XML error: x\\n" >&2'
    with virsh(said) as found:
        answer = found.ask("define x.xml")
    assert answer.complaint == "Failed to define\nXML error: x"
    assert answer.log == f"{log}\n"
    assert answer.text == ""


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("exit 3", "has ended with status 3"),
        ('echo "error: no good" >&2; exit 1', "has ended with status 1: no good"),
        ("kill -KILL $$", "has ended with signal 9"),
        ("sh -c 'kill -KILL $$'; exit $?", "has ended with signal 9: Killed"),
    ],
)
def test_one_that_ends_is_told_with_its_last_words(answer: str, words: str) -> None:
    with virsh(answer) as found:
        with pytest.raises(LibvirtError, match=rf"^virsh of libvirt:9\.0 {words}$"):
            found.ask("define x.xml")
        with pytest.raises(LibvirtError, match=r"^virsh of libvirt:9\.0 has ended"):
            found.ask("define x.xml")


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_one_that_goes_on_for_ever_is_ended(stream: str) -> None:
    flood = f"while :; do echo 123456789012345678901234567890 {stream}; done"
    with virsh(flood, Bounds(seconds=30, bytes=1000)) as found:
        with pytest.raises(LibvirtError, match=r"virsh of libvirt:9\.0 says more than 1,000 bytes"):
            found.ask("define x.xml")
        assert found.program.ended_within(10) == -signal.SIGKILL


def test_one_that_says_nothing_is_ended() -> None:
    with virsh("sleep 60", Bounds(seconds=0.2)) as found:
        with pytest.raises(LibvirtError, match=r"did not answer in 0\.2 s"):
            found.ask("define x.xml")
        assert found.program.ended_within(10) == -signal.SIGKILL


def test_one_that_is_not_there_is_told() -> None:
    missing = conversation.started("it", ("/nowhere/virsh",), conversation.BOUNDS)
    with pytest.raises(LibvirtError, match=r"virsh of it could not be started.*nowhere"), missing:
        pass


def test_a_command_of_roots_that_covers_folders_is_started_by_a_user_too() -> None:
    qemu = Binary("q", ("unshare", "--mount", "--", "sh", "a b"), Path("/"), (9, 0, 0), "QEMU")
    text = emulator.script(qemu).decode()
    assert "exec unshare --map-root-user --mount -- sh 'a b' \"$@\"\n" in text


def test_a_program_is_found_from_wherever_libvirt_starts_it() -> None:
    text = emulator.script(Binary("q", ("./q", "-L", "./x"), Path("/"), (9, 0, 0), "QEMU")).decode()
    assert f'exec {Path.cwd() / "q"} -L ./x "$@"\n' in text
