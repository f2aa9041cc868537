"""The distribution's packages: which ones are needed, and fetching them through apt.

apt resolves, downloads and verifies against its signed indexes; nothing here needs root, and
the host's own installed packages do not count.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pciabi.distribution import tools
from pciabi.distribution.cache import DOWNLOADING
from pciabi.distribution.progress import Progress, Report
from pciabi.errors import PackageError

_NOTHING_INSTALLED = ("-o", "Dir::State::status=/dev/null")
_INSTALL = re.compile(r"Inst (?P<name>\S+) \((?P<version>\S+) .*\[(?P<architecture>\S+)\]\)")
_NOT_FOUND = re.compile(r"(?:Unable to locate package|has no installation candidate) ?(\S*)")


@dataclass(frozen=True, order=True)
class Package:
    """One package at one version. `size` is the bytes of its archive, `sha256` in hex."""

    name: str
    version: str
    architecture: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The archive's name, as apt writes it."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"


@dataclass(frozen=True)
class Apt:
    """An apt to ask: the host's own, or with `options` one that is configured otherwise.

    Another distribution's configuration can also be used by pointing the variable APT_CONFIG
    at it (apt.conf(5)).
    """

    options: tuple[str, ...] = ()


HOST = Apt()


def resolve(
    named: Iterable[str], families: tuple[str, ...] = (), apt: Apt = HOST
) -> tuple[Package, ...]:
    """The packages to unpack: the named ones, and of what they depend on the libraries and
    whatever has a name that begins with one of `families`.

    What else would be installed with them (account tools, maintainer scripts' helpers) is
    not needed, because nothing of them is run. Raises PackageError.
    """
    wanted = frozenset(named)
    simulated = _simulate(sorted(wanted), apt)
    found = [(match["name"], match["version"]) for match in _INSTALL.finditer(simulated)]
    return tuple(
        sorted(
            package
            for package, section in _described(found, apt)
            if package.name in wanted
            or package.name.startswith(families)
            or section.split("/")[-1] == "libs"
        )
    )


def fetch(
    packages: Sequence[Package], folder: Path, report: Report, apt: Apt = HOST
) -> tuple[Path, ...]:
    """The packages' archives in `folder`, downloading what is missing or damaged there.

    Each archive has the checksum its package says. Raises PackageError.
    """
    missing = [p for p in packages if not _is_intact(folder / p.file_name, p)]
    if missing:
        _download(missing, folder, report, apt)
    return tuple(folder / package.file_name for package in packages)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack one archive into a folder, made if need be. Raises PackageError."""
    folder.mkdir(exist_ok=True)
    tools.output(["dpkg-deb", "-x", archive, folder])


def checksum(path: Path) -> str:
    """The SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _simulate(names: Sequence[str], apt: Apt) -> str:
    command = ["apt-get", *apt.options, *_NOTHING_INSTALLED]
    command += ["-o", "APT::Install-Recommends=false", "-s"]
    try:
        return tools.output([*command, "-y", "install", *names]).decode()
    except tools.ToolFailed as error:
        missing = _NOT_FOUND.search(error.complaint)
        if missing is None:
            raise
        _require_package_lists(apt)
        name = missing[1] or ", ".join(names)
        raise PackageError(
            f"the distribution has no package called {name}",
            advice="run apt-get update, or mend the recipe",
        ) from error


def _require_package_lists(apt: Apt) -> None:
    asking = ["apt-get", *apt.options, "indextargets", "--format", "$(FILENAME)"]
    lists = tools.output([*asking, "Identifier: Packages"])
    # apt names the target; on disk it may lie compressed.
    stems = [Path(line) for line in lists.decode().split()]
    if not any(any(stem.parent.glob(stem.name + "*")) for stem in stems):
        raise PackageError("apt has no package lists", advice="run apt-get update")


def _described(found: Sequence[tuple[str, str]], apt: Apt) -> Iterable[tuple[Package, str]]:
    """Each package with the section of the distribution it is in."""
    words = [f"{name}={version}" for name, version in found]
    text = tools.output(["apt-cache", *apt.options, *_NOTHING_INSTALLED, "show", *words]).decode()
    stanzas = {}
    for stanza in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line[1:])
        if "SHA256" in fields:
            stanzas[fields["Package"], fields["Version"]] = fields
    for key in found:
        if key not in stanzas:
            raise PackageError(f"apt knows no checksum of {key[0]}", advice="run apt-get update")
        fields = stanzas[key]
        size = int(fields["Size"])
        package = Package(*key, fields["Architecture"], size, fields["SHA256"])
        yield package, fields.get("Section", "")


def _is_intact(archive: Path, package: Package) -> bool:
    return (
        archive.is_file()
        and archive.stat().st_size == package.size
        and checksum(archive) == package.sha256
    )


def _download(packages: Sequence[Package], folder: Path, report: Report, apt: Apt) -> None:
    total = sum(package.size for package in packages)

    def status(line: str) -> None:
        kind, _, rest = line.partition(":")
        if kind == "dlstatus":
            percent = float(rest.split(":")[1])
            report(Progress("downloading packages", round(total * percent / 100), total))

    options = [*apt.options, *_NOTHING_INSTALLED]
    if os.geteuid() == 0:
        # The download user may not write here; the archives are checked in any case.
        options += ["-o", "APT::Sandbox::User=root"]
    words = [f"{package.name}={package.version}" for package in packages]
    with tempfile.TemporaryDirectory(prefix=DOWNLOADING, dir=folder) as name:
        arriving = Path(name)
        try:
            tools.follow_apt([*options, "download", *words], arriving, status)
        except tools.ToolFailed as error:
            raise PackageError(
                f"packages could not be downloaded: {error.message}",
                advice="check the network, and run apt-get update",
            ) from error
        arrived = {checksum(path): path for path in arriving.glob("*.deb")}
        for package in packages:
            if package.sha256 not in arrived:
                raise PackageError(f"{package.file_name} arrived damaged", advice="try again")
            arrived[package.sha256].replace(folder / package.file_name)
