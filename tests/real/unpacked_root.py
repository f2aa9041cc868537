"""Roots laid out as distributions lay them out, made of a real QEMU's own files.

Where what has been seen in the packages of CentOS, Fedora and Proxmox: the program's name and
folder, the word in the names of its folders, which package brings which firmware, and links.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pciabi.qemu import acquire, spec
from pciabi.qemu.launch import FIRMWARE, LIBRARIES, LOADER, MODULES, PROGRAM

_OVMF = "usr/share/OVMF"
_CODE, _VARIABLES = "OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"
_BUILT_DATA, _BUILT_MODULES = b"/usr/share/qemu\0", b"/usr/lib/x86_64-linux-gnu/qemu\0"


@dataclass(frozen=True)
class Parts:
    """The files of a QEMU that runs on this machine.

    `spec` is what a user names it by; `data` are the folders of its data, in its own order.
    """

    spec: str
    program: Path
    libraries: tuple[Path, ...]
    modules: tuple[Path, ...]
    data: tuple[Path, ...]
    ovmf: Path


def released(version: str) -> Parts:
    """Those of a released QEMU in the cache."""
    root = acquire.ensure(spec.released(version), lambda _: None).root
    return Parts(
        version,
        root / PROGRAM,
        (root / LOADER, *sorted((root / LIBRARIES).glob("*.so*"))),
        tuple(sorted((root / MODULES).glob("*.so"))),
        tuple(root / folder for folder in FIRMWARE),
        root / _OVMF,
    )


def hosts() -> Parts:
    """Those of the QEMU that is installed here, as far as the loader says that it needs them."""
    program = Path("/") / PROGRAM
    modules = tuple(sorted((Path("/") / MODULES).glob("*.so")))
    listing = subprocess.run(
        ["ldd", program, *modules], capture_output=True, text=True, check=True
    ).stdout
    words = {word for line in listing.splitlines() for word in line.split()}
    libraries = sorted(Path(word) for word in words if word.startswith("/") and word[-1] != ":")
    data = tuple(Path("/") / folder for folder in FIRMWARE)
    return Parts(str(program), program, tuple(libraries), modules, data, Path("/") / _OVMF)


def like_centos(parts: Parts, root: Path) -> Path:
    """A root as CentOS has it: `/usr/libexec/qemu-kvm`, with links to other packages' firmware,
    some of them absolute; returns the program."""
    program = _put(parts.program, root / "usr/libexec/qemu-kvm")
    _put_all(parts.libraries, root / "usr/lib64")
    _put_all(parts.modules, root / "usr/lib64/qemu-kvm")
    (root / "lib64").symlink_to("/usr/lib64")
    qemu, seabios, ipxe = (root / f"usr/share/{name}" for name in ("qemu-kvm", "seabios", "ipxe"))
    _put_data(parts.data[:1], qemu)
    _put_data(parts.data[1:2], seabios)
    _put_data(parts.data[2:], ipxe)
    for package in (seabios, ipxe):
        for file in sorted(package.iterdir()) if package.exists() else ():
            if not (qemu / file.name).exists():
                above = ".." if file.name.startswith("bios") else "/usr/share"
                (qemu / file.name).symlink_to(f"{above}/{package.name}/{file.name}")
    # Libraries that other packages have in folders of their own, or under another name.
    private = root / "usr/lib64/private"
    private.mkdir()
    slirp = next((root / "usr/lib64").glob("libslirp.so.?"))
    slirp.rename(private / slirp.name)
    pixman = next((root / "usr/lib64").glob("libpixman-1.so.?"))
    pixman.rename(private / "pixman")
    pixman.symlink_to("/usr/lib64/private/pixman")
    (root / "etc/ld.so.conf.d").mkdir(parents=True)
    (root / "etc/ld.so.conf").write_text("include ld.so.conf.d/*.conf\n")
    (root / "etc/ld.so.conf.d/private.conf").write_text("# of a package\n/lib64/private\n")
    _describe(parts, root, "usr/share/qemu/firmware", "usr/share/edk2/ovmf")
    return program


def like_proxmox(parts: Parts, root: Path) -> Path:
    """A root as Proxmox has it: `/usr/bin/kvm`, everything in `/usr/share/kvm`, and a QEMU that
    was built to look there; returns the program's other name."""
    program = root / PROGRAM
    program.parent.mkdir(parents=True)
    content = parts.program.read_bytes()
    for built, other in ((_BUILT_DATA, b"share/kvm"), (_BUILT_MODULES, b"x86_64-linux-gnu/kvm")):
        assert built in content
        moved = built[: built.index(other.partition(b"/")[0])] + other
        content = content.replace(built, moved.ljust(len(built), b"\0"))
    program.write_bytes(content)
    program.chmod(0o755)
    (root / "usr/bin/kvm").symlink_to("/usr/bin/qemu-system-x86_64")
    _put_all(parts.libraries, root / LIBRARIES)
    (root / "lib").symlink_to("usr/lib")
    _put_all(parts.modules, root / "usr/lib/x86_64-linux-gnu/kvm")
    _put_data(parts.data, root / "usr/share/kvm")
    _describe(parts, root, "usr/share/kvm/firmware", "usr/share/kvm")
    return root / "usr/bin/kvm"


def like_a_build(parts: Parts, folder: Path) -> Path:
    """A folder as QEMU's build leaves it, with a bundle of links to what was built."""
    program = _put(parts.program, folder / "qemu-system-x86_64")
    _put_data(parts.data, folder / "pc-bios")
    bundle = folder / "qemu-bundle"
    shared = bundle / "usr/share/qemu"
    (shared / "firmware").mkdir(parents=True)
    for name in ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"):
        _put(parts.ovmf / name, folder / "pc-bios" / name)
    for file in (folder / "pc-bios").iterdir():
        if file.is_file():
            (shared / file.name).symlink_to(file)
    (shared / "firmware/60-edk2.json").write_text(_descriptor("usr/share/qemu"))
    modules = bundle / MODULES
    modules.mkdir(parents=True)
    for module in parts.modules:
        (modules / module.name).symlink_to(_put(module, folder / module.name))
    return program


def _describe(parts: Parts, root: Path, descriptors: str, place: str) -> None:
    for name in (_CODE, _VARIABLES):
        _put(parts.ovmf / name, root / place / name)
    (root / descriptors).mkdir(parents=True, exist_ok=True)
    (root / descriptors / "60-edk2.json").write_text(_descriptor(place))


def _descriptor(place: str) -> str:
    files = {
        key: {"filename": f"/{place}/{name}", "format": "raw"}
        for key, name in (("executable", _CODE), ("nvram-template", _VARIABLES))
    }
    document = {
        "description": "UEFI firmware for x86_64",
        "interface-types": ["uefi"],
        "mapping": {"device": "flash", **files},
        "targets": [{"architecture": "x86_64", "machines": ["pc-i440fx-*", "pc-q35-*"]}],
        "features": [],
    }
    return json.dumps(document)


def _put(source: Path, target: Path) -> Path:
    """The content of a file at another place, linked where that can be."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
    return target


def _put_all(sources: Iterable[Path], folder: Path) -> None:
    for source in sources:
        if not (folder / source.name).exists():
            _put(source, folder / source.name)


def _put_data(sources: Iterable[Path], folder: Path) -> None:
    """The files of data folders, keeping those of the first that has a name; without Debian's
    descriptors of UEFI builds, which name its own folders."""
    for source in sources:
        for file in sorted(source.rglob("*")) if source.exists() else ():
            target = folder / file.relative_to(source)
            if file.is_file() and file.parent.name != "firmware" and not target.exists():
                _put(file, target)
