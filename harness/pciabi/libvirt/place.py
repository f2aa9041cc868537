"""Where what we give a libvirt lies, by the names it has for libvirt itself.

A short folder that is the same for everyone: the name of a UNIX socket may have 107 characters, and
a command line holds such names.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("/dev/pciabi")
PROGRAMS = FOLDER / "bin"
EMULATOR = PROGRAMS / "qemu-system-x86_64"
"""What libvirt starts as QEMU: the `<emulator>` of every domain."""
ROOT = FOLDER / "root"
"""All of the embedded driver's state."""
CONFIGURATION = ROOT / "etc/qemu.conf"
CAPABILITIES = ROOT / "cache/qemu/capabilities"
HOME = FOLDER / "home"
RUNTIME = FOLDER / "run"
DOMAIN = FOLDER / "domain.xml"
CAPTURED = FOLDER / "captured"
"""The words of the domain's start that was written down, each ended by a zero byte."""
STARTING = FOLDER / "starting"
"""Is there while a domain is really to be started."""
