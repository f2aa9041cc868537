"""The gate for whoever has nothing but QEMUs that are installed or unpacked: as an ordinary user,
without root, KVM or a network, and with an empty cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.real import unpacked_root
from tests.real.command import PCIABI, environment, pciabi

USER = 1001
# No device of KVM's and no network: a mount and a network namespace of its own.
ALONE = (
    *(
        "unshare",
        "--net",
        "--mount",
        "sh",
        "-c",
        'mount --bind /dev/null /dev/kvm; exec "$@"',
        "sh",
    ),
    *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs", "--"),
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the user's, with VMs, which he can reach. It is not below pytest's own: each
    pytest that starts closes that to all others."""
    with TemporaryDirectory() as place:
        yield furnished(Path(place))


def furnished(folder: Path) -> Path:
    """The folder with VMs in it, all the user's."""
    (folder / "vms").mkdir()
    for name, words in {
        "nvme": "-M pc-q35-5.2 -device nvme,id=disk0,serial=a,addr=5",
        "tap": "-M pc -netdev tap,id=n0 -device e1000,netdev=n0,id=net0,mac=52:54:00:00:00:01",
        "kvm": "-M pc-q35-7.2,accel=kvm -enable-kvm -cpu host -device virtio-rng-pci,id=rng0",
    }.items():
        (folder / f"vms/{name}.sh").write_text(f"qemu-system-x86_64 -nodefaults {words}\n")
    for name in ("cache", "tmp"):
        (folder / name).mkdir()
    for place in (folder, *folder.iterdir()):
        os.chown(place, USER, USER)
    return folder


def gate(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The gate by that user, alone with his files."""
    variables = environment(folder) | {"HOME": "/nonexistent", "XDG_CACHE_HOME": f"{folder}/cache"}
    return subprocess.run(
        [*ALONE, PCIABI, "gate", "vms", "--format", "json", *words],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_an_ordinary_user_gates_from_what_is_installed_to_what_is_unpacked(folder: Path) -> None:
    unpacked = folder / "root"
    unpacked_root.like_centos(unpacked_root.released("10.0"), unpacked)
    done = gate(folder, "--to", "./root")
    assert done.returncode in (0, 1), done.stderr
    document = json.loads(done.stdout)
    assert document["counts"]["not_judged"] == 0
    assert "QEMU emulator version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)" in document["after"]
    # The same that root sees, with KVM, a network and a cache.
    (folder / "by-root").mkdir()
    shutil.copytree(folder / "vms", folder / "by-root/vms")
    root = pciabi("gate", "vms", "--to", unpacked, "--format", "json", cwd=folder / "by-root")
    assert json.loads(root.stdout)["changes"] == document["changes"]
    assert done.returncode == root.returncode


def test_what_would_have_to_be_fetched_is_an_error_and_not_fetched(folder: Path) -> None:
    done = gate(folder, "--to", "10.0")
    assert done.returncode == 3
    assert "QEMU 10.0 is not in the cache (pciabi qemu get 10.0)" in done.stderr
