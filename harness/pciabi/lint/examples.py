"""Small domains for the rules' examples, so that each shows only what it is about."""

from __future__ import annotations

import textwrap

from pciabi.lint.rule import Example

I440FX = "pc-i440fx-7.2"
Q35 = "pc-q35-7.2"


def address(slot: int, *, bus: int = 0, function: int = 0, more: str = "") -> str:
    """A libvirt address element."""
    return (
        f"<address type='pci' domain='0x0000' bus='{bus:#04x}' slot='{slot:#04x}' "
        f"function='{function:#x}'{more}/>"
    )


def nic(place: str = "", *, mac: str = "<mac address='52:54:00:00:00:01'/>") -> str:
    """A virtio NIC with that address element."""
    lines = [mac, "<source network='default'/>", "<model type='virtio'/>", place]
    inner = "\n".join(f"  {line}" for line in lines if line)
    return f"<interface type='network'>\n{inner}\n</interface>"


def element(opening: str, name: str, place: str = "") -> str:
    """An element whose only child is an address."""
    return f"{opening}\n  {place}\n</{name}>" if place else f"{opening[:-1]}/>"


def domain(*devices: str, machine: str = I440FX, head: str = "") -> Example:
    """A domain of these devices and nothing implicit."""
    usb = "<controller type='usb' model='none'/>"
    balloon = () if any("memballoon" in d for d in devices) else ("<memballoon model='none'/>",)
    quiet = () if any("type='usb'" in d for d in devices) else (usb,)
    inner = textwrap.indent("\n".join((*quiet, *devices, *balloon)), "    ")
    return Example(
        "libvirt",
        f"<domain type='kvm'>\n  <name>web</name>\n"
        f"  <os><type arch='x86_64' machine='{machine}'>hvm</type></os>\n{head}"
        f"  <devices>\n{inner}\n  </devices>\n</domain>\n",
    )


def qemu(*options: str, machine: str = I440FX) -> Example:
    """A QEMU command line of these options."""
    words = ("qemu-system-x86_64", "-nodefaults", f"-machine {machine}", *options)
    return Example("qemu", " \\\n  ".join(words) + "\n")


def without(example: Example, text: str) -> Example:
    """The example with the line of that text left out."""
    lines = example.text.splitlines(keepends=True)
    kept = [line for line in lines if line.strip() != text]
    assert len(kept) == len(lines) - 1, text
    return Example(example.format, "".join(kept))
