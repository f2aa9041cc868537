"""What libvirt starts in a QEMU's place.

To libvirt's questions about what it can do, the QEMU itself answers. Of a start of a domain, whose
first word is `-name`, the words are written down; libvirt hears of a failure and gives up at once.
Where a start is to be a real one, a file says so.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from pciabi.libvirt.place import CAPTURED, STARTING
from pciabi.qemu import launch
from pciabi.qemu.binary import Binary

_SCRIPT = """\
#!/bin/sh
export PATH={path}
if [ "$1" = -name ] && [ ! -e {starting} ]; then
    printf '%s\\0' "$@" >{captured}
    echo {said} >&2
    sleep {moment} &
    exit 1
fi
exec {command} "$@"
"""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# How many seconds longer than the script what libvirt listens to stays open. It hears of the end
# that way, and at a process that it then finds dying it looks again after 0.2 s.
_MOMENT = 0.01
SAID = "pciabi has written the command line down"
"""What the emulator says of a start that it has written down, and libvirt after it."""


def script(qemu: Binary) -> bytes:
    """The program that stands for a QEMU in a sandbox."""
    program, *words = launch.as_user(qemu.command)
    if "/" in program:
        # libvirt starts it in another folder than the one a user names it in.
        program = str(Path(program).absolute())
    text = _SCRIPT.format(
        starting=STARTING,
        captured=CAPTURED,
        said=SAID,
        path=_PATH,
        moment=_MOMENT,
        command=shlex.join([program, *words]),
    )
    return text.encode()


def captured(raw: bytes) -> tuple[str, ...]:
    """The words that were written down, without the emulator's own name. Bytes that are no UTF-8
    are kept as `os.fsdecode` does."""
    return tuple(word.decode(errors="surrogateescape") for word in raw.split(b"\0")[:-1])
