"""The serial console: recorded as evidence, and watched for the words of a guest in trouble."""

from __future__ import annotations

import io
import re
import socket

from pexpect import EOF, TIMEOUT
from pexpect.fdpexpect import fdspawn

# What is printed when a guest will not come up any more, and what it means.
FAULTS = {
    r"Kernel panic - not syncing: ([^\r\n]+)[\r\n]": "the guest kernel panicked: {}",
    r"(You are in emergency mode[^\r\n]*)": "the guest stopped in an emergency shell: {}",
    # SeaBIOS
    r"(No bootable device[^\r\n]*)": "the firmware found nothing to boot: {}",
    # OVMF, the second where it was built with a shell
    r"(No bootable option or device[^\r\n]*)": "the firmware found nothing to boot: {}",
    r"\x1b\[[0-9;]*m(Shell> )": "the firmware found nothing to boot and offers its {}",
    # The place is OVMF's name for what -kernel gives it.
    r"failed to load \w+ \"[^\"\r\n]*\" from VenMedia\(1428F772-[-\w]+\): ([^\r\n]+)[\r\n]": (
        "UEFI does not start the kernel, which must be a bzImage with an EFI stub: {}"
    ),
}
_PATTERNS: list[re.Pattern[str] | re.Pattern[bytes] | str | bytes | type[EOF] | type[TIMEOUT]] = [
    EOF,
    TIMEOUT,
    *FAULTS,
]
# ECMA-48, 5.4; RIS.
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bc")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def after_screen_control(line: str) -> str:
    """What a line says behind its last terminal control sequence.

    OVMF clears its screens on every serial port, and puts no line end behind it.
    """
    return _SEQUENCE.split(line)[-1]


class Console:
    """A guest's serial port, read whenever `fileno` is readable.

    The caller owns the socket. `fault` is set as soon as the guest says it is lost.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._log = io.StringIO()
        self._spawn = fdspawn(connection.fileno(), encoding="utf-8", codec_errors="replace")
        self._spawn.logfile_read = self._log
        self.fault: str | None = None

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return int(self._spawn.child_fd)

    def read(self) -> bool:
        """Take in what has arrived; False once QEMU has closed the port."""
        while True:
            index = self._spawn.expect(_PATTERNS, timeout=0)
            if index <= 1:
                return index == 1
            if self.fault is None:
                words = list(FAULTS.values())[index - 2]
                match = self._spawn.match
                assert isinstance(match, re.Match)
                self.fault = words.format(match[1].strip())

    @property
    def text(self) -> str:
        """All that was printed so far, without terminal control sequences."""
        return _CONTROL.sub("", _SEQUENCE.sub("", self._log.getvalue()))
