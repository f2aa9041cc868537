"""Released programs in the cache: a suite's packages, unpacked and ready to run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pciabi.distribution import cache, manifest
from pciabi.distribution.manifest import ManifestShape
from pciabi.distribution.packages import Package
from pciabi.distribution.suites import Suite, Version
from pciabi.errors import PackageError

_ROOT = "root"


@dataclass(frozen=True)
class Product:
    """A program whose releases are kept in the cache.

    `kind` names it in the cache and on the command line, such as `qemu`; `title` in sentences.
    Its version is that of its package `package`. `suites` are those that hold it. `told` are the
    packages whose versions are worth telling. `prefix` is what its SPECs begin with.
    """

    kind: str
    title: str
    package: str
    suites: tuple[Suite, ...]
    told: tuple[str, ...]
    prefix: str = ""

    @property
    def form(self) -> ManifestShape[Manifest]:
        """What its manifests look like."""
        return ManifestShape(f"pciabi-{self.kind}/1", Manifest)

    @property
    def getting(self) -> str:
        """The command that fetches a release, but for its version."""
        return f"pciabi {self.kind} get"


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says.

    `banner` is the whole line that the program prints for its version; `files` are (name, SHA-256
    in hex) pairs, sorted by name, the names relative to the release's root.
    """

    suite: str
    version: tuple[int, int, int]
    banner: str
    packages: tuple[Package, ...]
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Release:
    """A program unpacked in the cache. `digest` names its content, in hex.

    `current` is whether it is what its suite's name stands for; one that was fetched earlier
    keeps its exact version as its name.
    """

    product: Product
    manifest: Manifest
    digest: str
    folder: Path
    current: bool

    @property
    def root(self) -> Path:
        """The folder its files lie below, as they would below `/`."""
        return self.folder / _ROOT

    @property
    def package_version(self) -> str:
        """The exact version of the program's package."""
        return next(p.version for p in self.manifest.packages if p.name == self.product.package)

    @property
    def name(self) -> str:
        """What a user calls it."""
        return f"debian:{self.manifest.suite}" if self.current else self.package_version

    @property
    def spec(self) -> str:
        """The SPEC that means it."""
        return self.product.prefix + self.name

    @property
    def told(self) -> tuple[tuple[str, str], ...]:
        """Name and version of the packages that are worth telling."""
        versions = {p.name: p.version for p in self.manifest.packages}
        return tuple((name, versions[name]) for name in self.product.told if name in versions)

    def is_meant(self, wanted: Suite | Version) -> bool:
        """Whether the user's words fit it."""
        if isinstance(wanted, Suite):
            return self.current and wanted.name == self.manifest.suite
        return wanted.fits(self.manifest.version, self.package_version)


def read(product: Product, folder: Path) -> Release:
    """The release in a folder, by its manifest's word. Raises PackageError if it is damaged."""
    try:
        text = (folder / manifest.FILE_NAME).read_bytes()
    except OSError as error:
        raise PackageError(f"{folder} is incomplete: {error.strerror}") from error
    said = product.form.loads(text, folder / manifest.FILE_NAME)
    if product.package not in {package.name for package in said.packages}:
        raise PackageError(f"{folder / manifest.FILE_NAME} is damaged")
    current = cache.current(folder.parent) == folder.resolve()
    return Release(product, said, manifest.digest(text), folder, current)


def verify(release: Release) -> None:
    """Hold every file against the manifest. Raises PackageError if the release is damaged."""
    advice = f"run {release.product.getting} {release.name}"
    said = release.manifest.files
    strange = set(files(release.root)) - {name for name, _ in said}
    if strange:
        raise PackageError(f"{release.root / min(strange)} does not belong there", advice=advice)
    manifest.verify(release.root, said, advice)


def is_intact(release: Release) -> bool:
    """Whether `verify` finds nothing."""
    try:
        verify(release)
    except PackageError:
        return False
    return True


def files(root: Path) -> Iterator[str]:
    """The names of all files below a folder, those behind links included."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            if path.is_file():
                yield path.relative_to(root).as_posix()


def known(product: Product) -> tuple[Release, ...]:
    """All its releases in the cache whose manifests can be read; their files are not looked at."""
    found = []
    for place in cache.finished(product.kind):
        try:
            found.append(read(product, place))
        except PackageError:
            # As good as none: `get` makes a new one in its place.
            continue
    return tuple(found)


def find(product: Product, wanted: Suite | Version) -> Release | None:
    """The release in the cache that is meant; of several, one in use, then the newest."""
    fitting = [release for release in known(product) if release.is_meant(wanted)]
    return max(fitting, key=lambda r: (r.current, r.manifest.version, r.name), default=None)


def remove(release: Release, waiting: Callable[[], None]) -> None:
    """Remove a release from the cache; `waiting` is called while another process holds it."""
    with cache.disk_faults():
        cache.remove(release.folder, waiting)
