"""What a user may ask for, and which suites may hold it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.distribution import suites
from pciabi.distribution.suites import Suite, Version
from pciabi.errors import InputError
from pciabi.qemu import spec
from pciabi.qemu.spec import Place, Running
from pciabi.qemu.suites import SUITES

BOOKWORM = "1:7.2+dfsg-7+deb12u18+b3"
TRIXIE = "1:10.0.13+ds-0+deb13u1"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("debian:bullseye", Suite("bullseye", series="5.2")),
        ("debian:trixie-backports", Suite("trixie-backports", base="trixie")),
        ("10.0", Version("10.0")),
        ("7.2.22", Version("7.2.22")),
        (TRIXIE, Version(TRIXIE)),
        ("qemu-system-x86_64", Place("qemu-system-x86_64")),
        ("/usr/bin/qemu-system-x86_64", Place("/usr/bin/qemu-system-x86_64")),
        ("10", Place("10")),
        ("./10.0", Place("./10.0")),
        ("proc:4711", Running(4711)),
        ("proc", Place("proc")),
    ],
)
def test_what_a_user_may_write(text: str, wanted: Suite | Version | Place | Running) -> None:
    assert spec.parse(text) == wanted


@pytest.mark.parametrize("text", ["", "0", "-1", "1x", "self", "1/root", "12345678901", "٣"])
def test_what_can_be_no_process_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"is no process's number \(such as proc:4711\)"):
        spec.parse(f"proc:{text}")


def test_an_unknown_suite_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"no suite 'potato' is known.*bullseye, bookworm"):
        spec.parse("debian:potato")
    with pytest.raises(InputError, match=r"names no released QEMU"):
        spec.released("proc:1")
    with pytest.raises(InputError, match=r"names no released QEMU.*such as 10\.0"):
        spec.released("qemu")


@given(st.text() | st.text("debian:10.+~-\n\x1b"))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = spec.parse(text)
    except InputError:
        assert text.startswith("debian:")
        return
    if isinstance(found, Version):
        assert "/" not in text
        assert found.text == text
        assert found.series.count(".") == 1


@pytest.mark.parametrize(
    ("text", "version", "package", "fits"),
    [
        ("10.0", (10, 0, 13), TRIXIE, True),
        ("10.0.13", (10, 0, 13), TRIXIE, True),
        ("10.0.1", (10, 0, 13), TRIXIE, False),
        ("1.0", (10, 0, 13), TRIXIE, False),
        (TRIXIE, (10, 0, 13), TRIXIE, True),
        ("10.0.13+ds-0+deb13u1", (10, 0, 13), TRIXIE, True),
        ("1:10.0.13+ds-0+deb13u2", (10, 0, 13), TRIXIE, False),
        # The package's version does not say which of 7.2's updates it is; QEMU does.
        ("7.2.22", (7, 2, 22), BOOKWORM, True),
        ("7.2.0", (7, 2, 22), BOOKWORM, False),
        ("7.2", (7, 2, 22), "", True),
    ],
)
def test_a_version_means_its_own_and_all_below_it(
    text: str, version: tuple[int, int, int], package: str, fits: bool
) -> None:
    assert Version(text).fits(version, package) is fits


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("5.2", ["bullseye"]),
        ("7.2.22", ["bookworm"]),
        (TRIXIE, ["trixie"]),
        ("11.1", ["trixie-backports", "bookworm-backports", "forky", "sid"]),
    ],
)
def test_a_version_is_looked_for_where_it_stays_or_else_where_versions_move(
    text: str, first: list[str]
) -> None:
    assert [suite.name for suite in suites.holding(Version(text), SUITES)] == first


def test_the_table_has_each_suite_once_and_asks_the_base_first() -> None:
    names = [suite.name for suite in SUITES]
    assert len(names) == len(set(names))
    assert {suite.base for suite in SUITES} - {None} <= set(names)
    assert Suite("trixie-backports", base="trixie").names == ("trixie", "trixie-backports")
