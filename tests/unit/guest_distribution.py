"""A tiny distribution: real .deb archives, and an apt that knows nothing else.

The fake stands where the wire is: apt-get and apt-cache are small programs on PATH that answer
as apt does. dpkg-deb and depmod are the real ones.
"""

from __future__ import annotations

import lzma
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pciabi.distribution.packages import checksum

KERNEL = "6.1.0-test"
MODULES = f"lib/modules/{KERNEL}"
_PROGBITS, _STRTAB, _DYNAMIC, _NOTE = 1, 3, 6, 7
_NEEDED, _STRING_TABLE = 1, 5


@dataclass(frozen=True)
class Section:
    """One ELF section: type, content, and the number of the section it refers to."""

    name: str
    type: int
    data: bytes
    link: int = 0
    entry_size: int = 0


def elf(*sections: Section) -> bytes:
    """A 64-bit ELF file that holds these sections and nothing to run."""
    names = b"\0" + b"".join(s.name.encode() + b"\0" for s in sections) + b".shstrtab\0"
    every = (*sections, Section(".shstrtab", _STRTAB, names))
    body, headers, offset = b"", bytes(64), 64
    for section in every:
        name = names.index(b"\0" + section.name.encode() + b"\0") + 1
        size = len(section.data)
        headers += struct.pack(
            "<IIQQQQIIQQ",
            *(name, section.type, 0, 0, offset, size, section.link, 0, 4, section.entry_size),
        )
        padded = section.data + bytes(-size % 8)
        body += padded
        offset += len(padded)
    count = len(every) + 1
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, offset, 0, 64, 0, 0, 64, count, count - 1)
    return ident + head + body + headers


def program(*libraries: str) -> bytes:
    """A program that needs these shared libraries."""
    strings, entries = b"\0", b""
    for library in libraries:
        entries += struct.pack("<QQ", _NEEDED, len(strings))
        strings += library.encode() + b"\0"
    entries += struct.pack("<QQ", _STRING_TABLE, 0) + bytes(16)
    return elf(
        Section(".dynstr", _STRTAB, strings),
        Section(".dynamic", _DYNAMIC, entries, link=1, entry_size=16),
    )


def module(name: str, *depends: str) -> bytes:
    """A kernel module that needs others."""
    info = f"name={name}\0depends={','.join(depends)}\0vermagic={KERNEL} SMP\0"
    return elf(Section(".modinfo", _PROGBITS, info.encode()))


def vmlinux(note_name: bytes = b"Xen\0", note_type: int = 18) -> bytes:
    """A kernel with one ELF note; by default the one that marks PVH."""
    note = struct.pack("<III", len(note_name), 8, note_type) + note_name + bytes(8)
    return elf(Section(".notes", _NOTE, note), Section(".text", _PROGBITS, b"kernel" * 99))


def bz_image(kernel: bytes, packed: bytes) -> bytes:
    """A bzImage around an already compressed kernel."""
    payload = packed if packed.startswith(b"\x1f\x8b") else packed + struct.pack("<I", len(kernel))
    offset, sectors = 0x60, 2
    head = bytearray((sectors + 1) * 512)
    head[0x1F1] = sectors
    head[0x202:0x208] = b"HdrS" + struct.pack("<H", 0x020F)
    struct.pack_into("<II", head, 0x248, offset, len(payload))
    return bytes(head) + bytes(offset) + payload + b"more of the loader"


def kernel_files() -> dict[str, bytes]:
    """What a kernel package holds: two modules, one needing the other, one compressed."""
    kernel = vmlinux()
    return {
        f"boot/vmlinuz-{KERNEL}": bz_image(kernel, lzma.compress(kernel)),
        f"{MODULES}/kernel/drivers/net/nic-one.ko.xz": lzma.compress(module("nic_one", "bus")),
        f"{MODULES}/kernel/drivers/bus.ko": module("bus"),
        f"{MODULES}/kernel/drivers/unwanted.ko": module("unwanted"),
        f"{MODULES}/modules.builtin": b"kernel/drivers/serial.ko\n",
        f"{MODULES}/modules.builtin.modinfo": b"serial.license=GPL\0",
        f"{MODULES}/modules.order": b"",
    }


