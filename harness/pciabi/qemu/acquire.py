"""Gets released QEMUs from the Debian archive into the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pciabi.distribution import archive, cache, manifest, packages
from pciabi.distribution.packages import Apt, Package
from pciabi.distribution.progress import Progress, Report
from pciabi.errors import InputError
from pciabi.qemu import binary, launch, release, unpack
from pciabi.qemu.release import FORM, PACKAGE, Manifest, Release
from pciabi.qemu.suites import Suite, Version, holding, series

# Goes up whenever the same packages would make another folder.
_BUILDER = "1"
_PACKAGES = (PACKAGE, "qemu-system-common", "qemu-system-data", "seabios", "ipxe-qemu", "ovmf")
# Devices that later suites have in packages of their own: qxl, virtio-vga-gl.
_WHERE_THERE = ("qemu-system-modules-spice", "qemu-system-modules-opengl")
# What OpenGL draws with is large, and loaded only by who draws.
_LEFT_OUT = ("libllvm", "libz3-", "mesa-libgallium")
_RECIPE = hashlib.sha256(repr((_BUILDER, _PACKAGES, _WHERE_THERE, _LEFT_OUT)).encode()).hexdigest()


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


def ensure(wanted: Suite | Version, report: Report) -> Release:
    """The release that is meant: the cached one, or else fetched from the host's mirror.

    A damaged one in the cache is made anew. Raises as `fetch`.
    """
    found = release.find(wanted)
    if found is not None:
        report(Progress("verifying what is in the cache"))
        if release.is_intact(found):
            return found
    return fetch(wanted, None, report)


def fetch(wanted: Suite | Version, mirror: str | None, report: Report) -> Release:
    """The release that an archive holds now; older ones stay in the cache.

    `mirror` is the archive's address, None for the host's own. Raises InputError for a version
    no suite has, PackageError, QemuError.
    """
    source = PackageSource.of(mirror)
    asked = (wanted,) if isinstance(wanted, Suite) else holding(wanted)
    others, missing = [], []
    for suite in asked:
        try:
            return _fetch(suite, wanted, source, report)
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
        f"no suite of the archive has QEMU {wanted}: {', '.join(others)}",
        advice="an archive of the past may have it: --mirror URI",
    )


def _fetch(suite: Suite, wanted: Suite | Version, source: PackageSource, report: Report) -> Release:
    shelf = cache.shelf(release.KIND, suite.name, _RECIPE)
    with cache.disk_faults(), cache.building(shelf, waiting(report)) as work:
        apt = archive.configured(work / "apt", suite.names, source.uri, *source.lines)
        archive.update(apt, work, report)
        found = _resolve(apt, wanted)
        had = _unpacked_before(found)
        if had is not None:
            must_fit(wanted, had.manifest.version, had.package_version)
            cache.use(had.folder)
            return release.read(had.folder)
        with cache.downloading(waiting(report)) as kept:
            archives = packages.fetch(found, kept, report, apt)
        return _make(suite, wanted, found, archives, work, report)


def _resolve(apt: Apt, wanted: Suite | Version) -> tuple[Package, ...]:
    version = archive.candidate(apt, PACKAGE)
    if version is None:
        raise _OtherVersion("none")
    if isinstance(wanted, Version) and series(version) != wanted.series:
        raise _OtherVersion(version)
    there = [name for name in _WHERE_THERE if archive.candidate(apt, name)]
    # A library is told by its name: not all are in a section of their own.
    found = packages.resolve([*_PACKAGES, *there], ("lib",), apt)
    return tuple(package for package in found if not package.name.startswith(_LEFT_OUT))


def _unpacked_before(found: Sequence[Package]) -> Release | None:
    """An intact release of exactly these packages: what runs from it is not disturbed."""
    for known in release.known():
        if known.manifest.packages == found and release.is_intact(known):
            return known
    return None


def _make(
    suite: Suite,
    wanted: Suite | Version,
    found: tuple[Package, ...],
    archives: Sequence[Path],
    work: Path,
    report: Report,
) -> Release:
    ready = work / "ready"
    root = ready / "root"
    root.mkdir(parents=True)
    unpack.unpack(archives, work, root, report)
    report(Progress("trying it"))
    unpack.must_be_complete(root)
    command = launch.command(launch.released(root))
    tried = binary.ask(f"QEMU of {suite}", command, root)
    unpack.must_load_modules(command)
    package = next(p.version for p in found if p.name == PACKAGE)
    must_fit(wanted, tried.version, package)
    files = manifest.checksums(root, release.files(root))
    said = Manifest(suite.name, tried.version, tried.banner, found, files)
    text = FORM.dumps(said)
    (ready / manifest.FILE_NAME).write_bytes(text)
    shelf = work.parent
    return release.read(cache.publish(ready, shelf, manifest.digest(text)))


def must_fit(wanted: Suite | Version, version: tuple[int, int, int], package: str) -> None:
    """Raise _OtherVersion for another version than the one wanted."""
    if isinstance(wanted, Version) and not wanted.fits(version, package):
        raise _OtherVersion(f"{'.'.join(map(str, version))} ({package})")


def waiting(report: Report) -> Callable[[], None]:
    """What to call while another process holds the cache: it can be told to stop then."""
    return lambda: report(Progress("waiting for another process to end"))
