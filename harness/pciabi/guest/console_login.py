"""Logging in at the prompts of the serial console."""

from __future__ import annotations

import secrets

from pciabi.deadline import Deadline
from pciabi.errors import GuestError
from pciabi.guest.console import Console
from pciabi.guest.console_session import ConsoleSession
from pciabi.guest.login import ConsoleLogin

# getty(8) and login(1), and busybox's. A greeting may say "Last login:", "Last failed login:".
_LOGIN = r"(?:[\r\n]|\x1b\[[0-9;?]*[A-Za-z])(?!Last )(?:\S+ )?login: "
_ASKED = r"[Pp]assword[^\r\n]{0,40}: ?"
_REFUSED = r"(?i)login incorrect|login failed|authentication failure"
_EXPIRED = r"(?i)(?:required|have) to change your password|password (?:has )?expired"
_SHELL = r"[\r\n][^\r\n]*[#$%>] ?(?:\x1b\[[0-9;?]*[A-Za-z])*\Z"
# No event tells that a shell has begun to read, and what is typed before may be lost: once the
# password is typed, the question whether there is a shell is put again and again.
_SECONDS_BETWEEN_QUESTIONS = 3.0
_MOST_NAMES = 3


def log_in(console: Console, login: ConsoleLogin, deadline: Deadline) -> ConsoleSession:
    """Log in at the console's prompt as soon as it appears, and get a shell that answers.

    Raises GuestError where there is no prompt in time, or the guest refuses.
    """
    if console.expect([_LOGIN], deadline.remaining) is None:
        raise GuestError(
            f"no login prompt on the serial console after {deadline.granted:g} s",
            advice="the guest needs console=ttyS0 and a getty there; or a longer `timeout:`",
        )
    _Dialogue(console, login, deadline).hold()
    session = ConsoleSession(console, deadline)
    session.start()
    return session


class _Dialogue:
    """What is said between the first prompt and the first answer of a shell."""

    def __init__(self, console: Console, login: ConsoleLogin, deadline: Deadline) -> None:
        self.console = console
        self.login = login
        self.deadline = deadline
        self.names = 0
        self.passwords = 0
        word = secrets.token_hex(8)
        self.word = word
        # Quoted in the middle, so that the echo of the question is not the answer.
        self.question = f" echo {word[:8]}''{word[8:]}\r"

    def hold(self) -> None:
        """Return once a shell has answered. Raises GuestError."""
        self.give_name()
        patterns = [self.word, _REFUSED, _EXPIRED, _LOGIN, _ASKED, _SHELL]
        while not self.deadline.passed:
            match self.console.expect(patterns, self.seconds()):
                case 0:
                    return
                case 1:
                    raise self.refused()
                case 2:
                    raise GuestError("the guest wants the password changed before it lets us in")
                case 3:
                    self.give_name()
                case 4:
                    self.give_password()
                case _:
                    self.console.send(self.question)
        raise GuestError(f"no shell on the serial console within {self.deadline.granted:g} s")

    def seconds(self) -> float:
        # Before the password is typed, a question would be taken for it.
        most = _SECONDS_BETWEEN_QUESTIONS if self.passwords else self.deadline.granted
        return min(most, self.deadline.remaining)

    def give_name(self) -> None:
        if self.passwords or self.names == _MOST_NAMES:
            raise self.refused()
        self.names += 1
        self.console.send(f"{self.login.user.reveal()}\r")

    def give_password(self) -> None:
        if self.login.password is None:
            raise GuestError(
                "the guest asks for a password on its console",
                advice="name its variable in `password-from:`",
            )
        if self.passwords:
            raise self.refused()
        self.passwords += 1
        self.console.send(f"{self.login.password.reveal()}\r")

    def refused(self) -> GuestError:
        secrets_given = (self.login.user, self.login.password)
        variables = [secret.variable for secret in secrets_given if secret is not None]
        return GuestError(
            "the guest refused the login on its console: what is in "
            f"{' or '.join(variables)} is wrong"
        )
