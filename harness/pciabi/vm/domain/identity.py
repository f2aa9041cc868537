"""What a guest reads of itself in firmware's tables: `-uuid`, `-smbios`, `-fw_cfg` and vmgenid.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildSmbiosCommandLine, qemuBuildSysinfoCommandLine,
qemuBuildVMGenIDCommandLine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know, unknown
from pciabi.vm.domain.words import Form, Property, bare, option, stated
from pciabi.vm.xml_tree import Element

# Each table's element, its number, and what an <entry> of it may be called, in libvirt's order.
_TABLES: Mapping[str, tuple[int, tuple[str, ...]]] = MappingProxyType(
    {
        "bios": (0, ("vendor", "version", "date", "release")),
        "system": (
            1,
            ("manufacturer", "product", "version", "serial", "uuid", "sku", "family"),
        ),
        "baseBoard": (2, ("manufacturer", "product", "version", "serial", "asset", "location")),
        "chassis": (3, ("manufacturer", "version", "serial", "asset", "sku")),
    }
)
_OEM_STRINGS = 11
# libvirt names a manufacturer in these, an empty one where none is stated; QEMU would say itself.
_ALWAYS_OF_A_MAKER = frozenset({"baseBoard", "chassis"})
_VOCABULARY = Vocabulary(
    frozenset({"@type", "oemStrings", "oemStrings/entry", "entry", "entry@name", "entry@file"})
    | {word for table in _TABLES for word in (table, f"{table}/entry", f"{table}/entry@name")}
)
_UUID_ALONE = Vocabulary(frozenset())
_MODES = ("emulate", "host", "sysinfo")
_UUID = re.compile(r"[0-9a-f]{32}")


def uuids(domain: Domain) -> Iterator[Option]:
    """`-uuid`, which SMBIOS tells. Raises InputError."""
    for element in domain.root.all("uuid"):
        must_know(element, _UUID_ALONE)
        yield bare("uuid", _uuid(element), element.start)


def tables(domain: Domain) -> Iterator[Option]:
    """`-smbios` for each table that `<sysinfo>` describes, and `-fw_cfg`. Raises InputError."""
    sysinfos = list(domain.root.all("sysinfo"))
    for sysinfo in sysinfos:
        must_know(sysinfo, _VOCABULARY)
        chosen(sysinfo, "type", sysinfo.attributes.get("type", ""), {"smbios": 1, "fwcfg": 1})
    mode = _mode(domain)
    described = [one for one in sysinfos if one.attributes.get("type") == "smbios"]
    if mode is not None and mode.attributes.get("mode") == "host":
        raise InputError(
            "<smbios mode='host'>: only the host it runs on knows what it says of itself",
            advice="state it in <sysinfo type='smbios'>, with mode='sysinfo'",
            place=mode.start,
        )
    if mode is not None and mode.attributes.get("mode") == "sysinfo":
        if not described:
            raise InputError("<smbios mode='sysinfo'>: there is no <sysinfo>", place=mode.start)
        yield from _smbios(described[0])
    for sysinfo in sysinfos:
        if sysinfo.attributes.get("type") == "fwcfg":
            yield from _firmware_files(sysinfo)


def generations(domain: Domain) -> Iterator[Option]:
    """The device whose ACPI table tells a guest that it was restored or copied."""
    for element in domain.root.all("genid"):
        must_know(element, _UUID_ALONE)
        # Where none is written libvirt makes one up at each start: what it says is no fact.
        guid = _uuid(element) if element.text.strip() else "auto"
        yield domain.device(
            stated(element, ("driver", "vmgenid"), ("guid", guid), ("id", "vmgenid0"))
        )


def _mode(domain: Domain) -> Element | None:
    os = domain.root.merged("os")
    smbios = os.child("smbios") if os is not None else None
    if smbios is not None:
        chosen(smbios, "mode", smbios.attributes.get("mode", ""), dict.fromkeys(_MODES))
    return smbios


def _smbios(sysinfo: Element) -> Iterator[Option]:
    for name, (number, fields) in _TABLES.items():
        for table in sysinfo.all(name):
            # libvirt forgets one that says nothing.
            if any(entry.text for entry in table.all("entry")):
                yield _table(number, table, fields)
    for strings in sysinfo.all("oemStrings"):
        values = [("value", entry) for entry in strings.all("entry")]
        pairs = [pair for name, entry in values for pair in stated(entry, (name, entry.text))]
        yield option("smbios", (*stated(strings, ("type", _OEM_STRINGS)), *pairs), Form.KEY_VALUE)


def _table(number: int, table: Element, fields: tuple[str, ...]) -> Option:
    said: dict[str, Property] = {}
    if table.name in _ALWAYS_OF_A_MAKER:
        said.update({item.name: item for item in stated(table, ("manufacturer", ""))})
    for entry in table.all("entry"):
        name = entry.attributes.get("name", "")
        if name not in fields:
            raise unknown(table, f"entry name='{name[:40]}'", entry)
        text = _uuid(entry) if name == "uuid" else entry.text
        said.update({item.name: item for item in stated(entry, (name, text or None))})
    in_order = [said[field] for field in fields if field in said]
    return option("smbios", (*stated(table, ("type", number)), *in_order), Form.KEY_VALUE)


def _firmware_files(sysinfo: Element) -> Iterator[Option]:
    for entry in sysinfo.all("entry"):
        file = entry.attributes.get("file")
        yield option(
            "fw_cfg",
            stated(
                entry,
                ("name", entry.attributes.get("name", "")),
                ("file", file) if file is not None else ("string", entry.text),
            ),
            Form.KEY_VALUE,
        )


def _uuid(element: Element) -> str:
    """A UUID as libvirt writes it. Raises InputError."""
    text = element.text.strip()
    digits = re.sub(r"[\s-]", "", text.lower())
    if _UUID.fullmatch(digits) is None:
        raise InputError(f"<{element.name}>: {text[:40]!r} is no UUID", place=element.start)
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(parts)
