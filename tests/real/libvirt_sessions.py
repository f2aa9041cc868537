"""Domains that a libvirt is asked of, and asking it in a process of its own, as a command does.

As a program it takes a SPEC, what to do (`define`, `command-line`, or `started`, which says so and
waits for what happens to it) and a file with a domain; an error ends it as it ends pciabi.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType

from pciabi.errors import Interrupted, PciabiError
from pciabi.libvirt import acquire, installation, session, spec
from pciabi.libvirt.installation import Libvirt
from pciabi.libvirt.session import Session
from pciabi.signals import STOP, watched
from tests.real.command import environment
from tests.real.releases import emulator, needed

QEMU_OF: Mapping[str, str] = MappingProxyType({"7.0": "5.2", "9.0": "7.2", "11.3": "10.0"})
"""The released libvirts that tests ask, each with the QEMU of its suite."""
_NIC = "<interface type='user'><mac address='52:54:00:00:00:0{}'/><model type='{}'/></interface>"
_NICS = "".join(_NIC.format(n, model) for n, model in enumerate(("virtio", "e1000", "rtl8139")))
_ROOT_PORTS = "".join(
    f"<controller type='pci' index='{n}' model='pcie-root-port'/>" for n in range(1, 6)
)


def domain(devices: str, machine: str = "q35", before: str = "") -> str:
    """A domain with these devices, each line break of which is kept."""
    return f"""\
<domain type='qemu'>
  <name>web</name>
  <uuid>5d7d1608-2b39-410f-8e8d-e8d55e0fdd98</uuid>
  <memory>262144</memory>
  <os><type arch='x86_64' machine='{machine}'>hvm</type></os>
  {before}
  <devices>
{devices}
  </devices>
</domain>
"""


DOMAINS: Mapping[str, str] = MappingProxyType(
    {
        "bare": domain(""),
        "nics": domain(_NICS),
        "pc": domain(
            "<video><model type='cirrus'/></video><graphics type='vnc' socket='/dev/pciabi/vnc'/>"
            "<sound model='ich6'/><disk type='file' device='cdrom'><target dev='hda'/></disk>",
            "pc",
        ),
        "bridges": domain(
            f"{_ROOT_PORTS}<controller type='pci' index='6' model='pcie-to-pci-bridge'/>"
            "<controller type='scsi' model='virtio-scsi'/><rng model='virtio'>"
            "<backend model='random'>/dev/urandom</backend></rng><input type='tablet' bus='usb'/>"
            "<disk type='file' device='cdrom'><target dev='sda' bus='scsi'/></disk>"
        ),
        "machine": domain(
            "<watchdog model='i6300esb'/><memballoon model='none'/><serial type='null'/>"
            "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
            before="<vcpu>4</vcpu><features><acpi/><apic/></features>"
            "<cpu><topology sockets='1' cores='2' threads='2'/></cpu>",
        ),
    }
)


def libvirt(version: str) -> Libvirt:
    """A released libvirt with the QEMU of its suite, both fetched unless they are in the cache."""
    emulator(QEMU_OF[version])
    with needed(f"libvirt {version}", f"pciabi libvirt get {version}"):
        acquire.ensure(spec.released(version), lambda _: None)
        return installation.find(f"libvirt:{version}")


class Sessions:
    """Released libvirts that are asked, each opened once, and anew where a session is spoilt."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._opened: dict[str, Session] = {}

    def of(self, version: str) -> Session:
        """The session with a released libvirt."""
        known = self._opened.get(version)
        if known is None or known.is_spoilt:
            opened = session.opened(libvirt(version))
            self._opened[version] = self._stack.enter_context(opened)
        return self._opened[version]


def command(*words: str | Path) -> list[str]:
    """This module as a program."""
    return [sys.executable, "-m", __name__, *map(str, words)]


def asked(
    folder: Path, *words: str | Path, around: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """What this module says as a program, that runs in `folder`; `around` goes in front of it."""
    return subprocess.run(
        [*around, *command(*words)],
        cwd=folder,
        env=environment(folder) | {"PYTHONPATH": str(Path.cwd())} | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def main(wanted: str, what: str, file: str) -> None:
    """Do it, and print what comes of it."""
    xml = Path(file).read_text()
    with session.opened(installation.find(wanted)) as one:
        if what == "define":
            print(one.define(xml, file))
        elif what == "command-line":
            print(*one.command_line(xml, file), sep="\n")
        else:
            with one.started(xml, file):
                print("started", flush=True)
                # It has an open ear for nothing else, and does not see who asked it go.
                one._virsh.ask("event --all --loop")


if __name__ == "__main__":
    try:
        with watched():
            main(*sys.argv[1:])
    except (PciabiError, Interrupted) as error:
        known = STOP.reason or error
        print(f"pciabi: {known}", file=sys.stderr)
        sys.exit(known.exit_code)
