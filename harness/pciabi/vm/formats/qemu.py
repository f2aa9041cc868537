"""QEMU command lines: argument lists, shell scripts, `ps` and /proc dumps, libvirt's logs.

Order of creation, measured with QEMU 7.2: the chipset, `-vga`, `-nic` and `-net nic`, sound;
then `-device` in key=value form and `-virtfs` in order, `-drive if=virtio`, `-device` in JSON.
"""

from __future__ import annotations

import re
from pathlib import Path

from pciabi.errors import InputError
from pciabi.vm import reading
from pciabi.vm.command_line.option_table import TAKES_ARGUMENT
from pciabi.vm.formats import ConfigText, Format
from pciabi.vm.pci_vm import PciVm
from pciabi.vm.qemu_machine import vm

_PROGRAM = re.compile(r"\b(?:qemu-system-\w+|qemu-kvm)\b")
_OPTION = re.compile(r"(?:^|[\s\"'(\0])--?(?:device|drive|netdev|machine|M|nic)(?:[\s\"'\0=]|$)")
_NAME = r"(?<![\w.-])(?:qemu-system-[\w.-]++|(?:qemu-)?kvm(?:-spice)?(?![\w-]))"
# The program with an option or a disk image behind it, on a line that is no comment.
_COMMAND = re.compile(
    rf"^(?![ \t]*(?:\#|//|;)).*?{_NAME}[\"']?(?:[ \t\0]|\\\r?\n)++[\"']?"
    r"(?:--?[A-Za-z]|[\w./${}-]++(?<=\.img|\.raw|\.iso|cow2|vmdk))",
    re.MULTILINE,
)
# The program, or what starts it, in a variable; its options are elsewhere.
_ASSIGNED = re.compile(rf"^[ \t]*(?:[a-z]+[ \t]+)?\w+=.*?{_NAME}", re.MULTILINE)
_ANY_OPTION = re.compile(r"(?:^|[\s\"'(])--?([A-Za-z][\w-]*)(?=[\s\"')]|$)")


def detects(source: ConfigText) -> bool:
    """A text that names QEMU's program together with an option, or holds two of its options."""
    options = _OPTION.findall(source.text[:200_000])
    if len(options) > 1 or _COMMAND.search(source.text) is not None:
        return True
    if options and _PROGRAM.search(source.text) is not None:
        return True
    return _ASSIGNED.search(source.text) is not None and any(
        match[1] in TAKES_ARGUMENT for match in _ANY_OPTION.finditer(source.text)
    )


def read(source: ConfigText) -> tuple[PciVm, ...]:
    """Every command line of an x86 machine. Raises InputError."""
    found = reading.read_all(Path(source.file), None, source.text.encode())
    try:
        return tuple(vm(line) for line in found)
    except RecursionError:
        raise InputError("nested too deeply", place=source.position(1)) from None


FORMAT = Format(
    name="qemu",
    title="QEMU command line",
    endings=(".sh", ".args", ".cmdline", ".log", ".bash", ".service", ".argv"),
    rank=10,
    detects=detects,
    read=read,
    comment="# pciabi: ignore unpinned-nic reason",
)
