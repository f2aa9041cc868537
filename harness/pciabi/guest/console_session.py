"""Commands over the serial console, each proved to have arrived whole, and its output too."""

from __future__ import annotations

import hashlib
import secrets
import shlex

from pciabi.deadline import Deadline
from pciabi.errors import GuestError
from pciabi.guest.console import Console
from pciabi.guest.ssh import failed, title

_MOST_TRANSFERS = 3
# A shell that reads a pipe shows no prompt, edits no line and keeps no history. (busybox's cat
# hands on nothing of what a terminal sends.) Quoted in the middle, so that the echo of this line
# is not the answer to it.
_QUIET = (
    "stty -echo -opost -ixon -ixoff; echo {half}''{rest}-quiet; "
    "while IFS= read -r line; do printf '%s\\n' \"$line\"; done | sh"
)
# Signal 55 (SIGRTMIN+21) tells systemd to keep its messages off the console.
_PREPARE = """\
n={nonce}
dmesg -n 1 2>/dev/null
[ -d /run/systemd/system ] && kill -55 1 2>/dev/null
digest() {{
    printf '%s\\n' "$1" | sha256sum | cut -c -64
}}
send() {{
    printf '%s-text %s %s\\n' "$n" "$status" "$(digest "$out")"
    printf '%s\\n%s-end\\n' "$out" "$n"
}}
if [ -n "$(digest "")" ]; then
    printf '%s-able\\n' "$n"
else
    printf '%s-unable\\n' "$n"
fi
"""
# A command's own complaints go to the console in front of its output.
_RUN = """\
script={script}
if [ "$(digest "$script")" = {digest} ]; then
    printf '%s-run\\n' "$n"
    out=$(sh -c "$script" </dev/null)
    status=$?
    send
else
    printf '%s-garbled\\n' "$n"
fi
"""


class ConsoleSession:
    """A shell on the console that does nothing but answer us."""

    def __init__(self, console: Console, deadline: Deadline) -> None:
        self._console = console
        self._deadline = deadline
        self._nonce = secrets.token_hex(8)

    def start(self) -> None:
        """Turn the login shell, whichever it is, into a POSIX shell that reads scripts.

        Raises GuestError when it does not answer.
        """
        shell = _QUIET.format(half=self._nonce[:8], rest=self._nonce[8:])
        self._console.send(f" exec sh -c {shlex.quote(shell)}\r")
        self._expect("-quiet\r?\n")
        self._console.send(_PREPARE.format(nonce=self._nonce))
        if self._expect("-(able|unable)\r?\n") == "unable":
            raise GuestError(
                "the guest has no sha256sum, so nothing proves what arrives over its console",
                advice="install coreutils into the guest",
            )

    def run_script(self, script: str) -> str:
        """What a script prints; see Session."""
        text = script.strip("\n")
        typed = _RUN.format(script=shlex.quote(text), digest=_digest(f"{text}\n"))
        for _ in range(_MOST_TRANSFERS):
            self._console.send(typed)
            if self._expect("-(run|garbled)\r?\n") == "run":
                return self._answer(title(script))
        raise GuestError(f"`{title(script)}` does not reach the guest whole over its console")

    def _answer(self, name: str) -> str:
        for _ in range(_MOST_TRANSFERS):
            status, digest = self._expect("-text ([0-9]+ [0-9a-f]{64})\r?\n").split(" ")
            complaints = self._console.before
            self._expect("-end\r?\n")
            output = self._console.before.replace("\r\n", "\n")
            if _digest(output) == digest:
                if status != "0":
                    raise failed(name, int(status), self._console.without_secrets(complaints))
                return output
            # The kernel may have spoken in the middle.
            self._console.send("send\n")
        raise GuestError(f"the output of `{name}` does not arrive whole over the console")

    def _expect(self, pattern: str) -> str:
        """What the pattern's group is, once it arrives behind our mark."""
        if self._console.expect([self._nonce + pattern], self._deadline.remaining) is None:
            raise GuestError(
                f"the guest did not answer on its console within {self._deadline.granted:g} s"
            )
        return (*self._console.found.groups(), "")[0]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
