"""What of a configuration the later QEMU does not have any more, and where it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pciabi.errors import SourcePosition
from pciabi.gate.gone import Refused, Vocabularies, gone, refused_value, types_to_ask
from pciabi.qemu.inert.hardware import inert
from pciabi.qemu.vocabulary import Vocabulary
from pciabi.result.will_not_start import Missing
from pciabi.source.naming import Named, Sort, in_config, in_hardware
from pciabi.vm import reading
from pciabi.vm.config import Device, VmConfig
from tests.unit.vocabularies import machine, vocabulary

ELSEWHERE = SourcePosition("vm.sh", 1)
BOTH = ("pc-q35-7.2",)


def named(*options: str) -> tuple[Named, ...]:
    """What a command line names, each option on a line of its own, from line 2 on."""
    text = "qemu-system-x86_64 " + "".join(f"\\\n {option} " for option in options)
    (line,) = reading.read_all(Path("vm.sh"), raw=f"{text}\n".encode())
    return in_hardware(inert(line))


def lost(
    names: tuple[Named, ...],
    old: Vocabulary | None,
    new: Vocabulary,
    *,
    devices: frozenset[str] = frozenset(),
    place: SourcePosition = ELSEWHERE,
) -> list[tuple[str, str, int]]:
    refused = Refused("pc-q35-7.2", devices, place)
    found = gone(names, refused, Vocabularies(old, new))
    return [(one.what.value, one.name, one.place.line) for one in found]


def test_all_that_is_gone_is_told_in_the_configuration_s_order() -> None:
    names = named(
        "-M pc-q35-4.2,hpet=off",
        "-device sga",
        "-device virtio-net,x-mtu-bypass-backend=on,mq=on,addr=4,id=n0,bus=pcie.0",
        "-object can-bus,id=b",
    )
    kept = {"virtio-net-pci": ["mq"]}
    old = vocabulary(
        machine("pc-q35-4.2"),
        properties={
            "virtio-net-pci": ["mq", "x-mtu-bypass-backend"],
            "pc-q35-7.2-machine": ["hpet"],
        },
    )
    new = vocabulary(machine("pc-q35-7.2"), without=("sga", "can-bus"), properties=kept)
    assert lost(names, old, new) == [
        ("machine type", "pc-q35-4.2", 2),
        ("property", "machine.hpet", 2),
        ("device", "sga", 3),
        ("property", "virtio-net-pci.x-mtu-bypass-backend", 4),
        ("object", "can-bus", 5),
    ]


def test_what_neither_or_only_the_later_one_has_is_not_gone() -> None:
    names = named("-M pc-q35-4.2", "-device sga", "-device e1000,mitigation=on")
    old, new = vocabulary(without=("sga",)), vocabulary(without=("sga",))
    assert lost(names, old, new) == []
    assert lost(names, old, vocabulary(machine("pc-q35-4.2"))) == []


def test_what_is_gone_stands_once_at_its_first_place() -> None:
    names = named("-device e1000,mitigation=on", "-device e1000,mitigation=off")
    old = vocabulary(properties={"e1000": ["mitigation"]})
    assert lost(names, old, vocabulary()) == [("property", "e1000.mitigation", 2)]


def test_the_machine_s_options_are_properties_in_either_spelling() -> None:
    names = named("-M pc-q35-7.2,default_bus_bypass_iommu=on,smp.cpus=2")
    own = ["default-bus-bypass-iommu", "smp"]
    old = vocabulary(properties={"pc-q35-7.2-machine": own})
    assert lost(names, old, old) == []
    assert lost(names, old, vocabulary()) == [
        ("property", "machine.default_bus_bypass_iommu", 2),
        ("property", "machine.smp.cpus", 2),
    ]


def test_of_several_machine_types_the_last_counts() -> None:
    old = vocabulary(machine("pc-q35-4.2"), machine("pc-q35-7.2"))
    new = vocabulary(machine("pc-q35-7.2"))
    assert lost(named("-M pc-q35-4.2", "-M pc-q35-7.2"), old, new) == []
    assert lost(named("-M pc-q35-7.2", "-M pc-q35-4.2"), old, new) == [
        ("machine type", "pc-q35-4.2", 3)
    ]


def test_an_alias_is_a_name_like_another() -> None:
    old = vocabulary(machine("pc-q35-5.2", alias="q35"))
    assert lost(named("-M q35"), old, vocabulary(machine("pc-q35-7.2", alias="q35"))) == []
    assert lost(named("-M q35"), old, vocabulary()) == [("machine type", "q35", 2)]


@pytest.mark.parametrize("words", ["{0}.{1}=off", "driver={0},property={1},value=off"])
@pytest.mark.parametrize("of", ["pcie-root-port", "base-pci-bridge"])
def test_a_global_counts_where_a_device_of_its_type_is_there(words: str, of: str) -> None:
    names = named("-global " + words.format(of, "disable-acs"))
    old, new = vocabulary(properties={of: ["disable-acs"]}), vocabulary()
    expected = [("property", f"{of}.disable-acs", 2)]
    assert lost(names, old, new, devices=frozenset({"e1000"})) == []
    assert lost(names, old, new, devices=frozenset({"pcie-root-port"})) == expected
    # QEMU itself says that it does.
    assert lost(names, old, new, place=names[-1].place) == expected
    # QEMU only warns of a type it does not have.
    assert lost(names, old, vocabulary(without=(of,)), devices=frozenset({of})) == []


def test_what_was_recorded_had_all_that_it_names() -> None:
    names = named("-M pc-q35-7.2", "-device sga", "-device e1000,mitigation=on,addr=3")
    assert lost(names, None, vocabulary(without=("sga",))) == [
        ("device", "sga", 3),
        ("property", "e1000.mitigation", 4),
    ]


def test_an_element_of_a_list_is_no_property_that_a_qemu_names() -> None:
    names = tuple(
        replace(one, properties=("reserved-regions[0]", "mitigation"))
        for one in named("-device e1000,mitigation=on")
    )
    assert lost(names, None, vocabulary()) == [("property", "e1000.mitigation", 2)]


def test_devices_of_scenarios_and_json_are_the_same() -> None:
    place = SourcePosition("a.pciabi.yaml", 7)
    device = Device("virtio-net-pci", "n0", None, "0x4", (("x-a", "1"),), place)
    config = VmConfig("pc-q35-4.2", "256M", 1, (device,))
    old = vocabulary(machine("pc-q35-4.2"), properties={"virtio-net-pci": ["x-a"]})
    assert lost(in_config(config, "QEMU", Path("a.pciabi.yaml")), old, vocabulary()) == [
        ("machine type", "pc-q35-4.2", 1),
        ("property", "virtio-net-pci.x-a", 7),
    ]
    json = named("""-device '{"driver":"virtio-net-pci","mq":true,"addr":"0x4"}'""")
    old = vocabulary(properties={"virtio-net-pci": ["mq"]})
    assert lost(json, old, vocabulary()) == [("property", "virtio-net-pci.mq", 2)]


def test_what_another_device_stands_in_for_is_asked_for_all_the_same() -> None:
    names = named("-device vhost-user-blk-pci,id=d,chardev=c,num-queues=2,addr=4")
    # That is the stand-in's own.
    assert names[0].properties == ()
    told = {(one.sort, one.type, one.properties) for one in names}
    assert told == {
        (Sort.DEVICE, "vhost-user-blk-pci", ()),
        (Sort.DEVICE, "vhost-user-blk-pci", ("chardev",)),
        (Sort.DEVICE, "vhost-user-blk-pci", ("num-queues",)),
        (Sort.DEVICE, "vhost-user-blk-pci", ("addr",)),
    }


def test_a_value_is_told_with_its_option() -> None:
    names = named("-M pc-q35-7.2", "-cpu Icelake-Client")
    (value,) = refused_value(names, names[1].place)
    assert (value.what, value.name) == (Missing.VALUE, "-cpu Icelake-Client")
    assert refused_value(names, ELSEWHERE) == ()


def test_a_processor_that_is_gone_is_a_value() -> None:
    names = named("-cpu Cascadelake,vmx=off")
    types = {**vocabulary().parents, "Cascadelake-x86_64-cpu": "device"}
    old = replace(vocabulary(), parents=types)
    assert lost(names, old, vocabulary()) == [("value", "-cpu Cascadelake,vmx=off", 2)]
    assert lost(names, old, old) == []


def test_only_types_with_properties_are_asked_for() -> None:
    names = named("-M q35,hpet=off", "-device sga", "-global virtio-pci.aer=on")
    assert types_to_ask(names, "pc-q35-7.2") == {"pc-q35-7.2-machine", "virtio-pci"}


def test_a_ring_of_types_has_an_end() -> None:
    ring = Vocabulary((), {"a": "b", "b": "a"})
    assert list(ring.ancestors("a")) == ["a", "b"]
    assert list(ring.ancestors("c")) == []
