"""Paths inside a root: the kernel, told to take a folder for `/`, is the judge."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import tempfile
from collections.abc import Sequence
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


_NAME = st.sampled_from(["a", "b", "c"])
_STEPS = st.lists(_NAME | st.sampled_from(["..", "."]), min_size=1, max_size=5)
_PATH = st.builds(lambda top, steps: top + "/".join(steps), st.sampled_from(["", "/"]), _STEPS)
_ENTRY = st.tuples(st.lists(_NAME, min_size=1, max_size=3), st.none() | st.just("") | _PATH)


def grow(root: Path, entries: Sequence[tuple[list[str], str | None]]) -> None:
    """Folders (None), files (empty) and links (whatever they say) in a root, where they fit."""
    for steps, content in entries:
        place = root.joinpath(*steps)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                place.mkdir()
            elif content == "":
                place.touch(exist_ok=False)
            else:
                place.symlink_to(content)
        except OSError:
            continue


@given(st.lists(_ENTRY, max_size=12), _PATH)
def test_links_lead_where_the_kernel_would_find_them_in_that_root(
    entries: list[tuple[list[str], str | None]], path: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve() / "root"
        (root / "a").mkdir(parents=True)
        # What a link that escapes would find.
        (root.parent / "b").mkdir()
        grow(root, entries)
        wanted = kernels(root, path)
        found = led(root, path)
        if found is None:
            assert wanted is None
            return
        assert found.is_relative_to(root)
        assert found == found.resolve(), "no link is left in it"
        if wanted is not None:
            assert found == wanted
            assert found in list(root_path.matching(root, path.replace("..", "x"))) or ".." in path


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
