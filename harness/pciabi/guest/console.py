"""The serial console: recorded as evidence, and watched for the words of a guest in trouble."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from pexpect import EOF, TIMEOUT
from pexpect.fdpexpect import fdspawn

from pciabi.descriptor import Descriptor
from pciabi.errors import GuestError, QemuError
from pciabi.guest.faults import FAULTS
from pciabi.guest.secret import Secret, redacted

_PATTERNS: list[re.Pattern[str] | re.Pattern[bytes] | str | bytes | type[EOF] | type[TIMEOUT]] = [
    EOF,
    TIMEOUT,
    *FAULTS,
]
# Longer than any pattern and than what arrives at once; what lies further back was searched.
_WINDOW = 8192
# A verbose boot prints some 100 KB.
MOST_PRINTED = 16_000_000
# ECMA-48, 5.4; RIS.
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bc")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def after_screen_control(line: str) -> str:
    """What a line says behind its last terminal control sequence.

    OVMF clears its screens on every serial port, and puts no line end behind it.
    """
    return _SEQUENCE.split(line)[-1]


class _Log(io.StringIO):
    """What a console has printed. Raises GuestError for more than any boot prints."""

    def __init__(self) -> None:
        super().__init__()
        self._length = 0

    def write(self, text: str) -> int:
        """Keep it."""
        self._length += len(text)
        if self._length > MOST_PRINTED:
            raise GuestError(f"the guest prints more than {MOST_PRINTED:,} bytes on its console")
        return super().write(text)


class Console:
    """A guest's serial port, read whenever `fileno` is readable, or up to an expected text.

    The caller owns the port. `fault` is set as soon as the guest says it is lost. `secrets`
    are taken out of all that is shown of it.
    """

    def __init__(self, port: Descriptor, secrets: Sequence[Secret] = ()) -> None:
        self._secrets = secrets
        self._log = _Log()
        self._spawn = fdspawn(port.fileno(), encoding="utf-8", codec_errors="replace")
        self._spawn.logfile_read = self._log
        self.fault: str | None = None

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return int(self._spawn.child_fd)

    def read(self) -> bool:
        """Take in what has arrived; False once QEMU has closed the port."""
        while True:
            index = self._spawn.expect(_PATTERNS, timeout=0, searchwindowsize=_WINDOW)
            if index <= 1:
                return index == 1
            self._note_fault(index)

    def expect(self, patterns: Sequence[str], seconds: float) -> int | None:
        """The index of the pattern that arrives first, None if none does in that time.

        Raises GuestError for a guest that says it is lost, QemuError when QEMU closes the port.
        """
        wanted = [*_PATTERNS, *patterns]
        index = self._spawn.expect(wanted, timeout=seconds, searchwindowsize=_WINDOW)
        if index == 0:
            raise QemuError("QEMU closed the console")
        if index == 1:
            return None
        if index < len(_PATTERNS):
            self._note_fault(index)
            raise GuestError(str(self.fault))
        return index - len(_PATTERNS)

    @property
    def found(self) -> re.Match[str]:
        """What the last expected pattern matched."""
        match = self._spawn.match
        assert isinstance(match, re.Match)
        return match

    @property
    def before(self) -> str:
        """What arrived in front of it, and behind the match before."""
        return str(self._spawn.before)

    def send(self, text: str) -> None:
        """Type a text. Raises QemuError when QEMU has closed the port."""
        try:
            self._spawn.send(text)
        except OSError:
            raise QemuError("QEMU closed the console") from None

    def without_secrets(self, text: str) -> str:
        """The text as it may be shown."""
        return redacted(_CONTROL.sub("", _SEQUENCE.sub("", text)), self._secrets)

    def _note_fault(self, index: int) -> None:
        if self.fault is None:
            words = list(FAULTS.values())[index - 2]
            self.fault = self.without_secrets(words.format(self.found[1].strip()))

    @property
    def text(self) -> str:
        """All that was printed so far, without terminal control sequences and secrets."""
        return self.without_secrets(self._log.getvalue())
