"""What a user may write for a libvirt, and which QEMU goes with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.distribution import suites
from pciabi.distribution.suites import Suite, Version
from pciabi.errors import InputError
from pciabi.libvirt import installation, spec
from pciabi.libvirt.spec import Installed, Wanted
from pciabi.libvirt.suites import SUITES


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("libvirt:11.3", Wanted(Version("11.3"))),
        ("libvirt:9.0@10.0", Wanted(Version("9.0"), "10.0")),
        ("libvirt:debian:trixie@x", Wanted(Suite("trixie", series="11.3"), "x")),
        ("libvirt:11.3@debian:forky", Wanted(Version("11.3"), "debian:forky")),
        ("libvirt:9.0.0-4+deb12u2", Wanted(Version("9.0.0-4+deb12u2"))),
        ("libvirt:host", Wanted(Installed())),
        ("libvirt:installed@./my@root", Wanted(Installed(), "./my@root")),
        ("libvirt:9.0@/usr/bin/kvm", Wanted(Version("9.0"), "/usr/bin/kvm")),
    ],
)
def test_what_a_user_may_write(text: str, wanted: Wanted) -> None:
    assert spec.is_meant(text)
    assert spec.parse(text) == wanted


@pytest.mark.parametrize(
    "text", ["libvirt:", "libvirt:9.0@", "libvirt:@7.2", "libvirt:/bin/virsh", "libvirt:9", "9.0"]
)
def test_what_names_no_libvirt_is_refused_with_what_does(text: str) -> None:
    with pytest.raises(InputError, match=r"names no libvirt \(libvirt:VERSION, such as "):
        spec.parse(text)


def test_what_is_wrong_with_the_qemu_or_the_suite_is_said() -> None:
    with pytest.raises(InputError, match=r"no suite 'potato' is known.*bullseye, bookworm"):
        spec.parse("libvirt:debian:potato")
    with pytest.raises(InputError, match=r"is no process's number"):
        spec.parse("libvirt:9.0@proc:x")
    with pytest.raises(InputError, match=r"a libvirt cannot run proc:4711, .*by a path"):
        spec.parse("libvirt:9.0@proc:4711")
    with pytest.raises(InputError, match=r"'host' names no released libvirt.*such as 9\.0"):
        spec.released("host")
    assert spec.released("libvirt:9.0") == spec.released("9.0") == Version("9.0")


@given(st.text() | st.text("libvrt:@debn10.+~-/\n\x1b").map(lambda text: f"libvirt:{text}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = spec.parse(text)
    except InputError:
        return
    again = spec.parse(str(found))
    assert again == found or found.libvirt == Installed()


@pytest.mark.parametrize(
    ("suite", "qemu"),
    [
        ("bullseye", "5.2"),
        ("bookworm", "7.2"),
        ("trixie", "10.0"),
        ("bookworm-backports", "debian:bookworm-backports"),
        ("forky", "debian:forky"),
    ],
)
def test_a_libvirt_runs_the_qemu_of_its_own_suite(suite: str, qemu: str) -> None:
    assert installation.qemu_of(suite) == qemu


def test_each_series_is_fetched_from_the_suite_that_keeps_it() -> None:
    for series, suite in {"7.0": "bullseye", "9.0": "bookworm", "11.3": "trixie"}.items():
        assert [one.name for one in suites.holding(Version(series), SUITES)] == [suite]
