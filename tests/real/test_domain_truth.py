"""A domain is translated as the real libvirt writes it: the same hardware, to the last bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.abi import choice
from pciabi.abi.compare import compare
from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.probe import configuration
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert.hardware import inert
from pciabi.vm import reading, xml_tree
from pciabi.vm.command_line.option import QemuCommandLine
from pciabi.vm.domain import line
from pciabi.vm.domain.dialect import Dialect
from tests.real.releases import emulator
from tests.real.true_domain import EmbeddedLibvirt
from tests.real.varied_domains import VariedDomain, varied_domains

# Each libvirt with the QEMU of its own Debian.
PAIRS = (("9.0", "7.2"),)
# What CI holds against the truth; the rest is for a machine with time.
SAMPLED = frozenset({"machine/web"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of the libvirts, kept from one domain to the next."""
    return tmp_path_factory.mktemp("libvirt")


@pytest.mark.parametrize(
    ("domain", "libvirt", "release"),
    [
        pytest.param(
            domain,
            libvirt,
            release,
            id=f"{domain.name}-{libvirt}",
            marks=() if domain.name in SAMPLED else pytest.mark.full,
        )
        for libvirt, release in PAIRS
        for domain in varied_domains()
        if domain.is_for(libvirt, release)
    ],
)
def test_a_domain_has_the_hardware_that_libvirt_starts(
    domain: VariedDomain, libvirt: str, release: str, folder: Path, tmp_path: Path
) -> None:
    qemu = emulator(release)
    truth = EmbeddedLibvirt(folder, Path(qemu.command[0])).true_domain(domain.text)
    defined, started = tmp_path / "defined.xml", tmp_path / "true.cmdline"
    defined.write_text(truth.xml)
    started.write_bytes(truth.arguments)
    major, minor = map(int, libvirt.split("."))
    (root,) = xml_tree.read(str(defined), truth.xml).children
    translated = snapshot(line.command_line(root, Dialect((major, minor, 0), qemu.version)), qemu)
    true = snapshot(reading.read(started, raw=truth.arguments), qemu)
    comparison = compare(true, translated)
    assert not comparison.changes
    assert not [one for one in comparison.unknowns if not one.excused]
    assert ids(translated) == ids(true)
    assert told(translated) == told(true)


def snapshot(written: QemuCommandLine, qemu: Binary) -> Snapshot:
    """All that can be read of a command line's hardware."""
    made = inert(written, qemu.banner)
    families = choice.chosen([choice.ALL])
    found = configuration.read(made, qemu, Cancellation(), Deadline.after(60), families=families)
    return found.snapshot


def ids(snapshot: Snapshot) -> list[tuple[str, str | None, str | None]]:
    """Every function with its qdev id and driver."""
    return [(str(one.address), one.qdev_id, one.device) for one in snapshot.functions]


def told(snapshot: Snapshot) -> set[tuple[str | None, tuple[str, ...]]]:
    """What stands for something else, and what is left open by that."""
    return {(one.qdev_id, one.unknown) for one in snapshot.substitutions if one.unknown}
