"""What a libvirt knows of a QEMU, laid into its sandbox."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pciabi.libvirt import place, sandbox
from pciabi.libvirt.capabilities import Capabilities


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder of the cache with one file of libvirt's in it."""
    known = tmp_path / "kept" / place.CAPABILITIES.name
    known.mkdir(parents=True)
    (known / "qemu.xml").write_text("<qemuCaps/>")
    return known.parent


def test_a_sandbox_gets_what_is_known(kept: Path, tmp_path: Path) -> None:
    sandbox.prepare(tmp_path)
    Capabilities(kept).lay_into(tmp_path)
    known = sandbox.outside(tmp_path, place.CAPABILITIES)
    assert (known / "qemu.xml").read_text() == "<qemuCaps/>"


def test_a_full_disk_is_told_as_one_and_where(kept: Path, tmp_path: Path) -> None:
    sandbox.prepare(tmp_path)
    written = sandbox.outside(tmp_path, place.CAPABILITIES) / "qemu.xml"
    written.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as error:
        Capabilities(kept).lay_into(tmp_path)
    assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(written))
