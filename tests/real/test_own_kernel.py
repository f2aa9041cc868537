"""A kernel and an initramfs of the user's own, booted as any guest."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pciabi import resources
from pciabi.guest import image
from tests.real.command import guests, pciabi, workspaces

ONE = ("--select", "machine=pc", "--select", "nic=virtio-net-pci")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a scenario, a recipe, and the shipped guest's files as if they were ours.

    The initramfs is compressed and its size is odd, as a user's may be.
    """
    shipped = image.ensure(resources.image_recipe("debian"), lambda _progress: None)
    guest = tmp_path / "guest"
    guest.mkdir()
    (guest / "vmlinux").symlink_to(shipped.kernel)
    packed = gzip.compress(shipped.initrd.read_bytes(), compresslevel=1)
    (guest / "initrd.gz").write_bytes(packed + bytes(1 - len(packed) % 2))
    (guest / "ours.yaml").write_text(
        "kernel: vmlinux\n"
        "initrd: initrd.gz\n"
        f"arguments: [{', '.join(shipped.kernel_arguments.split())}]\n"
    )
    scenario = resources.scenario("two-nics-pinned").read_text()
    (tmp_path / "own.pciabi.yaml").write_text(f"image: guest/ours.yaml\n{scenario}")
    return tmp_path


def test_a_kernel_and_initramfs_that_speak_our_protocol(own: Path) -> None:
    initrd = (own / "guest/initrd.gz").read_bytes()
    done = pciabi("run", "own.pciabi.yaml", *ONE, cwd=own)
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = (own / "reports").iterdir()
    assert "ours (vmlinux, initrd.gz), Linux " in (report / "report.json").read_text()
    assert (own / "guest/initrd.gz").read_bytes() == initrd
    assert not guests(own)
    assert not workspaces(own)


def test_a_missing_file_is_named_with_the_recipes_line(own: Path) -> None:
    (own / "guest/initrd.gz").unlink()
    done = pciabi("run", "own.pciabi.yaml", *ONE, cwd=own)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "guest/ours.yaml:2: own[pc-virtio-net-pci]: initrd: there is no file" in " ".join(
        done.stdout.split()
    )
