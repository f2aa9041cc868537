"""What `iasl -d` makes of ACPI tables: devices and their objects, read off ASL by a reader that
shares nothing with pciabi's own."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.probe.hypervisor import PAUSED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu.binary import Binary
from pciabi.qemu.config_access import open_access
from pciabi.qemu.fw_cfg import FwCfg
from tests.real.releases import needed

OBJECTS = ("_HID", "_CID", "_UID", "_SEG", "_BBN", "_ADR", "_SUN")
METHODS = ("_EJ0", "_DSM", "_PXM")
_BARE = ("-nodefaults", "-no-user-config")
_BLOCK = re.compile(r"(Device|Scope|Method|Processor|ThermalZone|PowerResource) \(([^,)]+)")
_NAME = re.compile(r"Name \(([^,]+), (.*)")
_ID = re.compile(r'EisaId \("(\w+)"\)|"([^"]*)"')
_PACKAGE = re.compile(r"\(_CID, Package \(\w+\)\s*\{([^}]*)\}")
_NUMBERS = {"Zero": 0, "One": 1, "Ones": -1}

Objects = dict[str, object]
Devices = dict[str, Objects]


def firmware_files(binary: Binary, arguments: tuple[str, ...]) -> tuple[bytes, bytes]:
    """The ACPI tables of a machine, and what its firmware is told to do with them."""
    machine = Machine(binary, (*_BARE, *arguments), PAUSED)
    with OWN_QEMU.start(machine, Cancellation()) as running:
        qtest = running.qtest(Deadline.after(60))
        open_access(qtest)
        tables, script = FwCfg(qtest).read("etc/acpi/tables", "etc/table-loader")
        return tables, script


def disassembled(tables: Iterable[bytes], folder: Path) -> str:
    """The ASL of these tables of AML, one after the other."""
    found = []
    for number, table in enumerate(tables):
        file = folder / f"{number}.aml"
        file.write_bytes(table)
        file.with_suffix(".dsl").unlink(missing_ok=True)
        with needed("iasl", "apt-get install acpica-tools"):
            subprocess.run(["iasl", "-d", file], capture_output=True, check=True, cwd=folder)
        found.append(file.with_suffix(".dsl").read_text(errors="replace"))
    return "\n".join(found)


@dataclass
class _Reader:
    """Follows the braces. `open` has a path for each of them, None within a method."""

    devices: Devices = field(default_factory=dict)
    objects: dict[str, Objects] = field(default_factory=dict)
    open: list[str | None] = field(default_factory=lambda: [""])
    waiting: str | None = ""

    def block(self, word: str, name: str) -> None:
        here = self.open[-1]
        if here is None:
            self.waiting = None
            return
        path = self._path(name, here, is_searched=word == "Scope")
        self.waiting = path
        if word == "Device":
            self.devices.setdefault(path, {})
        elif word == "Method":
            self._keep(path, "method")
            self.waiting = None
        self.objects.setdefault(path, {})

    def _path(self, name: str, here: str, *, is_searched: bool) -> str:
        segments = ".".join(one.rstrip("_") for one in name.lstrip("\\^").split("."))
        if name.startswith("\\"):
            return f".{segments}" if segments else ""
        while name.startswith("^"):
            here, name = here.rpartition(".")[0], name[1:]
        above = here
        while is_searched and "." not in segments:
            if f"{above}.{segments}" in self.objects:
                return f"{above}.{segments}"
            if not above:
                break
            above = above.rpartition(".")[0]
        return f"{here}.{segments}"

    def _keep(self, path: str, value: object) -> None:
        parent, _, name = path.rpartition(".")
        if name in (*OBJECTS, *METHODS):
            self.objects.setdefault(parent, {})[name] = value

    def name(self, name: str, text: str) -> None:
        here = self.open[-1]
        if here is not None:
            self._keep(self._path(name, here, is_searched=False), _value(text))


def devices(asl: str) -> Devices:
    """All devices by their paths, with those of their objects that are looked at."""
    reader = _Reader()
    for line in _without_comments(asl):
        if match := _BLOCK.match(line):
            reader.block(match[1], match[2])
        elif match := _NAME.match(line):
            reader.name(match[1], line[match.start(2) :])
        for brace in re.sub(r'"[^"]*"', "", line):
            if brace == "{":
                reader.open.append(reader.waiting if reader.waiting is not None else None)
                # What has no name of its own, as a package has, declares where it stands.
                reader.waiting = reader.open[-1]
            elif brace == "}":
                reader.open.pop()
                reader.waiting = reader.open[-1]
    return {path: reader.objects[path] for path in reader.devices}


def _without_comments(asl: str) -> Iterator[str]:
    """The lines, a package of ids on one."""
    text = re.sub(r"/\*.*?\*/", "", asl, flags=re.DOTALL)
    text = re.sub(r"//.*", "", text)
    text = re.sub(
        r"\(_CID, Package \(\w+\)\s*\{([^}]*)\}", lambda m: f"(_CID, [{_joined(m[1])}]", text
    )
    return (line.strip() for line in text.splitlines())


def _joined(lines: str) -> str:
    return " ".join(lines.split())


def _value(text: str) -> object:
    ids = tuple(one or two for one, two in _ID.findall(text))
    if text.startswith("["):
        return ids
    if ids:
        return ids[0]
    word = text.strip().rstrip(") ")
    if word in _NUMBERS:
        return _NUMBERS[word]
    return int(word, 16) if word.startswith("0x") else word


def below(found: Devices, parent: str) -> Mapping[int, str]:
    """The children of a device by `_ADR`."""
    children: dict[int, str] = {}
    for path, objects in found.items():
        if path.rpartition(".")[0] == parent and isinstance(objects.get("_ADR"), int):
            children.setdefault(int(str(objects["_ADR"])), path)
    return children


def roots(found: Devices) -> Mapping[int, str]:
    """The root bridges by bus."""
    ids = {"PNP0A03", "PNP0A08"}
    return {
        int(str(objects.get("_BBN", 0))): path
        for path, objects in found.items()
        if objects.get("_HID") in ids
        or objects.get("_CID") in ids
        or not ids.isdisjoint(_as_tuple(objects.get("_CID")))
    }


def _as_tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
