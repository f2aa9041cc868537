"""QEMU command lines: argument lists, shell scripts, `ps` and /proc dumps, libvirt's logs.

Order of creation, measured with QEMU 7.2: the chipset, `-vga`, `-nic` and `-net nic`, sound;
then `-device` in key=value form and `-virtfs` in order, `-drive if=virtio`, `-device` in JSON.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pciabi.errors import InputError
from pciabi.vm import reading
from pciabi.vm.command_line.detection import is_command_line
from pciabi.vm.command_line.statements import statements
from pciabi.vm.formats import ConfigText, Format, Vm
from pciabi.vm.qemu_machine import vm


def detects(source: ConfigText) -> bool:
    """A text that QEMU's program, or its options, tell."""
    return is_command_line(source.text)


def read(source: ConfigText) -> tuple[Vm, ...]:
    """Every command line of an x86 machine. Raises InputError."""
    found = reading.read_all(Path(source.file), None, source.text.encode())
    try:
        return tuple(Vm(vm(line), partial(statements, line, source), line) for line in found)
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
