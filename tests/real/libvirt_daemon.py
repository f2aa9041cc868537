"""A libvirt daemon of the test's own: its folders, users and /dev are private to it.

Its /dev has no kvm: where KVM is there and does not work, libvirt would try it again at every
define, for half a minute. The machine's own libvirt, if there is one, is not touched.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_FOLDERS = ("/run/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt")
_NODES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm")
_USER = "libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin\n"
_GROUPS = "libvirt-qemu:x:64055:\nkvm:x:64056:\n"
_START = """
set -eu
work=$1
for folder in $folders /etc/libvirt; do
    mkdir -p $folder
    mount -t tmpfs none $folder
done
echo 'auth_unix_rw = "none"' >/etc/libvirt/libvirtd.conf
cp $work/qemu.conf /etc/libvirt/qemu.conf
mkdir $work/dev
mount -t tmpfs none $work/dev
for node in $nodes; do
    [ -e /dev/$node ] || continue
    if [ -d /dev/$node ]; then mkdir $work/dev/$node; else touch $work/dev/$node; fi
    mount --bind /dev/$node $work/dev/$node
done
mount --move $work/dev /dev
mount --bind $work/passwd /etc/passwd
mount --bind $work/group /etc/group
exec setpriv --pdeathsig TERM libvirtd --pid-file $work/pid
"""


@dataclass(frozen=True)
class Libvirt:
    """A running daemon, by its process."""

    pid: int
    folder: Path

    def virsh(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run virsh against it."""
        return subprocess.run(
            ["nsenter", "--target", str(self.pid), "--mount", "virsh", *arguments],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def stored(self, xml: str) -> str | None:
        """What libvirt keeps of a domain when it is defined; None where it refuses it."""
        path = self.folder / "domain.xml"
        path.write_text(xml)
        if self.virsh("define", path).returncode != 0:
            return None
        dumped = self.virsh("dumpxml", "--inactive", "z")
        self.virsh("undefine", "z").check_returncode()
        dumped.check_returncode()
        return dumped.stdout


@contextmanager
def libvirt(folder: Path) -> Iterator[Libvirt]:
    """A daemon for the time of the block. For root."""
    (folder / "qemu.conf").write_text(
        'security_driver = "none"\nuser = "root"\ngroup = "root"\nstdio_handler = "file"\n'
    )
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + _USER)
    (folder / "group").write_text(Path("/etc/group").read_text() + _GROUPS)
    (folder / "start").write_text(_START)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(str(folder / "ready"))
        ready.settimeout(60)
        own = {
            **os.environ,
            "NOTIFY_SOCKET": str(folder / "ready"),
            "folders": " ".join(_FOLDERS),
            "nodes": " ".join(_NODES),
        }
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                ["unshare", "--mount", "sh", folder / "start", folder], env=own, stderr=log
            )
        try:
            while b"READY=1" not in ready.recv(4096):
                pass
            yield Libvirt(process.pid, folder)
        finally:
            process.terminate()
            process.wait(30)