CONTENTS: Mapping[str, tuple[str, Mapping[str, bytes]]] = {
    "linux-image-test": ("kernel", {"usr/share/doc/linux/changelog": b"new\n"}),
    f"linux-image-{KERNEL}": ("kernel", kernel_files()),
    "tools": ("utils", {"bin/tool": program("libone.so.1")}),
    "libone": ("libs", {"usr/lib/x86_64-linux-gnu/libone.so.1": program("libtwo.so.2")}),
    "zlike": ("libs", {"lib/x86_64-linux-gnu/libtwo.so.2.5": program()}),
    "adduser": ("admin", {"usr/sbin/adduser": b"#!/bin/sh\n"}),
}

RECIPE = """
description: a test
kernel:
  package: linux-image-test
  arguments: [quiet, panic=-1]
  modules: [nic-one, serial]
packages: [tools]
files: [usr/bin/tool]
links: {usr/bin/sh: tool}
texts: {etc/passwd: "root:x:0:0\\n"}
scripts: {init: test/init}
"""


class Distribution:
    """A folder with a recipe, a pool of archives, and the programs to put on PATH."""

    def __init__(
        self, folder: Path, contents: Mapping[str, tuple[str, Mapping[str, bytes]]]
    ) -> None:
        self.programs = folder / "bin"
        self.calls = folder / "calls"
        self.recipe = folder / "test.yaml"
        self._pool = folder / "pool"
        for path in (self.programs, self._pool, folder / "test"):
            path.mkdir(parents=True)
        self.calls.touch()
        self.write_recipe(RECIPE)
        (folder / "test/init").write_text("#!/bin/sh\n")
        for name, (_, files) in contents.items():
            self._pack(folder / "packing" / name, name, files)
        simulated = "".join(f"Inst {n} (1:1.0 Test [amd64])\\n" for n in contents)
        shown = "\\n".join(self._stanza(name, section) for name, (section, _) in contents.items())
        self._program("apt-cache", f"printf '{shown}'")
        self._program(
            "apt-get",
            f"""echo "$*" >>{self.calls}
case "$*" in
*indextargets*) echo {folder}/lists/Packages; exit ;;
*install*) printf '{simulated}'; exit ;;
esac
for word; do
    case $word in APT::Status-Fd=*) status=${{word#*=}} ;; esac
done
printf 'dlstatus:1:50.0000:Retrieving\\n' >"/dev/fd/$status"
cp {self._pool}/*.deb .
printf 'dlstatus:2:100.0000:Retrieving\\n' >"/dev/fd/$status"
""",
        )

    def write_recipe(self, text: str) -> None:
        """Put another recipe in place."""
        self.recipe.write_text(text)

    def replace_apt(self, script: str) -> None:
        """Put another apt-get in place."""
        self._program("apt-get", script)

    def downloads(self) -> Sequence[str]:
        """The calls that fetched packages."""
        return [line for line in self.calls.read_text().splitlines() if " download " in line]

    def _program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def _pack(self, folder: Path, name: str, files: Mapping[str, bytes]) -> None:
        for path, data in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(0o755)
        if name == "zlike":
            (folder / "lib/x86_64-linux-gnu/libtwo.so.2").symlink_to("libtwo.so.2.5")
        (folder / "DEBIAN").mkdir()
        (folder / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: 1:1.0\nArchitecture: amd64\nMaintainer: t <t@example.org>\n"
            "Description: test\n"
        )
        archive = self._pool / f"{name}_1%3a1.0_amd64.deb"
        subprocess.run(
            ["dpkg-deb", "-b", "--root-owner-group", "-Znone", folder, archive],
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def _stanza(self, name: str, section: str) -> str:
        archive = self._pool / f"{name}_1%3a1.0_amd64.deb"
        return (
            f"Package: {name}\\nVersion: 1:1.0\\nArchitecture: amd64\\nSection: {section}\\n"
            f"Size: {archive.stat().st_size}\\nSHA256: {checksum(archive)}\\n"
        )
