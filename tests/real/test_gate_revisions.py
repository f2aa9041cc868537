"""Two revisions of one package: which is which stands in every document, whatever names them."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pciabi.distribution import manifest
from pciabi.qemu import acquire, launch, spec
from pciabi.qemu.product import PACKAGE, QEMU
from tests.real import unpacked_root
from tests.real.command import pciabi

# The next revision differs in nothing but its name, which the program has written in it.
OLD, NEW = "1:10.0.13+ds-0+deb13u1", "1:10.0.13+ds-0+deb13u2"


def revised(program: Path) -> None:
    """Make a program the next revision's; the file it may be linked to stays what it is."""
    content = program.read_bytes()
    assert OLD.encode() in content
    program.unlink()
    program.write_bytes(content.replace(OLD.encode(), NEW.encode()))
    program.chmod(0o755)


def told(folder: Path, old: str, new: str, **variables: str) -> dict[str, Any]:
    """What a gate between them says."""
    (folder / "vm.sh").write_text("qemu-system-x86_64 -nodefaults -M pc -device e1000,id=net0\n")
    sides = ("--from", old, "--to", new)
    reports = ("--format", "json", "--report-dir", "reports")
    done = pciabi("gate", "vm.sh", *sides, *reports, cwd=folder, **variables)
    assert done.returncode == 0, done.stderr
    (run,) = (folder / "reports").iterdir()
    for side, revision in (("before", OLD), ("after", NEW)):
        (snapshot,) = run.glob(f"*-{side}.json")
        assert revision in json.loads(snapshot.read_text())["provenance"]["qemu_package"]
    for name in ("report.html", "report.md", "report.json"):
        text = (run / name).read_text()
        assert OLD in text, name
        assert NEW in text, name
    return dict(json.loads(done.stdout))


def test_two_unpacked_roots(tmp_path: Path) -> None:
    for name in ("old", "new"):
        unpacked_root.like_proxmox(unpacked_root.released("10.0"), tmp_path / name)
    revised(tmp_path / "new" / launch.PROGRAM)
    document = told(tmp_path, "./old", "./new")
    assert document["before"] == f"QEMU emulator version 10.0.13 (Debian {OLD})"
    assert document["after"] == f"QEMU emulator version 10.0.13 (Debian {NEW})"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache that has both: the older one as it was fetched, the newer one in its suite's name."""
    known = acquire.ensure(spec.released("10.0"), lambda _: None)
    shelf = tmp_path / "cache/pciabi/qemu" / known.folder.parent.name
    older, newer = shelf / known.folder.resolve().name, shelf / "newer"
    for folder in (older, newer):
        shutil.copytree(known.folder, folder, symlinks=True, copy_function=os.link)
    revised(newer / "root" / launch.PROGRAM)
    said = known.manifest
    packages = tuple(replace(p, version=NEW) if p.name == PACKAGE else p for p in said.packages)
    files = manifest.checksums(newer / "root", (name for name, _ in said.files))
    made = replace(said, banner=said.banner.replace(OLD, NEW), packages=packages, files=files)
    text = QEMU.form.dumps(made)
    (newer / manifest.FILE_NAME).unlink()
    (newer / manifest.FILE_NAME).write_bytes(text)
    place = shelf / manifest.digest(text)[: len(older.name)]
    newer.rename(place)
    (shelf / "current").symlink_to(place.name)
    return tmp_path / "cache"


def test_two_in_the_cache(tmp_path: Path, cache: Path) -> None:
    own = {"XDG_CACHE_HOME": str(cache)}
    document = told(tmp_path, OLD, NEW, **own)
    assert document["before"] == f"QEMU emulator version 10.0.13 (Debian {OLD})"
    assert document["after"] == f"QEMU emulator version 10.0.13 (Debian {NEW})"
    # Its version alone means the one that the suite has now.
    plain = pciabi("qemu", "exec", "10.0", "--version", cwd=tmp_path, **own)
    assert NEW in plain.stdout
    missing = pciabi("gate", "vm.sh", "--to", "1:10.0.13+ds-9", cwd=tmp_path, **own)
    assert missing.returncode == 3
    assert "QEMU 1:10.0.13+ds-9 is not in the cache" in missing.stderr
