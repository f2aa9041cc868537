"""`-chardev` for the `<source>` of a character device: which kind of backend it is.

What is behind it is the host's, and nothing of it is on PCI.
Source: libvirt, src/qemu/qemu_command.c, qemuBuildChardevStr.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain.vocabulary import chosen
from pciabi.vm.domain.words import Form, option, stated
from pciabi.vm.xml_tree import Element

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "null": "null",
        "vc": "vc",
        "pty": "pty",
        "dev": "serial",
        "file": "file",
        "pipe": "pipe",
        "stdio": "stdio",
        "udp": "udp",
        "tcp": "socket",
        "unix": "socket",
        "spicevmc": "spicevmc",
        "spiceport": "spiceport",
        "qemu-vdagent": "qemu-vdagent",
        "dbus": "dbus",
    }
)
_OF_A_PARALLEL_PORT = "parallel"

HARMLESS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        (
            *("source/**", "protocol/**", "log/**", "clipboard/**", "mouse/**", "reconnect/**"),
            "@tty",
        ),
        "the host's end of a character device",
    )
)
"""What a character device's element says of the host's end."""


def backend(device: Element, alias: str) -> Option:
    """The `-chardev` of a device, `char` and its alias. Raises InputError for a kind that is not
    known."""
    kind = chosen(device, "type", device.attributes.get("type", "pty"), _KINDS)
    if device.name == _OF_A_PARALLEL_PORT and kind == "serial":
        kind = _OF_A_PARALLEL_PORT
    return named(device, kind, f"char{alias}")


def socket(device: Element, alias: str) -> Option:
    """The `-chardev` to the daemon that serves a vhost-user device."""
    return named(device, "socket", served(alias))


def served(alias: str) -> str:
    """The id of the `-chardev` to the daemon that serves a device."""
    return f"chr-vu-{alias}"


def named(device: Element, kind: str, name: str) -> Option:
    """A `-chardev` of that kind and id."""
    pairs = stated(device, ("backend", kind), ("id", name))
    return option("chardev", pairs, Form.KEY_VALUE, "backend")
