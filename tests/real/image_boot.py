"""A guest image on a real QEMU, without the rest of the product."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pciabi.deadline import Deadline
from pciabi.guest.image import Image
from pciabi.guest.keys import RunKeys
from pciabi.guest.seed import write_initrd
from pciabi.guest.ssh import SshSession, session

MACS = ("52:54:00:00:00:01", "52:54:00:00:00:02")
LIMIT = 90.0
_EVENT = re.compile(r"pciabi-[^\r\n]*")


@dataclass(frozen=True)
class Guest:
    """A running guest: what it said on its event channel, and how to reach it."""

    event: str
    process: subprocess.Popen[bytes]
    port: int
    keys: RunKeys
    console: Path

    @contextmanager
    def session(self) -> Iterator[SshSession]:
        """An SSH session."""
        with session(self.port, self.keys.credentials(), Deadline.after(LIMIT)) as opened:
            yield opened


def free_port() -> int:
    """A port nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def boot(
    folder: Path,
    image: Image,
    machine: str,
    devices: Sequence[str],
    control_mac: str = MACS[1],
    further: Sequence[str] = (),
) -> Iterator[Guest]:
    """Boot with these NICs, `-device` values to which netdev and MAC are added; NIC 1 carries
    SSH. With an empty `control_mac` the guest is given no files of its own at all. `further` are
    arguments that go before all others that state hardware."""
    keys, port = RunKeys(), free_port()
    initrd, console = folder / "initrd", folder / "console"
    if control_mac:
        write_initrd(initrd, image.initrd, keys, control_mac)
    else:
        initrd.write_bytes(image.initrd.read_bytes())
    nics = [
        word
        for number, (device, mac) in enumerate(zip(devices, MACS, strict=False))
        for word in (
            *("-netdev", f"user,id=n{number},restrict=on" + forward(number, port)),
            *("-device", f"{device},netdev=n{number},mac={mac}"),
        )
    ]
    rest = [word for device in devices[len(MACS) :] for word in ("-device", device)]
    with socket.create_server(str(folder / "events"), family=socket.AF_UNIX) as events:
        process = subprocess.Popen(
            [
                *("qemu-system-x86_64", "-M", machine, "-accel", "tcg", "-cpu", "qemu64,+rdrand"),
                *("-m", "256", "-nodefaults", "-display", "none", "-no-reboot", *further),
                *("-kernel", image.kernel, "-initrd", initrd, "-append", image.kernel_arguments),
                *("-serial", f"file:{console}", "-chardev", f"socket,id=e,path={folder}/events"),
                *("-serial", "chardev:e", *nics, *rest),
            ]
        )
        try:
            events.settimeout(LIMIT)
            with events.accept()[0] as channel:
                channel.settimeout(LIMIT)
                # UEFI firmware writes to every serial port before the guest does.
                lines = channel.makefile(encoding="ascii", errors="replace")
                event = next((found[0] for line in lines if (found := _EVENT.search(line))), "")
                yield Guest(event, process, port, keys, console)
        finally:
            process.kill()
            process.wait()


def forward(number: int, port: int) -> str:
    """The netdev option that lets SSH in, for the NIC that carries it."""
    return f",hostfwd=tcp:127.0.0.1:{port}-:22" if number == 1 else ""
