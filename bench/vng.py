"""virtme-ng running lspci in a guest with the same kernel: what one would use without pciabi.

The kernel is the guest image's own, once as the distribution ships it (bzImage) and once as
pciabi unpacked it. Its modules come from the same package, unpacked once. vng adds devices of
its own (9p, consoles, a watchdog), so its text is longer; the machine type, CPU, memory and the
two NICs are those of the others.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pexpect

from contender import Run
from pciabi.distribution import cache, packages
from pciabi.errors import CannotTest
from pciabi.guest.answers import LSPCI
from pciabi.guest.image import Image
from pciabi.qemu.command_line import CPU

SECONDS = 300.0
_END = "vng-end"
# Without udev on the host vng's guest has no /dev/virtio-ports, and what a command prints is
# lost: the port that leads to vng's standard output is found by its name. The end mark is put
# together in the guest, as the command itself may be echoed.
_COMMAND = f"""
for port in /sys/class/virtio-ports/*; do
    read -r name <$port/name
    [ "$name" = virtme.dev_stdout ] || continue
    {{ {LSPCI}; echo ''vng"-"end; }} >/dev/${{port##*/}}
done
"""
# Its mtime tells when QEMU was started: what vng does before that does not count.
_WRAPPER = """#!/bin/sh
: >"$0.started"
exec {qemu} "$@"
"""


@dataclass(frozen=True)
class Kit:
    """vng, and what it runs with: an unpacked kernel package, busybox, a QEMU."""

    program: str
    folder: Path
    qemu: Path
    busybox: Path


def find() -> str | None:
    """vng of this Python's environment, or the one on PATH."""
    beside = Path(sys.executable).with_name("vng")
    return str(beside) if beside.exists() else shutil.which("vng")


def prepare(program: str, image: Image, qemu: Sequence[str], folder: Path) -> Kit:
    """Unpack into an empty folder what vng needs. Raises PackageError."""
    wanted = [
        package
        for package in image.packages
        if package.name in {f"linux-image-{image.kernel_version}", "busybox-static"}
    ]
    with cache.downloading(lambda: None) as kept:
        for number, archive in enumerate(packages.fetch(wanted, kept, lambda _: None)):
            packages.unpack(archive, folder / f"unpacked-{number}")
    (busybox,) = folder.glob("unpacked-*/bin/busybox")
    (boot,) = folder.glob("unpacked-*/boot")
    (boot / "vmlinux").symlink_to(image.kernel)
    wrapper = folder / "qemu"
    wrapper.write_text(_WRAPPER.format(qemu=shlex.join(qemu)))
    wrapper.chmod(0o755)
    return Kit(program, boot, wrapper, busybox)


@dataclass(frozen=True)
class Vng:
    """`vng --run KERNEL --exec lspci`, without KVM."""

    kit: Kit
    nic: str
    kernel: str
    name: str
    what: str

    def run(self, machine: str) -> Run:
        """Run it once, until the end mark behind the text."""
        # vng calls its own other programs by name.
        path = f"{Path(self.kit.program).parent}:{os.environ['PATH']}"
        started = time.time()
        # vng wants a terminal for its standard streams.
        terminal = pexpect.spawn(
            self.kit.program,
            self._arguments(machine),
            timeout=SECONDS,
            encoding="utf-8",
            codec_errors="replace",
            cwd="/",
            env={**os.environ, "PATH": path},
        )
        try:
            terminal.expect_exact(_END)
            ended, text = time.time(), terminal.before or ""
            terminal.expect_exact(pexpect.EOF)
        except (pexpect.EOF, pexpect.TIMEOUT) as error:
            last = (terminal.before or "").strip().splitlines()[-1:]
            raise CannotTest(f"vng printed no lspci text: {last[0] if last else ''}") from error
        finally:
            terminal.close(force=True)
        execed = self.kit.qemu.with_name("qemu.started").stat().st_mtime
        return Run(ended - execed, text.replace("\r", ""), ended - started)

    def _arguments(self, machine: str) -> list[str]:
        nics = f"-device {self.nic} -device {self.nic}"
        return [
            *("--run", str(self.kit.folder / self.kernel), "--memory", "256M", "--cpus", "1"),
            # Debian 12's virtiofsd is not one that vng can use; it would wait for it in vain.
            *("--disable-kvm", "--disable-microvm", "--force-9p"),
            *("--busybox", str(self.kit.busybox), "--qemu", str(self.kit.qemu)),
            f"--qemu-opts=-machine {machine} -cpu {CPU} {nics}",
            *("--exec", _COMMAND),
        ]


def contenders(kit: Kit, nic: str, image: Image) -> Sequence[Vng]:
    """vng with the kernel as it comes, and with the kernel as pciabi unpacked it."""
    packed = Vng(
        kit, nic, f"vmlinuz-{image.kernel_version}", "vng", "virtme-ng with the same kernel package"
    )
    unpacked = Vng(
        kit, nic, "vmlinux", "vng-vmlinux", "virtme-ng given the vmlinux that pciabi unpacked"
    )
    return packed, unpacked
