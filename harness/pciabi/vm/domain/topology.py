"""How many processors, and how they are grouped: `-smp`, of `<vcpu>`, `<vcpus>` and `<topology>`.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildSmpCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import Vocabulary, must_know
from pciabi.vm.domain.words import Form, Value, option, stated
from pciabi.vm.xml_tree import Element

_PLACES = "on which of the host's processors they run"
_VCPU = Vocabulary(frozenset({"@current"}), {"@placement": _PLACES, "@cpuset": _PLACES})
_VCPUS = Vocabulary(
    frozenset({"vcpu", "vcpu@id", "vcpu@enabled", "vcpu@hotpluggable"}),
    {"vcpu@order": "in which order they are plugged in"},
)
_LONGEST = 9


def options(domain: Domain) -> Iterator[Option]:
    """`-smp`. Raises InputError."""
    vcpu = domain.root.child("vcpu")
    if vcpu is not None:
        must_know(vcpu, _VCPU)
    place = vcpu or domain.root
    most = _most(vcpu) if vcpu is not None else 1
    present = _present(domain, vcpu, most)
    cpu = domain.root.child("cpu")
    topology = cpu.child("topology") if cpu is not None else None
    levels: tuple[tuple[str, Value | None], ...] = (("sockets", most), ("cores", 1), ("threads", 1))
    if topology is not None:
        names = _levels(domain)
        levels = tuple((name, number(topology, name, 1)) for name in names)
    yield option(
        "smp",
        (
            *stated(place, ("cpus", present)),
            *stated(place, ("maxcpus", most if most != present else None)),
            *stated(topology or place, *levels),
        ),
        Form.KEY_VALUE,
        "cpus",
    )


def _levels(domain: Domain) -> tuple[str, ...]:
    clusters = ("clusters",) if domain.dialect.has(Trait.CLUSTERS) else ()
    return ("sockets", "dies", *clusters, "cores", "threads")


def _most(vcpu: Element) -> int:
    text = vcpu.text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST or not int(text):
        raise InputError(f"<vcpu>: {text[:40]!r} is no number of processors", place=vcpu.start)
    return int(text)


def _present(domain: Domain, vcpu: Element | None, most: int) -> int:
    """How many QEMU has when it starts: libvirt plugs the others in afterwards."""
    listed = domain.root.child("vcpus")
    if listed is None:
        return number(vcpu, "current", most) if vcpu is not None else most
    must_know(listed, _VCPUS)
    fixed = [one for one in listed.all("vcpu") if switch(one, "enabled") is True]
    return sum(1 for one in fixed if switch(one, "hotpluggable") is not True)
