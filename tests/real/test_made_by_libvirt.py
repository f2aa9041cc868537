"""What a libvirt makes of domains that are written by hand: pciabi writes each as that libvirt
does, once it is made inert, defined and completed."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from pciabi.source import made_by_libvirt
from pciabi.vm import xml_tree
from tests.real.libvirt_sessions import QEMU_OF, Sessions
from tests.real.varied_domains import varied_domains

SAMPLED = 20


@pytest.mark.parametrize(
    ("version", "step"),
    [
        pytest.param(
            version, step, id=f"{version}-{'every' if step == 1 else 'sample'}", marks=marks
        )
        for version in QEMU_OF
        for step, marks in ((SAMPLED, ()), (1, pytest.mark.full))
    ],
)
def test_no_domain_is_written_otherwise_than_its_libvirt_does(version: str, step: int) -> None:
    domains = [one for one in varied_domains() if one.is_for(version, QEMU_OF[version])]
    assert len(domains) > 60
    with ExitStack() as stack:
        sessions = Sessions(stack)
        for domain in domains[::step]:
            (root,) = xml_tree.read(domain.name, domain.text).below("domain")
            # Where they differ it raises, naming the difference.
            assert made_by_libvirt.made(root, sessions.of(version)).line.options
