"""What a real libvirt makes of a domain: its defined XML, and the command line it starts it with.

The whole QEMU driver runs within `virsh`, below a folder of the test's own, in namespaces without
/dev/kvm. The emulator is a wrapper that answers libvirt's questions with the real QEMU, and that
notes the arguments of the start and fails.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_WRAPPER = """#!/bin/sh
case " $* " in
*" -qmp unix:"*|*" -S -no-user-config -nodefaults -nographic"*|*" -help "*|*" -version "*)
    exec {qemu} "$@";;
esac
printf '%s\\0' {qemu} "$@" > {noted}
exit 1
"""
_INNER = """
set -eu
work=$1; shift
mount -t tmpfs none "$work/dev"
for node in null zero full random urandom tty; do
    touch "$work/dev/$node"; mount --bind "/dev/$node" "$work/dev/$node"
done
mkdir "$work/dev/pts" "$work/dev/shm"
mount --bind /dev/pts "$work/dev/pts"; mount --bind /dev/shm "$work/dev/shm"
ln -s pts/ptmx "$work/dev/ptmx"
mount --rbind "$work/dev" /dev
# Not by exec: this shell reaps what QEMU leaves when it becomes a daemon.
unshare -U --map-user=1000 --map-group=1000 "$@"
"""
# QEMU becomes a daemon, and libvirt waits until somebody reaps it.
_OWN_PROCESSES = ("--pid", "--fork", "--kill-child", "--mount-proc")
_NAME = re.compile(r"<name>([^<]*)</name>")
_EMULATOR = re.compile(r"<emulator>[^<]*</emulator>")


@dataclass(frozen=True)
class TrueDomain:
    """A domain's defined XML, and the arguments of its start, NUL-terminated."""

    xml: str
    arguments: bytes


@dataclass(frozen=True)
class EmbeddedLibvirt:
    """The libvirt installed here, with its state below a folder, for one QEMU."""

    folder: Path
    qemu: Path

    def true_domain(self, text: str) -> TrueDomain:
        """What it makes of a domain. Fails where it refuses it."""
        wrapper, noted = self.folder / "qemu-system-x86_64", self.folder / "noted"
        # libvirt asks an emulator again that has been written again.
        if not wrapper.exists():
            wrapper.write_text(_WRAPPER.format(qemu=self.qemu, noted=noted))
            wrapper.chmod(0o755)
        noted.unlink(missing_ok=True)
        asked = text.replace("<devices>", f"<devices><emulator>{wrapper}</emulator>", 1)
        path = self.folder / "asked.xml"
        path.write_text(asked)
        name = _NAME.search(text)
        assert name is not None, "a domain without a name"
        defined = self._virsh("define", str(path))
        assert defined.returncode == 0, defined.stderr
        dumped = self._virsh("dumpxml", "--inactive", name[1])
        assert dumped.returncode == 0, dumped.stderr
        started = self._virsh("start", "--paused", name[1])
        assert noted.exists(), started.stderr
        self._virsh("undefine", "--nvram", name[1]).check_returncode()
        return TrueDomain(_EMULATOR.sub("", dumped.stdout), noted.read_bytes())

    def _virsh(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        for name in ("root", "home", "run", "dev"):
            (self.folder / name).mkdir(exist_ok=True)
        inner = self.folder / "inner"
        inner.write_text(_INNER)
        own = (f"HOME={self.folder}/home", f"XDG_RUNTIME_DIR={self.folder}/run", "LC_ALL=C")
        environment = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *own)
        virsh = ("virsh", "-q", "-c", f"qemu:///embed?root={self.folder}/root")
        return subprocess.run(
            [
                "unshare",
                "-rm",
                *_OWN_PROCESSES,
                *environment,
                "sh",
                inner,
                self.folder,
                *virsh,
                *arguments,
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
