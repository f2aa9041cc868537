"""`pciabi libvirt`: released libvirts, fetched from the Debian archive beside the QEMUs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import click

from pciabi.cli import releases
from pciabi.cli.releases import Listed
from pciabi.distribution import release
from pciabi.libvirt import acquire, capabilities, installation, spec
from pciabi.libvirt.product import LIBVIRT


@click.group()
def libvirt() -> None:
    """Fetch, list and remove released libvirts."""


@libvirt.command()
@releases.wanted_argument
@releases.source_options
def get(
    wanted: tuple[str, ...],
    mirror: str | None,
    update: bool,  # noqa: FBT001 - click hands flags over by name
) -> None:
    """Fetch a released libvirt into the cache, with its own libraries: virsh and the QEMU driver.

    Needs neither root, nor a container, nor a daemon. What is in the cache already is not fetched
    again. The QEMU that it is to run is fetched by `pciabi qemu get`.
    """
    named = [spec.released(text) for text in wanted]
    if mirror is not None or update:
        releases.fetch(acquire.RECIPE, named, mirror)
    else:
        releases.ensure(acquire.RECIPE, named)


@libvirt.command(name="list")
@releases.json_option
def list_libvirts(
    as_json: bool,  # noqa: FBT001 - click hands flags over by name
) -> None:
    """List the libvirts on PATH and in the cache, with exact versions."""
    found = list(_listed())
    if as_json:
        releases.echo_document(LIBVIRT, found)
    else:
        releases.echo(LIBVIRT, found)


@libvirt.command()
@releases.wanted_argument
def remove(wanted: tuple[str, ...]) -> None:
    """Remove released libvirts from the cache: all that fit, and what they have found out."""
    for removed in releases.remove(LIBVIRT, [spec.released(text) for text in wanted]):
        capabilities.forget(removed.digest)


def _listed() -> Iterator[Listed]:
    program = shutil.which(installation.VIRSH)
    if program is not None:
        version, package = installation.versions_of(program)
        text = ".".join(map(str, version))
        yield Listed(f"{spec.PREFIX}{spec.INSTALLED[0]}", "path", text, package, "", program)
    for known in release.known(LIBVIRT):
        yield releases.of_release(known)
