"""QEMU's own configuration files, as `-readconfig` takes and `-writeconfig` wrote them.

One holds part of a machine: what is not in it (`-nodefaults`, the machine type) may be on the
command line, so nothing is said of devices that would be implicit.
"""

from __future__ import annotations

import re
from functools import partial

from pciabi.vm.command_line.argument import plain
from pciabi.vm.command_line.option import Option, QemuCommandLine
from pciabi.vm.command_line.readconfig import sections, statements
from pciabi.vm.command_line.source import decoded
from pciabi.vm.formats import ConfigText, Format, Vm
from pciabi.vm.qemu_machine import vm

_DEVICE = re.compile(r"^\s*\[device\b[^]\n]*\]", re.MULTILINE)


def detects(source: ConfigText) -> bool:
    """A text with a device section."""
    return _DEVICE.search(source.text) is not None


def read(source: ConfigText) -> tuple[Vm, ...]:
    """The one machine. Raises InputError."""
    text = decoded(source.text.encode(), source.file)
    nodefaults = Option("nodefaults", plain("-nodefaults", source.file, 1), None)
    line = QemuCommandLine(None, (nodefaults, *sections(text)), source.file, is_part=True)
    return (Vm(vm(line), partial(statements, text, source), line),)


FORMAT = Format(
    name="qemu-config",
    title="QEMU configuration file (-readconfig)",
    endings=(".cfg", ".conf", ".ini"),
    rank=30,
    detects=detects,
    read=read,
    comment="# pciabi: ignore unpinned-nic reason",
)
