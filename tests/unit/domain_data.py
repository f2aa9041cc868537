"""Domains as libvirts would make them, for what compares them."""

from __future__ import annotations

import textwrap

from pciabi.vm import xml_tree
from pciabi.vm.command_line.argument import plain
from pciabi.vm.command_line.option import QemuCommandLine, parse
from pciabi.vm.drift.made_domain import MadeDomain

NIC = """
<interface type='user'>
  <mac address='52:54:00:00:00:01'/>
  <model type='virtio'/>
  <address type='pci' domain='0x0000' bus='0x{bus:02x}' slot='0x00' function='0x0'/>
</interface>
"""


def port(index: int, slot: int, function: int = 0, told: str = "", target: str = "") -> str:
    """A root port; `told` is what else its address says, `target` its target."""
    return f"""
<controller type='pci' index='{index}' model='pcie-root-port'>
  <model name='pcie-root-port'/>
  <target chassis='{index}' port='0x{slot * 8 + function:x}' {target}/>
  <address type='pci' bus='0x00' slot='0x{slot:02x}' function='0x{function}' {told}/>
</controller>
"""


def made(*devices: str, line: str = "", head: str = "", machine: str = "pc-q35-9.2") -> MadeDomain:
    """A q35 domain of these devices in web.xml, started with the words of `line`."""
    body = textwrap.dedent("".join(devices))
    text = (
        f"<domain type='qemu'><os><type arch='x86_64' machine='{machine}'>hvm</type></os>\n{head}"
        f"<devices>\n<controller type='pci' index='0' model='pcie-root'/>{body}</devices></domain>"
    )
    (root,) = xml_tree.read("web.xml", text).below("domain")
    return MadeDomain("libvirt:9.0", root, command_line(line))


def command_line(text: str) -> QemuCommandLine:
    """A command line of words that hold no blank, all of them on line 7 of web.xml."""
    return parse(None, [plain(word, "web.xml", 7) for word in text.split()], "web.xml")
