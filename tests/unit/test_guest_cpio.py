"""The initramfs writer. tests/real has the real cpio and a real kernel read what it writes."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.guest import cpio

HEAD = 110


def records(archive: bytes) -> Iterator[tuple[str, list[int], bytes]]:
    """Name, header fields and data of each record, by the format's own arithmetic."""
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + HEAD : at + HEAD + fields[11]]
        assert name.endswith(b"\0")
        at = (at + HEAD + fields[11] + 3) // 4 * 4
        data = archive[at : at + fields[6]]
        at = (at + fields[6] + 3) // 4 * 4
        if name == b"TRAILER!!!\0":
            assert archive[at:].strip(b"\0") == b""
            return
        yield name[:-1].decode(), fields, data


names = st.text("abc-", min_size=1, max_size=3)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(paths, st.binary(max_size=20), max_size=8), st.randoms())
def test_every_entry_is_there_behind_its_folder(files: dict[str, bytes], random: object) -> None:
    entries = [
        cpio.file(path, data)
        for path, data in files.items()
        if not any(other.startswith(path + "/") for other in files)
    ]
    shuffled = sorted(entries, key=lambda _: random.random())  # type: ignore[attr-defined]
    archive = cpio.archive(shuffled)
    assert archive == cpio.archive(entries)
    assert len(archive) % 512 == 0
    seen: dict[str, bytes] = {}
    for name, fields, data in records(archive):
        assert "/" not in name or name.rpartition("/")[0] in seen
        assert fields[5] == 0, "a time of modification"
        seen[name] = data
    assert {e.path: e.data for e in entries}.items() <= seen.items()


def test_a_device_a_link_and_permissions_are_written_as_the_kernel_reads_them() -> None:
    archive = cpio.archive(
        [
            cpio.character_device("dev/console", 5, 1),
            cpio.link("bin", "usr/bin"),
            cpio.file("init", b"#!", 0o755),
        ]
    )
    found = {name: (fields, data) for name, fields, data in records(archive)}
    assert found["dev/console"][0][1] == stat.S_IFCHR | 0o600
    assert found["dev/console"][0][9:11] == [5, 1]
    assert found["bin"] == (found["bin"][0], b"usr/bin")
    assert stat.S_ISLNK(found["bin"][0][1])
    assert found["init"][0][1] == stat.S_IFREG | 0o755


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", ".", "", "a//b", "a\0b"])
def test_a_path_that_is_not_plainly_inside_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        cpio.archive([cpio.file(path, b"")])


def test_one_path_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        cpio.archive([cpio.file("a", b"1"), cpio.file("a", b"2")])
