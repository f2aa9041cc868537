"""What starts first: firmware, a kernel of the host's, and how firmware goes about it.

No firmware runs and no file is opened where hardware is read; that each was there is told.
Source: libvirt, src/qemu/qemu_command.c, qemuBuildDomainLoaderCommandLine and
qemuBuildBootCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, Property, bare, option, stated
from pciabi.vm.xml_tree import Element

_CHOSEN = "by which libvirt chooses firmware, and none runs"
_VOCABULARY = Vocabulary(
    frozenset({"type", "type@arch", "type@machine", "boot", "boot@dev", "bios", "bootmenu"})
    | {"loader", "loader@type", "loader@secure", "kernel", "initrd", "cmdline", "dtb", "shim"}
    | {"bootmenu@enable", "bootmenu@timeout", "bios@useserial", "bios@rebootTimeout"}
    | {"smbios", "smbios@mode", "acpi", "acpi/table", "acpi/table@type"},
    {
        "@firmware": _CHOSEN,
        "firmware/**": _CHOSEN,
        "firmware": _CHOSEN,
        "loader@readonly": _CHOSEN,
        "loader@stateless": _CHOSEN,
        "loader@format": _CHOSEN,
        "nvram/**": "what firmware remembers",
        "nvram": "what firmware remembers",
    },
)
_NEVER = "-1"
_TYPES = {"rom": "rom", "pflash": "pflash"}
_KERNEL = {"kernel": "kernel", "initrd": "initrd", "cmdline": "append", "dtb": "dtb"}
_SIGNATURES: Mapping[str, str | None] = MappingProxyType(
    {"slic": "SLIC", "msdm": "MSDM", "rawset": None, "raw": None}
)
_BOOT_DEVICES = dict.fromkeys(("hd", "cdrom", "fd", "network"))


def _must_be_known(domain: Domain) -> None:
    """Raise InputError at what is not known of `<os>`."""
    for os in domain.root.all("os"):
        must_know(os, _VOCABULARY)
        for boot in os.all("boot"):
            chosen(os, "boot dev", boot.attributes.get("dev", ""), _BOOT_DEVICES, boot)


def loaders(domain: Domain) -> Iterator[Option]:
    """`-bios`, or that the flash with the firmware is written in SMM alone. Raises InputError."""
    _must_be_known(domain)
    for os in domain.root.all("os"):
        for loader in os.all("loader"):
            # libvirt takes what is not said for a ROM where the firmware is no UEFI of its choice.
            kind = loader.attributes.get("type", "pflash" if "firmware" in os.attributes else "rom")
            kind = chosen(os, "loader type", kind, _TYPES, loader)
            if kind == "rom" and loader.text.strip():
                yield bare("bios", loader.text.strip(), loader.start)
            elif kind == "pflash" and switch(loader, "secure"):
                pairs = (("driver", "cfi.pflash01"), ("property", "secure"), ("value", "on"))
                yield option("global", stated(loader, *pairs), Form.KEY_VALUE)


def boots(domain: Domain) -> Iterator[Option]:
    """`-boot`, a kernel, and ACPI tables of the user's. Raises InputError."""
    os = domain.root.merged("os") or domain.root
    strict = stated(os, ("strict", True))
    yield option("boot", (*_boot(os), *strict), Form.KEY_VALUE, "order")
    for name, word in _KERNEL.items():
        found = os.child(name)
        if found is not None and found.text.strip():
            yield bare(word, found.text.strip(), found.start)
    shim = os.child("shim")
    if shim is not None and domain.dialect.has(Trait.SHIM):
        yield bare("shim", shim.text.strip(), shim.start)
    acpi = os.child("acpi")
    for table in acpi.all("table") if acpi is not None else ():
        kind = table.attributes.get("type", "")
        signature = chosen(os, "acpi table type", kind, _SIGNATURES, table)
        pairs = stated(table, ("sig", signature), ("file", table.text.strip()))
        yield option("acpitable", pairs, Form.KEY_VALUE)


def serial_consoles(domain: Domain) -> Iterator[Option]:
    """The ROM by which firmware spoke to a serial port before the machine could be told."""
    os = domain.root.merged("os")
    bios = os.child("bios") if os is not None else None
    if bios is not None and switch(bios, "useserial") and not domain.dialect.has(Trait.GRAPHICS):
        yield option("device", stated(bios, ("driver", "sga")), Form.KEY_VALUE, "driver")


def _boot(os: Element) -> Iterator[Property]:
    menu, bios = os.child("bootmenu"), os.child("bios")
    if menu is not None:
        yield from stated(menu, ("menu", switch(menu, "enable")))
    if bios is not None and "rebootTimeout" in bios.attributes:
        never = bios.attributes["rebootTimeout"].strip() == _NEVER
        seconds = int(_NEVER) if never else number(bios, "rebootTimeout")
        yield from stated(bios, ("reboot-timeout", seconds))
    if menu is not None and "timeout" in menu.attributes:
        yield from stated(menu, ("splash-time", number(menu, "timeout")))
