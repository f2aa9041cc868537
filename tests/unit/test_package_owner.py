"""Which package a QEMU is of, where its version line does not say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.qemu import package_owner
from pciabi.qemu.binary import Binary

PROGRAM = "usr/bin/qemu-system-x86_64"
NOTHING = "QEMU emulator version 9.2.0"

DATABASES = {
    "dpkg": {
        "var/lib/dpkg/info/qemu-system-x86.list": f"/.\n/usr\n/{PROGRAM}\n",
        "var/lib/dpkg/info/qemu-utils.list": "/usr/bin/qemu-img\n",
        "var/lib/dpkg/status": "Package: qemu-utils\nVersion: 1\n\n"
        "Package: qemu-system-x86\nStatus: install ok installed\nVersion: 1:9.2.0-3~x\n\n"
        "Package: qemu-system-x86-extra\nVersion: 2\n",
    },
    "dpkg, of a time when /bin was no link": {
        "var/lib/dpkg/info/pve-qemu-kvm:amd64.list": "/bin/qemu-system-x86_64\n",
        "var/lib/dpkg/status": "Package: pve-qemu-kvm\nVersion: 1:9.2.0-3~x\n",
    },
    "apk": {
        "lib/apk/db/installed": "C:Q1\nP:qemu-img\nV:1\nF:usr/bin\nR:qemu-img\n\n"
        "C:Q2\nP:qemu-system-x86_64\nV:1:9.2.0-3~x\nF:usr\nF:usr/bin\nR:qemu-system-x86_64\n",
    },
    "pacman": {
        "var/lib/pacman/local/qemu-system-x86-9.2/files": f"%FILES%\nusr/\n{PROGRAM}\n",
        "var/lib/pacman/local/qemu-system-x86-9.2/desc": "%NAME%\nq\n\n%VERSION%\n1:9.2.0-3~x\n",
    },
}


def unpacked(root: Path, files: dict[str, str]) -> Path:
    for name, content in (files | {PROGRAM: ""}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root / PROGRAM


@pytest.mark.parametrize("name", DATABASES)
def test_the_database_of_a_root_tells_its_package(name: str, tmp_path: Path) -> None:
    program = unpacked(tmp_path, DATABASES[name])
    assert package_owner.owner(tmp_path, program) == "1:9.2.0-3~x"
    other = program.with_name("kvm")
    other.symlink_to(f"/{PROGRAM}")
    assert package_owner.owner(tmp_path, other) == "1:9.2.0-3~x"


def test_a_program_of_no_package_is_not_told_as_one(tmp_path: Path) -> None:
    unpacked(tmp_path, {n: c for files in DATABASES.values() for n, c in files.items()})
    assert package_owner.owner(tmp_path, tmp_path / "usr/local/bin/qemu-system-x86_64") == ""
    assert package_owner.owner(tmp_path / "nowhere", tmp_path / "nowhere/x") == ""


def test_a_version_line_says_what_is_known_of_the_package() -> None:
    def line(banner: str, owner: str = "", origin: str = "") -> str:
        where = Path("/")
        return Binary("q", ("q",), where, (9, 2, 0), banner, (), owner, origin).version_line

    packaged = f"{NOTHING} (Debian 1:9.2.0-3)"
    assert line(packaged) == packaged
    assert line(NOTHING) == f"{NOTHING}; package not told"
    assert line(NOTHING, "9.2.0-3") == f"{NOTHING}; package 9.2.0-3"
    assert line(packaged, origin="of a process") == f"{packaged}; of a process"
