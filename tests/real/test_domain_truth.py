"""A domain is translated as the real libvirt writes it: the same hardware, to the last bit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
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
from pciabi.source import made_by_libvirt, true_line
from pciabi.vm import reading, xml_tree
from pciabi.vm.command_line.option import QemuCommandLine
from pciabi.vm.domain import line
from pciabi.vm.domain.dialect import Dialect
from tests.real.libvirt_sessions import QEMU_OF, Sessions
from tests.real.varied_domains import VariedDomain, varied_domains

# What CI holds against the truth; the rest is for a machine with time.
SAMPLED = frozenset(
    {
        ("machine/web", "9.0"),
        ("machine/q35-root-ports", "11.3"),
        ("machine/pc-usb-companions", "7.0"),
    }
)


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    """All libvirts, until the last domain was held against them."""
    with ExitStack() as stack:
        yield Sessions(stack)


_DOMAINS = pytest.mark.parametrize(
    ("version", "domain"),
    [
        pytest.param(
            version,
            domain,
            id=f"{domain.name}-{version}",
            marks=() if (domain.name, version) in SAMPLED else pytest.mark.full,
        )
        for version, release in QEMU_OF.items()
        for domain in varied_domains()
        if domain.is_for(version, release)
    ],
)


@_DOMAINS
def test_a_domain_has_the_hardware_that_libvirt_starts(
    version: str, domain: VariedDomain, sessions: Sessions, tmp_path: Path
) -> None:
    asked = sessions.of(version)
    qemu = asked.libvirt.qemu
    defined, started = tmp_path / "defined.xml", tmp_path / "true.cmdline"
    defined.write_text(asked.define(domain.text))
    words = ("qemu-system-x86_64", *asked.command_line(defined.read_text()))
    started.write_bytes(b"".join(word.encode() + b"\0" for word in words))
    (root,) = xml_tree.read(str(defined), defined.read_text()).children
    translated = snapshot(
        line.command_line(root, Dialect(asked.libvirt.version, qemu.version)), qemu
    )
    true = snapshot(reading.read(started, raw=started.read_bytes()), qemu)
    comparison = compare(true, translated)
    assert not comparison.changes
    assert not [one for one in comparison.unknowns if not one.excused]
    assert ids(translated) == ids(true)
    assert left_open(translated) == left_open(true)


@_DOMAINS
def test_a_domain_as_people_write_it_is_completed_to_that(
    version: str, domain: VariedDomain, sessions: Sessions, tmp_path: Path
) -> None:
    asked = sessions.of(version)
    banner = asked.libvirt.qemu.banner
    started = tmp_path / "true.cmdline"
    # What a filter lets through is no hardware, and is not translated.
    text = re.sub(r"(?s)<redirfilter>.*</redirfilter>", "", domain.text)
    words = ("qemu-system-x86_64", *asked.command_line(text))
    started.write_bytes(b"".join(word.encode() + b"\0" for word in words))
    (root,) = xml_tree.read("domain.xml", text).children
    made = made_by_libvirt.made(root, asked).line
    true = reading.read(started, raw=started.read_bytes())
    assert true_line.difference(inert(made, banner), inert(true, banner)) == ""


def snapshot(written: QemuCommandLine, qemu: Binary) -> Snapshot:
    """All that can be read of a command line's hardware."""
    made = inert(written, qemu.banner)
    families = choice.chosen([choice.ALL])
    found = configuration.read(made, qemu, Cancellation(), Deadline.after(60), families=families)
    return found.snapshot


def ids(snapshot: Snapshot) -> list[tuple[str, str | None, str | None]]:
    """Every function with its qdev id and driver."""
    return [(str(one.address), one.qdev_id, one.device) for one in snapshot.functions]


def left_open(snapshot: Snapshot) -> set[tuple[str | None, tuple[str, ...]]]:
    """What stands for something else, and what is left open by that."""
    return {(one.qdev_id, one.unknown) for one in snapshot.substitutions if one.unknown}
