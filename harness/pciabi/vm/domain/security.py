"""`<launchSecurity>`: encrypted memory, of which PCI shows nothing.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildSecCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.vocabulary import chosen
from pciabi.vm.domain.words import Form, option, stated

# Of each what QEMU calls it; the keys and policies go to a processor that is not started here.
_OBJECTS: Mapping[str, str] = MappingProxyType(
    {"sev": "sev-guest", "sev-snp": "sev-snp-guest", "tdx": "tdx-guest"}
)


def options(domain: Domain) -> Iterator[Option]:
    """The object that says so. Raises InputError."""
    for security in domain.root.all("launchSecurity"):
        kind = chosen(security, "type", security.attributes.get("type", ""), _OBJECTS)
        pairs = stated(security, ("qom-type", kind), ("id", "lsec0"))
        yield option("object", pairs, Form.KEY_VALUE, "qom-type")
