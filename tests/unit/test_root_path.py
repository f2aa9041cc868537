"""Paths inside a root: the kernel, told to take a folder for `/`, is the judge."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.qemu import root_path

_OPENAT2, _RESOLVE_IN_ROOT = 437, 0x10
_LIBC = ctypes.CDLL(None, use_errno=True)


def kernels(root: Path, path: str) -> Path | None:
    """What the kernel finds at a path inside a root; None where it finds nothing."""
    top = os.open(root, os.O_PATH | os.O_DIRECTORY)
    how = struct.pack("<QQQ", os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT)
    try:
        found = _LIBC.syscall(_OPENAT2, top, os.fsencode(path), how, len(how))
        if found < 0:
            assert ctypes.get_errno() in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
            return None
        try:
            return Path(f"/proc/self/fd/{found}").readlink()
        finally:
            os.close(found)
    finally:
        os.close(top)


def led(root: Path, path: str) -> Path | None:
    """What pciabi makes of the path; None where links go round in circles."""
    try:
        return root_path.resolve(root, path)
    except OSError:
        return None


_STEP = st.sampled_from(["a", "b", "file", "l", "m", "..", "."])
_PATH = st.builds(
    lambda top, steps: top + "/".join(steps),
    st.sampled_from(["", "/", "//"]),
    st.lists(_STEP, min_size=1, max_size=4),
)
_PLACE = st.tuples(st.sampled_from(["", "a", "b", "a/a", "a/b"]), st.sampled_from("lm"))


def grow(root: Path, links: Mapping[tuple[str, str], str]) -> None:
    """A tree in which each folder has a file, and some have links."""
    for name in ("a/a", "a/b", "b"):
        (root / name).mkdir(parents=True)
    for folder in (root, *root.glob("*/"), *root.glob("*/*/")):
        (folder / "file").touch()
    for (place, link), target in links.items():
        (root / place / link).symlink_to(target)


@given(st.dictionaries(_PLACE, _PATH, max_size=10), _PATH)
def test_links_lead_where_the_kernel_would_find_them_in_that_root(
    links: dict[tuple[str, str], str], path: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve() / "root"
        root.mkdir()
        grow(root, links)
        # What a link that escapes would find.
        (root.parent / "file").touch()
        wanted, found = kernels(root, path), led(root, path)
        if found is None:
            assert wanted is None
            return
        assert found.is_relative_to(root)
        assert found == found.resolve(), "no link is left in it"
        if wanted is not None:
            assert found == wanted
            assert ".." in path or found in root_path.matching(root, path)


def test_an_absolute_link_leads_to_the_top_of_the_root(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/qemu").symlink_to("/../etc//alternatives/./qemu")
    found = root_path.resolve(tmp_path, "/usr/bin/qemu")
    assert found == tmp_path / "etc/alternatives/qemu"
    assert root_path.inside(tmp_path, found).as_posix() == "/etc/alternatives/qemu"


def test_a_pattern_is_matched_through_links_and_in_order(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/y-linux-gnu").mkdir(parents=True)
    (tmp_path / "usr/lib/x-linux-gnu").mkdir()
    (tmp_path / "usr/lib/.x-linux-gnu").mkdir()
    (tmp_path / "lib").symlink_to("/usr/lib")
    found = list(root_path.matching(tmp_path, "lib/*-linux-*"))
    assert [root_path.inside(tmp_path, place).as_posix() for place in found] == [
        "/usr/lib/x-linux-gnu",
        "/usr/lib/y-linux-gnu",
    ]
    assert list(root_path.matching(tmp_path, "lib/none-*/x")) == []


def test_links_in_circles_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("/one")
    with pytest.raises(OSError, match="Too many levels"):
        root_path.resolve(tmp_path, "one/x")
