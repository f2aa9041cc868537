"""Gets released programs from the Debian archive into the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pciabi.distribution import archive, cache, manifest, packages, release
from pciabi.distribution.packages import Apt, Package
from pciabi.distribution.progress import Progress, Report
from pciabi.distribution.release import Manifest, Product, Release
from pciabi.distribution.suites import Suite, Version, holding, series
from pciabi.errors import InputError

Tried = tuple[tuple[int, int, int], str]
"""The version and the version line of a program, as it says them itself."""


@dataclass(frozen=True)
class Recipe:
    """How a release is made of packages.

    `builder` goes up whenever the same packages would make another folder. Of `packages` all are
    needed, of `where_there` those that a suite has; `left_out` are how the names begin of what
    they depend on and do without. `unpack` makes a release's root of the archives, with a folder
    to work in; `try_out` starts what is in the root, for a suite's name. Both raise PackageError
    and what else the program in question raises.
    """

    product: Product
    builder: str
    packages: tuple[str, ...]
    where_there: tuple[str, ...]
    left_out: tuple[str, ...]
    unpack: Callable[[Sequence[Path], Path, Path, Report], None]
    try_out: Callable[[Suite, Path], Tried]

    @property
    def digest(self) -> str:
        """What names it, in hex."""
        parts = (self.builder, self.packages, self.where_there, self.left_out)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True)
class PackageSource:
    """Where packages come from. A mirror the user named may be old: a snapshot always is."""

    uri: str
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, mirror: str | None) -> PackageSource:
        """The mirror the user named, or the host's own. Raises InputError, PackageError."""
        if mirror is None:
            return cls(archive.host_mirror())
        return cls(archive.named_mirror(mirror), ("Check-Valid-Until: no",))


class _OtherVersion(Exception):
    """A suite holds another version than the one wanted."""


def ensure(recipe: Recipe, wanted: Suite | Version, report: Report) -> Release:
    """The release that is meant: the cached one, or else fetched from the host's mirror.

    A damaged one in the cache is made anew. Raises as `fetch`.
    """
    found = release.find(recipe.product, wanted)
    if found is not None:
        report(Progress("verifying what is in the cache"))
        if release.is_intact(found):
            return found
    return fetch(recipe, wanted, None, report)


def fetch(recipe: Recipe, wanted: Suite | Version, mirror: str | None, report: Report) -> Release:
    """The release that an archive holds now; older ones stay in the cache.

    `mirror` is the archive's address, None for the host's own. Raises InputError for a version
    no suite has, PackageError, and what the recipe raises.
    """
    source = PackageSource.of(mirror)
    asked = (wanted,) if isinstance(wanted, Suite) else holding(wanted, recipe.product.suites)
    others, missing = [], []
    for suite in asked:
        try:
            return _fetch(recipe, suite, wanted, source, report)
        except _OtherVersion as other:
            others.append(f"{suite} has {other}")
        except archive.SuiteMissing:
            missing.append(suite.name)
    if not others:
        raise archive.SuiteMissing(
            f"{source.uri} has no suite {' or '.join(missing)}",
            advice="name an archive that has it with --mirror URI",
        )
    raise InputError(
        f"no suite of the archive has {recipe.product.title} {wanted}: {', '.join(others)}",
        advice="an archive of the past may have it: --mirror URI",
    )


def _fetch(
    recipe: Recipe,
    suite: Suite,
    wanted: Suite | Version,
    source: PackageSource,
    report: Report,
) -> Release:
    shelf = cache.shelf(recipe.product.kind, suite.name, recipe.digest)
    with cache.disk_faults(), cache.building(shelf, waiting(report)) as work:
        apt = archive.configured(work / "apt", suite.names, source.uri, *source.lines)
        archive.update(apt, work, report)
        found = _resolve(recipe, apt, wanted)
        had = _unpacked_before(recipe.product, found)
        if had is not None:
            must_fit(wanted, had.manifest.version, had.package_version)
            cache.use(had.folder)
            return release.read(recipe.product, had.folder)
        with cache.downloading(waiting(report)) as kept:
            archives = packages.fetch(found, kept, report, apt)
        return _make(recipe, suite, wanted, found, archives, work, report)


def _resolve(recipe: Recipe, apt: Apt, wanted: Suite | Version) -> tuple[Package, ...]:
    version = archive.candidate(apt, recipe.product.package)
    if version is None:
        raise _OtherVersion("none")
    if isinstance(wanted, Version) and series(version) != wanted.series:
        raise _OtherVersion(version)
    there = [name for name in recipe.where_there if archive.candidate(apt, name)]
    # A library is told by its name: not all are in a section of their own.
    found = packages.resolve([*recipe.packages, *there], ("lib",), apt)
    return tuple(package for package in found if not package.name.startswith(recipe.left_out))


def _unpacked_before(product: Product, found: Sequence[Package]) -> Release | None:
    """An intact release of exactly these packages: what runs from it is not disturbed."""
    for known in release.known(product):
        if known.manifest.packages == found and release.is_intact(known):
            return known
    return None


def _make(
    recipe: Recipe,
    suite: Suite,
    wanted: Suite | Version,
    found: tuple[Package, ...],
    archives: Sequence[Path],
    work: Path,
    report: Report,
) -> Release:
    product = recipe.product
    ready = work / "ready"
    root = ready / "root"
    root.mkdir(parents=True)
    recipe.unpack(archives, work, root, report)
    report(Progress("trying it"))
    version, banner = recipe.try_out(suite, root)
    package = next(p.version for p in found if p.name == product.package)
    must_fit(wanted, version, package)
    files = manifest.checksums(root, release.files(root))
    text = product.form.dumps(Manifest(suite.name, version, banner, found, files))
    (ready / manifest.FILE_NAME).write_bytes(text)
    return release.read(product, cache.publish(ready, work.parent, manifest.digest(text)))


def must_fit(wanted: Suite | Version, version: tuple[int, int, int], package: str) -> None:
    """Raise _OtherVersion for another version than the one wanted."""
    if isinstance(wanted, Version) and not wanted.fits(version, package):
        raise _OtherVersion(f"{'.'.join(map(str, version))} ({package})")


def waiting(report: Report) -> Callable[[], None]:
    """What to call while another process holds the cache: it can be told to stop then."""
    return lambda: report(Progress("waiting for another process to end"))
