"""The serial console: what it gives away, which words end a boot, and that what comes over it is
proved whole. At its far end sits a real shell on a real terminal."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.deadline import Deadline
from pciabi.errors import GuestError, QemuError
from pciabi.guest.console import Console
from pciabi.guest.console_login import log_in
from pciabi.guest.console_session import ConsoleSession
from pciabi.guest.login import ConsoleLogin
from pciabi.guest.secret import REDACTED, Secret, redacted

LIMIT = 30.0
LOGIN = ConsoleLogin(Secret("USER_VARIABLE", "operator"), Secret("PASSWORD_VARIABLE", "s3cr.t+"))
# What a getty and login do, with three ways to misbehave.
GETTY = r"""
stty icrnl onlcr echo
printf 'Debian GNU/Linux 12 own ttyS0\n\nown login: '
IFS= read -r user
[ "$1" = loses ] && printf '\nown login: ' && IFS= read -r user
stty -echo
printf 'Password: '
IFS= read -r password
stty echo
echo
[ "$1" = tells ] && echo "you typed $user and $password"
[ "$1" = expired ] && echo 'You are required to change your password immediately'
if [ "$user:$password" != "operator:s3cr.t+" ]; then
    printf '\nLogin incorrect\nown login: '
    exec cat >/dev/null
