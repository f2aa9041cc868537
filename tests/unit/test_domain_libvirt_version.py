"""Which libvirt's words a domain is started in: the one that is named, the one installed here, or
the newest that takes the QEMU; and where that is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pciabi.abi.choice import chosen_by_default
from pciabi.cancellation import Cancellation
from pciabi.errors import InputError
from pciabi.libvirt import installed
from pciabi.qemu.binary import Binary
from pciabi.qemu.wish import Wish
from pciabi.report.words import two_sides
from pciabi.source.domain_dialect import libvirt_for
from pciabi.source.request import Probe, Request
from pciabi.source.take import take
from pciabi.vm.domain import dialect
from pciabi.vm.domain.dialect import Version
from tests.unit import report_data as data


def qemu(*version: int) -> Binary:
    major, minor, micro = version
    return Binary("qemu", ("qemu",), Path("/"), (major, minor, micro), "")


@pytest.mark.parametrize(
    ("text", "version"), [("9.0", (9, 0, 0)), ("11.3.1", (11, 3, 1)), ("7.0", dialect.OLDEST)]
)
def test_a_version_is_read_as_people_write_it(text: str, version: Version) -> None:
    assert dialect.version(text) == version


@pytest.mark.parametrize("text", ["", "9", "9.0-4+deb12u2", "latest", "6.10", "9.0\n", "٩.0"])
def test_what_is_no_version_that_is_known_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        dialect.version(text)


def test_a_libvirt_that_does_not_take_the_qemu_is_refused_with_the_newest_that_does() -> None:
    assert libvirt_for(qemu(5, 2, 0), (11, 1, 0)) == (11, 1, 0)
    with pytest.raises(InputError, match=r"libvirt 11\.2\.0 does not take QEMU 5\.2\.0") as caught:
        libvirt_for(qemu(5, 2, 0), (11, 2, 0))
    assert caught.value.advice == "the newest that takes it is 11.1.0"


@pytest.mark.parametrize(
    ("here", "version", "chosen"),
    [
        ((9, 0, 0), (7, 2, 22), (9, 0, 0)),
        ((11, 3, 0), (5, 2, 0), (11, 1, 0)),
        ((12, 8, 0), (6, 2, 0), (12, 3, 0)),
        (None, (10, 0, 13), dialect.NEWEST),
    ],
)
def test_without_a_name_it_is_the_one_installed_here_or_the_newest(
    here: Version | None, version: Version, chosen: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "version", lambda: here)
    assert libvirt_for(qemu(*version), None) == chosen


def test_what_no_libvirt_writes_is_asked_for_in_nobodys_words(tmp_path: Path) -> None:
    path = tmp_path / "vm.args"
    path.write_text("qemu-system-x86_64 -M pc\n")
    read = chosen_by_default()
    request = Request(str(path), None, None, (), Probe.COLD, Wish.AUTO, {}, read, libvirt=(9, 0, 0))
    with pytest.raises(InputError, match="QEMU command line, which no libvirt writes"):
        take(request, Cancellation(), lambda: pytest.fail("nothing is watched"))


def test_a_report_says_in_whose_words() -> None:
    side = data.control().comparisons[0].after
    provenance = replace(side.snapshot.provenance, libvirt="9.0.0")
    written = replace(side, snapshot=replace(side.snapshot, provenance=provenance))
    assert ", as libvirt 9.0.0 writes it, " in two_sides.origin(written)
    assert ("Written by libvirt", "9.0.0") in two_sides.notes(written)
    assert "libvirt" not in two_sides.origin(side)
