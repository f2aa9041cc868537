"""A whole domain: what is written of it in which order, whence each word comes, and that nothing
in it is passed over or brings the translation down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import InputError, Refusal
from pciabi.probe import refusal
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert.hardware import inert
from pciabi.vm import xml_tree
from pciabi.vm.domain import line, own_options
from pciabi.vm.domain.dialect import Dialect
from pciabi.vm.domain.vocabulary import unknown
from pciabi.vm.domain.words import Form, option, stated
from pciabi.vm.xml_tree import Element
from tests.unit.domain_options import HERE, NEW, OLD
from tests.unit.whole_domain import TEXT

# What may stand in these is no concern of ours, or is the text of words.
_WHOLE = ("name", "metadata", "cputune", "emulator", "on_poweroff", "backend", "env")


def root(text: str = TEXT) -> Element:
    (found,) = xml_tree.read("whole.xml", text).children
    return found


def written(dialect: Dialect, text: str = TEXT) -> list[str]:
    """Each option's name; of a `-device` its driver and id too."""
    return [
        f"device {one.value.text.split(',')[0]}" if one.name == "device" and one.value else one.name
        for one in line.command_line(root(text), dialect).options
    ]


KEY_VALUE = TEXT.replace("del capability='netdev.json'", "del capability='device.json+hotplug'")


def test_the_order_of_libvirt_9() -> None:
    assert written(HERE, KEY_VALUE) == [
        *("machine", "cpu", "m", "smp", "object", "object", "numa", "numa", "uuid", "smbios"),
        *("device vmgenid", "no-user-config", "nodefaults", "rtc", "no-hpet", "global", "boot"),
        *("device intel-iommu", "global", "device pcie-root-port", "device pcie-root-port"),
        *("device ich9-usb-ehci1", "device ich9-usb-uhci1", "device virtio-scsi-pci"),
        *("device virtio-serial-pci", "object", "device pc-dimm", "tpmdev", "device tpm-crb"),
        *("device vmcoreinfo", "device edu", "device pvpanic"),
    ]


def test_what_libvirt_7_writes_elsewhere_and_11_not_at_all() -> None:
    at = [one for one in written(OLD) if one in ("uuid", "device pc-dimm", "device intel-iommu")]
    assert at == ["device pc-dimm", "uuid", "device intel-iommu"]
    assert "no-hpet" not in written(NEW)


def test_a_user_adds_to_the_form_that_libvirt_is_told_to_write() -> None:
    (scsi,) = (one for one in line.command_line(root(), HERE).options if "ua-scsi" in one.written)
    assert scsi.value is not None
    assert scsi.value.text.startswith('{"driver":"virtio-scsi-pci"')
    assert scsi.value.text.endswith('"vectors":9}')
    (old,) = (one for one in line.command_line(root(), OLD).options if "ua-scsi" in one.written)
    assert "vectors" not in old.written


@pytest.mark.parametrize("form", Form)
def test_every_word_has_its_place_in_the_file(form: Form) -> None:
    text = TEXT if form is Form.JSON else KEY_VALUE
    lines = text.split("\n")
    for one in line.command_line(root(text), HERE).options:
        position = one.position
        assert position.column is not None
        assert lines[position.line - 1][position.column - 1] == "<"
    (port,) = (
        one for one in line.command_line(root(text), HERE).options if "0x1.0x1" in one.written
    )
    assert port.value is not None
    place = port.value.at(port.value.text.index("hotplug"))
    assert "hotplug='off'" in lines[place.line - 1]


def test_an_error_of_qemus_is_told_at_the_line_of_the_element() -> None:
    made = inert(line.command_line(root(KEY_VALUE), HERE))
    given = next(one for one in made.arguments if one.startswith("virtio-scsi-pci"))
    said = f"-device {given}: Property 'virtio-scsi-pci.vectors' not found"
    qemu = Binary("qemu", ("qemu",), Path("/"), (7, 2, 22), "QEMU emulator version 7.2.22")
    error = refusal.of_command_line(InputError(f"QEMU refuses this hardware: {said}"), made, qemu)
    assert isinstance(error, Refusal)
    assert error.place is not None
    controller = next(n for n, row in enumerate(TEXT.split("\n"), 1) if "virtio-scsi'" in row)
    assert (error.place.file, error.place.line) == ("whole.xml", controller)


