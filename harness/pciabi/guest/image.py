"""Guest images: opening the cached one, building a missing one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pciabi.distribution import cache, manifest, packages
from pciabi.distribution.packages import Package
from pciabi.distribution.progress import Progress, Report
from pciabi.errors import InputError, PackageError, SourcePosition
from pciabi.guest import cpio, initramfs, recipe, tree, vmlinux
from pciabi.guest.manifest import FORM, Manifest
from pciabi.guest.recipe import BuiltRecipe

# Goes up whenever the same recipe and packages would make another image.
_BUILDER = "3"
_KIND = "images"
_KERNEL = "vmlinux"
_EFI_KERNEL = "vmlinuz"
_INITRD = "initrd"
_FILES = (_INITRD, _KERNEL, _EFI_KERNEL)


@dataclass(frozen=True)
class Image:
    """A guest image, ready to boot: the kernel is for `-kernel`, `initrd` for `-initrd`.

    UEFI firmware starts `efi_kernel`: the same kernel, as an EFI program. `digest` names the
    content, in hex; `packages` are what it was built from.
    """

    name: str
    kernel: Path
    efi_kernel: Path
    initrd: Path
    kernel_arguments: str
    kernel_version: str
    digest: str
    packages: tuple[Package, ...]


def ensure(path: Path, report: Report) -> Image:
    """The image of a recipe: the cached one, or else a new one.

    A damaged image in the cache is built again. Raises InputError for a bad recipe,
    ImageError or PackageError where no image can be had.
    """
    what = _buildable(path)
    folder = _shelf(what)
    found = _intact(folder)
    if found is not None:
        return found
    with cache.disk_faults(), cache.building(folder, _waiting(report)) as work:
        # Whoever held the lock may have built it.
        return _intact(folder) or _build(what, folder, work, report)


def build(path: Path, report: Report) -> Image:
    """A new image of a recipe, from the packages that apt knows now. Raises as `ensure`."""
    what = _buildable(path)
    folder = _shelf(what)
    with cache.disk_faults(), cache.building(folder, _waiting(report)) as work:
        return _build(what, folder, work, report)


def cached() -> tuple[Image, ...]:
    """All images in the cache that are in use and not damaged."""
    images = (_intact(folder) for folder in cache.shelves(_KIND))
    return tuple(image for image in images if image is not None)


def open_image(folder: Path) -> Image:
    """The image in a folder, its checksums verified. Raises PackageError if it is damaged."""
    try:
        text = (folder / manifest.FILE_NAME).read_bytes()
    except OSError as error:
        raise PackageError(f"{folder} is incomplete: {error.strerror}") from error
    said = FORM.loads(text, folder / manifest.FILE_NAME)
    if set(_FILES) != {name for name, _ in said.files}:
        raise PackageError(f"{folder} is incomplete: it is another version's image")
    manifest.verify(folder, said.files, "run pciabi image build")
    return Image(
        name=said.name,
        kernel=folder / _KERNEL,
        efi_kernel=folder / _EFI_KERNEL,
        initrd=folder / _INITRD,
        kernel_arguments=said.kernel_arguments,
        kernel_version=said.kernel_version,
        digest=manifest.digest(text),
        packages=said.packages,
    )


def _intact(folder: Path) -> Image | None:
    place = cache.current(folder)
    if place is None:
        return None
    try:
        return open_image(place)
    except PackageError:
        # A damaged image is as good as none: the caller builds a new one in its place.
        return None


def _buildable(path: Path) -> BuiltRecipe:
    what = recipe.load(path)
    if not isinstance(what, BuiltRecipe):
        raise InputError(
            "there is nothing to build: the recipe names files that are used as they are",
            place=SourcePosition(str(path), 1),
        )
    return what


def _shelf(what: BuiltRecipe) -> Path:
    return cache.shelf(_KIND, what.file.stem, recipe.digest(what, _BUILDER))


def _build(what: BuiltRecipe, folder: Path, work: Path, report: Report) -> Image:
    report(Progress("asking apt what is needed"))
    found = packages.resolve([what.kernel_package, *what.packages], ("linux-image-",))
    with cache.downloading(_waiting(report)) as kept:
        archives = packages.fetch(found, kept, report)
    unpacked = []
    for number, archive in enumerate(archives):
        report(Progress("unpacking", number, len(archives)))
        unpacked.append(work / f"package-{number}")
        packages.unpack(archive, unpacked[-1])
    files = tree.index(unpacked)
    ready = work / "ready"
    ready.mkdir()
    report(Progress("writing the image"))
    version = initramfs.kernel_version(files)
    kernel = files.read(f"boot/vmlinuz-{version}")
    (ready / _EFI_KERNEL).write_bytes(kernel)
    (ready / _KERNEL).write_bytes(vmlinux.bootable(kernel))
    scratch = work / "modules"
    entries = initramfs.entries(what, files, scratch)
    (ready / _INITRD).write_bytes(cpio.archive(entries))
    said = Manifest(
        name=what.file.stem,
        kernel_version=version,
        kernel_arguments=" ".join(what.kernel_arguments),
        packages=found,
        files=manifest.checksums(ready, _FILES),
    )
    text = FORM.dumps(said)
    (ready / manifest.FILE_NAME).write_bytes(text)
    return open_image(cache.publish(ready, folder, manifest.digest(text)))


def _waiting(report: Report) -> Callable[[], None]:
    return lambda: report(Progress("waiting for another build to end"))
