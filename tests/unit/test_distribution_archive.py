"""What apt says of archives, and what a user may name as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.distribution import archive
from pciabi.distribution.archive import SuiteMissing
from pciabi.errors import InputError, PackageError


def test_the_mirror_is_the_debian_archive_among_the_hosts_sources() -> None:
    listing = """\
Google|cloud-sdk|https://packages.example/apt/
Debian|Debian-Security|http://mirror.example/debian-security/
Debian|Debian|cdrom:[Debian 12]/
Debian|Debian|http://mirror.example/debian/
Debian|Debian|http://other.example/debian/
"""
    assert archive.mirror_among(listing) == "http://mirror.example/debian/"
    assert archive.mirror_among("Ubuntu|Ubuntu|http://mirror.example/ubuntu/\n") is None
    assert archive.mirror_among("") is None


@pytest.mark.parametrize(
    "uri",
    ["http://mirror.example/debian", "file:/srv/debian", "https://s.example/20250520T000000Z/"],
)
def test_an_archives_address_is_taken_as_it_is(uri: str) -> None:
    assert archive.named_mirror(uri) == uri


@given(st.text() | st.builds("http://x/{}".format, st.text(" \n[]=abc", min_size=1)))
def test_no_address_adds_a_line_or_an_option_to_apts_sources(uri: str) -> None:
    try:
        taken = archive.named_mirror(uri)
    except InputError:
        return
    assert len(taken.split()) == 1
    assert not set("[]") & set(taken)


# The first words of each are apt's own, recorded: apt 2.6 (gpgv) and apt 3 (sqv).
COMPLAINTS = {
    "unknown key, gpgv": (
        "W: GPG error: http://m/debian trixie InRelease: The following signatures couldn't be "
        "verified because the public key is not available: NO_PUBKEY 6ED0E7B82643E131\n"
        "E: The repository 'http://m/debian trixie InRelease' is not signed.",
        "debian-archive-keyring does not know the key",
    ),
    "unknown key, sqv": (
        "W: OpenPGP signature verification failed: http://m trixie InRelease: Sub-process "
        "/usr/bin/sqv returned an error code (1), error message is: Missing key 41587F7DB8C7, "
        "which is needed to verify signature.\nE: The repository 'http://m' is not signed.",
        "debian-archive-keyring does not know the key",
    ),
    "changed": (
        "W: GPG error: http://m trixie InRelease: The following signatures were invalid: BADSIG "
        "0E98404D386FA1D9\nE: The repository 'http://m trixie InRelease' is not signed.",
        "not signed by the archive's key",
    ),
    "not signed": (
        "E: The repository 'file:/srv trixie Release' is not signed.",
        "not signed by the archive's key",
    ),
    "expired": (
        "E: Release file for http://m/InRelease is expired (invalid since 18d 19h 31min 43s).",
        "expired",
    ),
    "no suite": (
        "E: The repository 'http://m/debian potato Release' does not have a Release file.",
        "no such suite",
    ),
}


@pytest.mark.parametrize("name", COMPLAINTS)
def test_distrust_is_one_line_that_says_how_to_mend_it(name: str) -> None:
    complaint, words = COMPLAINTS[name]
    error = archive.distrust(complaint)
    assert isinstance(error, PackageError)
    assert isinstance(error, SuiteMissing) == (name == "no suite")
    assert words in str(error)
    assert error.advice
    assert "\n" not in str(error)


def test_a_network_that_fails_is_no_distrust() -> None:
    assert archive.distrust("E: Failed to fetch http://m/x  Connection timed out") is None


def test_no_keyring_no_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "KEYRINGS", (tmp_path / "none.gpg",))
    with pytest.raises(PackageError, match=r"cannot be trusted.*install.*debian-archive-keyring"):
        archive.configured(tmp_path, ["trixie"], "http://m/debian")
    assert not (tmp_path / "apt.conf").exists()
