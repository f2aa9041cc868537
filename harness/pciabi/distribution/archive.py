"""Other suites of the Debian archive, asked through an apt with lists of its own.

The host's apt keeps its settings for the network; its sources, pins and installed packages do
not count. Every index must be signed by a key the host's own archive keyring knows, and every
package has the checksum its index says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from pciabi.distribution import tools
from pciabi.distribution.packages import Apt
from pciabi.distribution.progress import Progress, Report
from pciabi.errors import InputError, PackageError

# Newer releases of the keyring's package have the second name.
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s\[\]]+")
_CANDIDATE = re.compile(r"^\s*Candidate: (\S+)$", re.MULTILINE)
_UNKNOWN_KEY = ("NO_PUBKEY", "Missing key")
_UNSIGNED = ("is not signed", "signatures were invalid", "BADSIG", "At least one invalid signature")
_NO_SUITE = "does not have a Release file"

# Read after the host's own configuration, so that it has the last word.
_CONFIGURATION = """\
Dir::State "{folder}/state";
Dir::State::Lists "{folder}/lists";
Dir::State::status "/dev/null";
Dir::Cache "{folder}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::sourcelist "{folder}/archive.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
#clear APT::Default-Release;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::Languages;
APT::Default-Release "{suite}";
APT::Get::AllowUnauthenticated "false";
APT::Update::Error-Mode "any";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::GzipIndexes "false";
Acquire::Languages "none";
"""
_SOURCES = """\
Types: deb
URIs: {uri}
Suites: {suites}
Components: main
Architectures: amd64
Targets: Packages
Signed-By: {keyring}
"""


class SuiteMissing(PackageError):
    """The archive has no such suite."""


def host_mirror() -> str:
    """The address the host's own apt has the Debian archive from. Raises PackageError."""
    words = ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"]
    mirror = mirror_among(tools.output([*words, "Identifier: Packages"]).decode())
    if mirror is None:
        raise PackageError(
            "the host's apt has no Debian archive among its sources",
            advice="run apt-get update, or name an archive with --mirror URI",
        )
    return mirror


def mirror_among(listing: str) -> str | None:
    """The Debian archive's address among `origin|label|address` lines, if it is there."""
    for line in listing.splitlines():
        origin, _, rest = line.partition("|")
        label, _, uri = rest.partition("|")
        if (origin, label) == ("Debian", "Debian") and not uri.startswith("cdrom:"):
            return uri
    return None


def named_mirror(uri: str) -> str:
    """An archive's address as a user gave it. Raises InputError for what is none."""
    if not _URI.fullmatch(uri):
        raise InputError(f"--mirror takes an archive's URI as apt does, not '{uri}'")
    return uri


def configured(folder: Path, suites: Sequence[str], uri: str, *extra: str) -> Apt:
    """An apt whose lists are in `folder`, for these suites; it prefers the last of them.

    `extra` are further lines of its source. Raises PackageError where there is no keyring.
    """
    keyring = next((path for path in KEYRINGS if path.is_file()), None)
    if keyring is None:
        raise PackageError(
            "the keys that sign the Debian archive are not here, so it cannot be trusted",
            advice="install the package debian-archive-keyring",
        )
    for name in ("state", "lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    configuration = _CONFIGURATION.format(folder=folder, suite=suites[-1])
    if os.geteuid() == 0:
        # The download user may not write here; everything is checked in any case.
        configuration += 'APT::Sandbox::User "root";\n'
    (folder / "apt.conf").write_text(configuration)
    sources = _SOURCES.format(uri=uri, suites=" ".join(suites), keyring=keyring)
    (folder / "archive.sources").write_text(sources + "".join(f"{line}\n" for line in extra))
    return Apt(("-c", str(folder / "apt.conf")))


def update(apt: Apt, folder: Path, report: Report) -> None:
    """Fetch the indexes and check their signatures. Raises PackageError, SuiteMissing."""

    def status(line: str) -> None:
        kind, _, rest = line.partition(":")
        if kind == "dlstatus":
            report(Progress("downloading indexes", round(float(rest.split(":")[1])), 100))

    report(Progress("downloading indexes"))
    try:
        tools.follow_apt([*apt.options, "update"], folder, status)
    except tools.ToolFailed as error:
        raise distrust(error.complaint) or PackageError(
            f"the archive's indexes could not be had: {error.message}",
            advice="check the network, or name another archive with --mirror URI",
        ) from error


def distrust(complaint: str) -> PackageError | None:
    """What apt says of an archive it does not trust, in one line that says how to mend it."""
    if any(words in complaint for words in _UNKNOWN_KEY):
        return PackageError(
            "the host's debian-archive-keyring does not know the key that signs this suite",
            advice="upgrade the package debian-archive-keyring",
        )
    if any(words in complaint for words in _UNSIGNED):
        return PackageError(
            "the archive's index is not signed by the archive's key, so it is not used",
            advice="name the true archive, or a mirror of it, with --mirror URI",
        )
    if "is expired" in complaint or "is not valid anymore" in complaint:
        return PackageError(
            "the archive's index has expired",
            advice="the mirror is out of date; a snapshot that you name with --mirror may be old",
        )
    if _NO_SUITE in complaint:
        return SuiteMissing(
            "the archive has no such suite",
            advice="name an archive that still has it with --mirror URI",
        )
    return None


def candidate(apt: Apt, package: str) -> str | None:
    """The version of a package that would be installed, None where there is none."""
    text = tools.output(["apt-cache", *apt.options, "policy", package]).decode()
    match = _CANDIDATE.search(text)
    return match[1] if match and match[1] != "(none)" else None
