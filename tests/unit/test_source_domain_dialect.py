"""In which words a libvirt writes a domain for a QEMU: what it asks that QEMU."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.errors import InputError
from pciabi.qemu.binary import Binary
from pciabi.source import domain_dialect
from pciabi.vm.domain.dialect import Dialect
from tests.unit.domain_options import domain

VIRTIO = "<video><model type='virtio'/></video>"
HAS_IT = "echo 'virtio-vga options:'"
LACKS_IT = "echo \"qemu: -device $2: 'virtio-vga' is not a valid device model name\" >&2; exit 1"
HAS_NO_ANSWER = "echo 'asked in vain' >&2; exit 3"


def qemu(script: str, version: tuple[int, int, int] = (7, 2, 0)) -> Binary:
    """A program that answers every question in that way."""
    command = ("sh", "-c", script, "qemu")
    return Binary("./qemu", command, Path("/"), version, "QEMU emulator version 7.2.0")


@pytest.mark.parametrize(
    ("devices", "script", "lacking"),
    [
        (VIRTIO, HAS_IT, set()),
        (VIRTIO, LACKS_IT, {"virtio-vga"}),
        ("<video><model type='vga'/></video>", HAS_NO_ANSWER, set()),
    ],
)
def test_a_qemu_is_asked_for_what_it_has_in_modules(
    devices: str, script: str, lacking: set[str]
) -> None:
    spoken = domain_dialect.spoken(domain(devices).root, (9, 0, 0), qemu(script))
    assert spoken == Dialect((9, 0, 0), (7, 2, 0), frozenset(lacking))


def test_the_wanted_libvirt_takes_the_qemu_or_is_refused() -> None:
    assert domain_dialect.libvirt_for(qemu(""), (9, 0, 0)) == (9, 0, 0)
    with pytest.raises(InputError, match=r"the newest that takes it is"):
        domain_dialect.libvirt_for(qemu("", (5, 2, 0)), (11, 3, 0))