fi
echo 'Last login: Tue Nov 24 10:00:00 UTC 2026 on ttyS0'
exec sh -i
"""


class Line:
    """A serial line: `ours` is what the harness reads and types on, `theirs` its far end."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self._threads: list[threading.Thread] = []

    def attach(self, *command: str) -> None:
        """Run a command on a terminal at the far end."""
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            command,
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
            env={"PATH": os.environ["PATH"], "PS1": "own# ", "TERM": "dumb"},
        )
        os.close(follower)

        def typed() -> None:
            while data := self.theirs.recv(4096):
                os.write(leader, data)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

        def printed() -> None:
            # The terminal's end is an input/output error, the line's a broken pipe.
            with suppress(OSError):
                while data := os.read(leader, 4096):
                    self.theirs.sendall(data)

        self._threads = [threading.Thread(target=work) for work in (typed, printed)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Hang up, and see everything end."""
        with suppress(OSError):
            self.ours.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LIMIT)
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


def session(line: Line) -> tuple[Console, ConsoleSession]:
    line.attach("sh", "-i")
    console = Console(line.ours)
    started = ConsoleSession(console, Deadline.after(LIMIT))
    started.start()
    return console, started


def test_a_script_and_its_output_arrive_whole(line: Line) -> None:
    _, shell = session(line)
    script = "# a title\nprintf '%s\\n' 'a\"b  $c' \"it's\" '\\n'\n\tseq 1 3000\n"
    counted = "\n".join(map(str, range(1, 3001)))
    assert shell.run_script(script) == f"a\"b  $c\nit's\n\\n\n{counted}\n"
    assert shell.run_script("read -r line || echo nothing to read") == "nothing to read\n"


def test_a_command_that_fails_says_so_in_its_own_words(line: Line) -> None:
    _, shell = session(line)
    with pytest.raises(GuestError, match=r"^`a title` ended with status 7 in the guest: no bus$"):
        shell.run_script("# a title\necho useless; echo 'no bus' >&2; exit 7")


def test_what_does_not_arrive_whole_is_sent_again(line: Line) -> None:
    console, shell = session(line)
    console.send(INTERRUPTED_SEND)
    assert shell.run_script("echo 1; echo 2") == "1\n2\n"
    assert "a message from the kernel" in console.text
    console.send("messages=9\n")
    with pytest.raises(GuestError, match="output of `echo 3` does not arrive whole"):
        shell.run_script("echo 3")


# The kernel speaks in the middle, `messages` times.
INTERRUPTED_SEND = """\
messages=1
send() {
    printf '%s-text %s %s\\n' "$n" "$status" "$(digest "$out")"
    [ $messages = 0 ] || echo '[ 3.0] a message from the kernel'
    [ $messages = 0 ] || messages=$((messages - 1))
    printf '%s\\n%s-end\\n' "$out" "$n"
}
"""


def test_a_script_that_is_garbled_on_its_way_is_not_run(line: Line) -> None:
    console, shell = session(line)
    console.send("digest() { echo 0; }\n")
    with pytest.raises(GuestError, match="`echo 1` does not reach the guest whole"):
        shell.run_script("echo 1")
    assert "\n1\n" not in console.text


def test_a_guest_that_cannot_prove_anything_is_refused(line: Line, tmp_path: Path) -> None:
    for name in ("sh", "stty", "cut"):
        (tmp_path / name).symlink_to(Path("/bin", name))
    line.attach("sh", "-c", f"PATH={tmp_path}; exec sh -i")
    with pytest.raises(GuestError, match="the guest has no sha256sum"):
        ConsoleSession(Console(line.ours), Deadline.after(LIMIT)).start()


@pytest.mark.parametrize("habit", ["none", "loses", "tells"])
def test_logging_in_and_what_is_seen_of_it(line: Line, habit: str) -> None:
    line.attach("sh", "-c", GETTY, "getty", habit)
    console = Console(line.ours, LOGIN.secrets)
    shell = log_in(console, LOGIN, Deadline.after(LIMIT))
    assert shell.run_script("echo $((6 * 7))") == "42\n"
    assert "s3cr.t+" not in console.text
    assert "operator" not in console.text
    assert (f"you typed {REDACTED} and {REDACTED}" in console.text) == (habit == "tells")


@pytest.mark.parametrize(
    ("user", "password", "habit", "message"),
    [
        ("operator", "wrong", "none", "USER_VARIABLE or PASSWORD_VARIABLE is wrong"),
        ("operator", None, "none", "asks for a password .*`password-from:`"),
        ("operator", "s3cr.t+", "expired", "wants the password changed"),
    ],
)
def test_a_login_that_is_refused(
    line: Line, user: str, password: str | None, habit: str, message: str
) -> None:
    line.attach("sh", "-c", GETTY, "getty", habit)
    given_password = None if password is None else Secret("PASSWORD_VARIABLE", password)
    login = ConsoleLogin(Secret("USER_VARIABLE", user), given_password)
    with pytest.raises(GuestError, match=message) as caught:
        log_in(Console(line.ours, login.secrets), login, Deadline.after(LIMIT))
    assert "operator" not in str(caught.value)
    assert "wrong'" not in str(caught.value)


def test_no_prompt_and_no_console(line: Line) -> None:
    console = Console(line.ours)
    with pytest.raises(GuestError, match=r"no login prompt on the serial console after 0\.1 s"):
        log_in(console, LOGIN, Deadline.after(0.1))
    line.theirs.close()
    with pytest.raises(QemuError, match="QEMU closed the console"):
        log_in(console, LOGIN, Deadline.after(LIMIT))


# As systemd 252, initramfs-tools 0.142, dracut 059, mkinitcpio 34, Alpine's mkinitfs 3.9, GRUB
# 2.06, SYSLINUX 6.04 and SeaBIOS 1.16 print it.
LAST_WORDS = {
    "You are in emergency mode. After logging in, type": "emergency shell: You are in emergency",
    "You are in rescue mode. After logging in, type": "emergency shell: You are in rescue mode",
    "Cannot open access to console, the root account is locked.": "emergency shell: Cannot open",
    "ALERT!  LABEL=x does not exist.  Dropping to a shell!": "initramfs: ALERT!  LABEL=x does not",
    "(initramfs) ": "initramfs: (initramfs)",
    "Entering emergency mode. Exit the shell to continue.": "initramfs: Entering emergency mode",
    "You are now being dropped into an emergency shell.": "initramfs: You are now being dropped",
    "initramfs emergency recovery shell launched. Type": "initramfs: initramfs emergency recovery",
    "grub rescue> ": "boot loader stopped at its own prompt: grub rescue>",
    "Could not find kernel image: vmlinuz": "boot loader starts no kernel: Could not find kernel",
    "No bootable device.  Retrying in 1 seconds.": "firmware found nothing to boot: No bootable",
    "[    1.2] Kernel panic - not syncing: Fatal": "kernel panicked: Fatal",
}


@pytest.mark.parametrize("words", LAST_WORDS)
def test_the_words_of_a_guest_that_is_lost_end_the_wait(line: Line, words: str) -> None:
    line.theirs.sendall(f"something\r\n{words}\r\nmore".encode())
    with pytest.raises(GuestError) as caught:
        Console(line.ours).expect(["never"], LIMIT)
    assert LAST_WORDS[words] in str(caught.value)


def test_lines_that_only_look_like_them_do_not(line: Line) -> None:
    for words in ("Reached target Emergency Mode", "initramfs unpacked", "grub rescue> later on"):
        line.theirs.sendall(f"x {words}\r\n".encode())
    console = Console(line.ours)
    assert console.read()
    assert console.fault is None


@given(
    secrets=st.lists(st.text("ab.[*", min_size=0, max_size=4), max_size=3),
    pieces=st.lists(st.text("abc.[*x ", max_size=6), max_size=8),
    data=st.data(),
)
def test_no_secret_survives_redaction(
    secrets: list[str], pieces: list[str], data: st.DataObject
) -> None:
    text = ""
    for piece in pieces:
        text += piece + (data.draw(st.sampled_from(secrets)) if secrets else "")
    shown = redacted(text, [Secret("V", value) for value in secrets])
    rest = shown.replace(REDACTED, "\0")
    assert not any(value and value in rest for value in secrets)


def test_a_secret_is_not_shown_by_accident() -> None:
    secret = Secret("PASSWORD_VARIABLE", "s3cr.t+")
    login = ConsoleLogin(secret, secret)
    for shown in (
        repr(secret),
        str(secret),
        f"{secret}",
        repr(login),
        repr(GuestError(f"{login}")),
    ):
        assert "s3cr" not in shown
    assert ConsoleLogin(Secret("U", "root"), None).secrets == ()


def test_a_console_that_is_flooded_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pciabi.guest.console.MOST_PRINTED", 10_000)
    line = Line()
    console = Console(line.ours)
    flooding = threading.Thread(target=lambda: line.theirs.sendall(b"x" * 20_000))
    flooding.start()
    try:
        with pytest.raises(GuestError, match="prints more than 10,000 bytes on its console"):
            all(iter(console.read, False))
    finally:
        line.ours.close()
        flooding.join()
        line.theirs.close()