def elements(element: Element) -> Iterator[Element]:
    """It and all below, but for what is no concern of ours."""
    yield element
    for child in element.children:
        if child.name not in _WHOLE:
            yield from elements(child)


@pytest.mark.parametrize("at", range(sum(1 for _ in elements(root()))))
def test_nothing_is_passed_over(at: int) -> None:
    given = root()
    element = list(elements(given))[at]
    surprise = Element("surprise", {}, element.start)
    element.children.append(surprise)
    with pytest.raises(InputError, match="surprise") as refused:
        line.command_line(given, HERE)
    assert refused.value.place == element.start


@pytest.mark.parametrize("at", range(sum(1 for _ in elements(root()))))
def test_no_attribute_is_passed_over(at: int) -> None:
    given = root()
    element = list(elements(given))[at]
    element.attributes = {**element.attributes, "surprise": "x"}
    # What stands for nobody but its children.
    if element.name in ("domain", "devices"):
        line.command_line(given, HERE)
        return
    with pytest.raises(InputError, match="surprise"):
        line.command_line(given, HERE)


def test_what_a_template_leaves_open_is_refused() -> None:
    for text in ("8191", "qemu64", "0x8'", "2097152"):
        with pytest.raises(InputError, match=r"\{\{ x \}\}"):
            line.command_line(root(TEXT.replace(text, "{{ x }}" + "'" * text.count("'"))), HERE)


HOSTILE = st.one_of(
    st.sampled_from(["", "-1", "0", "9" * 101, "0x", "0" * 30, "on", "\0", ",", "a=b", '"', "*"]),
    st.text(max_size=12),
)


@given(st.data())
def test_whatever_stands_in_a_domain_is_written_or_refused(data: st.DataObject) -> None:
    given_root = root()
    every = list(elements(given_root))
    for _ in range(data.draw(st.integers(1, 4))):
        element = data.draw(st.sampled_from(every))
        names = [*element.attributes, "text"]
        name = data.draw(st.sampled_from(names))
        value = data.draw(HOSTILE)
        if name == "text":
            element.text = value
        else:
            element.attributes = {**element.attributes, name: value}
        if data.draw(st.booleans()) and element.children:
            element.children.pop(data.draw(st.integers(0, len(element.children) - 1)))
    with suppress(InputError):
        for dialect in (OLD, HERE, NEW):
            inert(line.command_line(given_root, dialect))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<a><capabilities><add capability='no'/></capabilities></a>", "add capability='no'"),
        ("<a><capabilities><del capability='no'/></capabilities></a>", "del capability='no'"),
    ],
)
def test_a_capability_is_known_or_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        own_options.must_be_known(root(text))


@pytest.mark.parametrize(
    ("property_", "words"),
    [
        ("name='a' type='float' value='1'", "type='float'"),
        ("name='a' type='unsigned' value='x'", "is not a number"),
        ("name='a' type='bool' value='on'", "value='on'"),
        ("name='driver' type='string' value='edu'", "name='driver'"),
    ],
)
def test_an_override_is_known_or_refused(property_: str, words: str) -> None:
    text = (
        f"<a><override><device alias='b'><frontend><property {property_}/></frontend></device>"
        "</override></a>"
    )
    with pytest.raises(InputError, match=words):
        own_options.overrides(root(text))


def test_overrides_take_the_place_of_what_is_there() -> None:
    text = (
        "<a><override><device alias='b'><frontend><property name='x' type='remove'/>"
        "<property name='y' type='bool' value='true'/></frontend></device></override></a>"
    )
    element = root(text)
    given = stated(element, ("driver", "e1000"), ("x", 1), ("y", 2), ("id", "b"), ("z", 3))
    made = own_options.overridden(given, own_options.overrides(element))
    shown = option("device", made, Form.KEY_VALUE, "driver").written
    assert shown == "-device e1000,id=b,z=3,y=on"
    assert unknown(element).place == element.start
