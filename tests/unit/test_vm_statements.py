"""What a file says, with the very characters it is written in; and files edited by them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import InputError
from pciabi.lint import files
from pciabi.lint.rule import rules
from pciabi.vm import formats
from pciabi.vm.command_line.parameters import IMPLIED, parameters
from pciabi.vm.command_line.statements import extents
from pciabi.vm.config_text import ConfigText
from pciabi.vm.edits import Edit, edited
from pciabi.vm.formats import Vm
from pciabi.vm.pci_vm import Pinning
from pciabi.vm.statement import Kind, Statement, every

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests/cases", "examples", "scenarios")


def texts() -> Iterator[tuple[str, ConfigText, str | None]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file():
                source = files.read(str(path), b"")
                # Windows' line ends change no offset of what is written between them.
                crlf = ConfigText(source.file, source.text.replace("\n", "\r\n"))
                yield str(path.relative_to(ROOT)), source, None
                yield f"{path.relative_to(ROOT)}-crlf", crlf, None
    for loaded in rules():
        for kind in ("bad", "good"):
            example = getattr(loaded.rule, kind)
            name = f"{loaded.rule.name}-{kind}"
            yield name, ConfigText("vm", example.text), example.format


COMMENTED = """\
summary: x
machine: pc
devices:
  - driver: e1000   # a comment
    id: net0

  # another
  - driver: e1000
    id: net1
    properties:
      mac: 52:54:00:00:00:01
  # and one at the end

steps: [boot, boot]
"""
TEXTS = [*texts(), ("commented", ConfigText("vm", COMMENTED), None)]


@pytest.mark.parametrize(
    ("source", "format_"), [(s, f) for _, s, f in TEXTS], ids=[name for name, _, _ in TEXTS]
)
def test_a_statement_cut_out_of_the_text_is_its_own_words(
    source: ConfigText, format_: str | None
) -> None:
    try:
        vms = formats.read(source, format_)
    except InputError:
        return
    for vm in vms:
        for statement in every(vm.statements):
            for extent in (*statement.extents, *statement.value):
                assert 0 <= extent.start <= extent.end <= len(source.text)
            OWN_WORDS[statement.kind](statement, source)
        if vm.line is not None and Kind.OPTION in {said.kind for said in vm.statements}:
            options_are_the_command_lines(vm, source)


def an_element(statement: Statement, source: ConfigText) -> None:
    cut = ET.fromstring(without_prefixes(cut_of(statement, source)))
    assert cut.tag == statement.name
    said = {part.name: part for part in statement.parts if part.kind is Kind.ATTRIBUTE}
    written = {name.replace("-", ":"): value for name, value in cut.attrib.items()}
    assert {name: html.unescape(part.words(source)) for name, part in said.items()} == written
    assert [part.name for part in statement.parts if part.kind is Kind.ELEMENT] == [
        child.tag for child in cut
    ]
    assert statement.words(source).strip() == inside(cut_of(statement, source)).strip()


def without_prefixes(text: str) -> str:
    named = re.sub(r"(</?)\w+:", r"\1", text)
    return re.sub(r"\b(\w+):(\w+)(?==['\"])", r"\1-\2", named)


def inside(text: str) -> str:
    if text.endswith("/>"):
        return ""
    opening = re.match(r"<[^'\">]*(?:(?:'[^']*'|\"[^\"]*\")[^'\">]*)*>", text)
    assert opening is not None
    return text[opening.end() : text.rindex("<")]


def an_attribute(statement: Statement, source: ConfigText) -> None:
    cut = cut_of(statement, source)
    assert re.fullmatch(rf"{statement.name}\s*=\s*(['\"]).*\1", cut, re.DOTALL)
    assert cut[:-1].endswith(statement.words(source))


def a_key(statement: Statement, source: ConfigText) -> None:
    place = source.position_at(statement.start)
    cut = " " * (place.column - 1) + cut_of(statement, source).replace("\r\n", "\n")
    name = re.escape(statement.name)
    assert re.match(rf"\s*[\"']?{name}[\"']?\s*(?::|\Z)", cut)
    ends_with_itself(cut)
    if not statement.value or "{{" in cut or "*" in cut or "&" in cut:
        return
    if source.text[: statement.start].count("\n[") or ".conf" in source.file:
        assert cut.strip() == f"{statement.name}: {statement.words(source)}"
        return
    # It makes plain texts of all that is written, and nothing else.
    loaded = yaml.load(cut, Loader=yaml.BaseLoader)
    assert list(loaded) == [statement.name]
    within = [part.name for part in statement.parts if part.kind is Kind.KEY]
    value = loaded[statement.name]
    assert within == (list(value) if isinstance(value, dict) else [])


def an_item(statement: Statement, source: ConfigText) -> None:
    place = source.position_at(statement.start)
    cut = " " * (place.column - 1) + cut_of(statement, source)
    ends_with_itself(cut)
    if "{{" in cut or "*" in cut or "&" in cut:
        return
    loaded = yaml.load(cut.replace("\r\n", "\n"), Loader=yaml.BaseLoader)
    names = [part.name for part in statement.parts if part.kind is Kind.KEY]
    assert names == (list(loaded) if isinstance(loaded, dict) else [])


def ends_with_itself(cut: str) -> None:
    """Not with the comments and empty lines behind it."""
    assert cut == cut.rstrip()
    assert not cut.rpartition("\n")[2].lstrip().startswith("#")


def an_option(statement: Statement, source: ConfigText) -> None:
    assert statement.name in cut_of(statement, source) or statement.name in RENAMED


def a_parameter(statement: Statement, source: ConfigText) -> None:
    cut = "".join(extent.of(source) for extent in statement.extents)
    words = statement.words(source)
    assert words in cut
    assert statement.name in cut or cut in (words, f"no{statement.name}") or words in cut


OWN_WORDS: dict[Kind, Callable[[Statement, ConfigText], None]] = {
    Kind.ELEMENT: an_element,
    Kind.ATTRIBUTE: an_attribute,
    Kind.KEY: a_key,
    Kind.ITEM: an_item,
    Kind.OPTION: an_option,
    Kind.PARAMETER: a_parameter,
}
# What QEMU calls `-M`, what nobody calls anything, and what a -readconfig calls otherwise.
RENAMED = {"machine", "unresolved", "disk image", "m", "smp", "boot", "acpitable", "help"}


def cut_of(statement: Statement, source: ConfigText) -> str:
    return source.text[statement.start : statement.end]


def options_are_the_command_lines(vm: Vm, source: ConfigText) -> None:
    assert vm.line is not None
    written = [option for option in vm.line.options if option.word.file == source.file]
    if vm.line.is_part:
        # The sections of a configuration file, and `-nodefaults`, which no section is.
        assert [said.name for said in vm.statements] == [option.name for option in written[1:]]
        return
    for option, said in zip(written, vm.statements, strict=True):
        word = "".join(extent.of(source) for extent in extents(option.word, source))
        assert word == option.word.text
        if option.value is None or option.value is option.word:
            continue
        assert said.words(source) == option.value.text
        if option.name in IMPLIED and said.parts:
            items = parameters(option.value, IMPLIED[option.name]).items
            assert [part.name for part in said.parts] == [item.name for item in items]
            for part, item in zip(said.parts, items, strict=True):
                if isinstance(item.data, str | None) and part.words(source):
                    assert part.words(source).replace(",,", ",") == item.value


@given(st.sampled_from([(s, f) for _, s, f in TEXTS]), st.data())
def test_a_damaged_text_ends_in_statements_or_one_error(
    sample: tuple[ConfigText, str | None], data: st.DataObject
) -> None:
    source, format_ = sample
    pieces = st.sampled_from(
        ["", "'", '"', "<", "/>", "&amp;", "{", "}", ",", ":", "- ", "\n", "é"]
    )
    text = source.text
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(pieces) + text[at + data.draw(st.integers(0, 3)) :]
    damaged = ConfigText("vm", text)
    try:
        vms = formats.read(damaged, format_)
    except InputError:
        return
    for vm in vms:
        for statement in every(vm.statements):
            for extent in (*statement.extents, *statement.value):
                assert 0 <= extent.start <= extent.end <= len(text)


@given(st.text(st.sampled_from("ab\n\r\0é𝄞"), max_size=60))
def test_an_offset_is_a_line_and_a_column(text: str) -> None:
    source = ConfigText("vm", text)
    for offset in range(len(text) + 1):
        place = source.position_at(offset)
        assert source.offset(place.line, place.column) == offset
        before = text[:offset].split("\0" if "\0" in text else "\n")
        assert (place.line, place.column) == (len(before), len(before[-1]) + 1)


@given(st.text(max_size=30), st.data())
def test_edits_change_what_they_name_and_nothing_else(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    new = [data.draw(st.text(max_size=3)) for _ in cuts]
    edits = [Edit(a, b, n) for (a, b), n in zip(pairs, new, strict=False)]
    made = edited(ConfigText("vm", text), data.draw(st.permutations(edits * 2)))
    for edit in reversed(edits):
        text = text[: edit.start] + edit.new + text[edit.end :]
    assert made == text


@pytest.mark.parametrize(
    "edits",
    [
        (Edit(0, 2, "x"), Edit(1, 3, "y")),
        (Edit(0, 3, "x"), Edit(1, 2, "")),
        (Edit.insertion(1, "x"), Edit.insertion(1, "y")),
        (Edit(1, 3, ""), Edit.insertion(1, "y")),
        (Edit(1, 3, ""), Edit.insertion(2, "y")),
        (Edit(2, 9, ""),),
        (Edit(-1, 1, ""),),
        (Edit(3, 2, ""),),
    ],
)
def test_edits_that_touch_the_same_words_are_refused(edits: tuple[Edit, ...]) -> None:
    with pytest.raises(InputError):
        edited(ConfigText("vm", "abcd"), edits)


def test_edits_that_only_meet_are_made() -> None:
    source = ConfigText("vm", "abcd")
    assert edited(source, [Edit(0, 2, "x"), Edit.insertion(2, "-"), Edit(3, 4, "")]) == "x-c"


DEVICE = "virtio-net-pci,id=net0"
JSON = '{"driver":"virtio-net-pci","id":"net0"}'
DOMAIN = """<domain type='kvm'>
  <name>web</name>
  <os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os>
  <devices>
    <!-- the first NIC -->
    <interface type='user'>
      <mac address='52:54:00:00:00:01'/>  <model type="virtio"/>
    </interface>
    <controller type='scsi' model='virtio-scsi'/>  <!-- kept -->
  </devices>
</domain>
"""
KUBEVIRT = """# a VM
apiVersion: kubevirt.io/v1
kind: VirtualMachine
spec: {template: {spec: {domain: {devices: {interfaces: [{name: net0, bridge: {}}]}}}}}
"""
KUBEVIRT_BLOCK = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstance
spec:
  domain:
    devices:
      interfaces:
      - name: net0   # the first
        bridge: {}   # and so on

      - name: net1
        bridge: {}
"""
SCENARIO = """\
summary: x
machine: pc
devices:
  - {driver: virtio-net-pci, id: net0}  # the first
steps: [boot, boot]
"""


def device_option(vm: Vm, name: str) -> Statement:
    return next(
        said
        for said in every(vm.statements)
        if said.kind is Kind.OPTION and (said.part("id") or said).name == "id"
    )


def into_option(statement: Statement) -> Edit:
    return Edit.insertion(statement.value[-1].end, ",addr=0x5")


def into_json(statement: Statement) -> Edit:
    return Edit.insertion(statement.parts[-1].end, ',"addr":"0x5"')


def into_element(statement: Statement) -> Edit:
    address = "<address type='pci' domain='0' bus='0' slot='0x05' function='0'/>"
    if statement.value:
        return Edit.insertion(statement.value[-1].end, f"  {address}\n    ")
    return Edit(statement.end - 2, statement.end, f">{address}</{statement.name}>")


def into_mapping(statement: Statement, said: str) -> Edit:
    return Edit.insertion(statement.parts[0].end, f", {said}")


def into_block(statement: Statement, said: str, indent: int) -> Edit:
    return Edit.insertion(statement.parts[0].start, f"{said}\n{' ' * indent}")


def into_section(statement: Statement) -> Edit:
    return Edit.insertion(statement.end, '\n  addr = "0x5"')


LIBVIRT_LOG = (
    "2024-01-01 10:00:00.000+0000: starting up libvirt version: 9.0.0\n"
    "LC_ALL=C \\\n/usr/bin/qemu-system-x86_64 \\\n-name guest=web \\\n"
    f"-machine pc-i440fx-7.2 \\\n-nodefaults \\\n-device '{JSON}' \\\n-msg timestamp=on\n"
)
UNIT = "[Service]\nExecStart=/usr/bin/qemu-system-x86_64 -M pc -nodefaults -device "
SHELL = 'NIC="virtio-net-\\\npci,id=net0"\n# mine\nkvm -M pc -nodefaults -device "$NIC" \\\n -m 1\n'
PROXMOX = "args: -device virtio-net-pci,id=net0 -m 1\nscsihw: a\nnet7: b\nostype: l26\n"
SECTIONS = '# mine\n[device "net0"]\n  driver = "virtio-net-pci"\n\n[machine]\n  type = "pc"\n'


@pytest.mark.parametrize(
    ("text", "name", "edit"),
    [
        (f"kvm -M pc -nodefaults -device {DEVICE} -m 1\n", "net0", into_option),
        (f"kvm -M pc -nodefaults -device '{DEVICE}' -m 1\n", "net0", into_option),
        (SHELL, "net0", into_option),
        (f"kvm -M pc -nodefaults -device '{JSON}'  # end\n", "net0", into_json),
        (f"-M\r\npc\r\n-nodefaults\r\n-device\r\n{DEVICE}\r\n", "net0", into_option),
        (f"kvm\0-M\0pc\0-nodefaults\0-device\0{DEVICE}\0-m\0001\0", "net0", into_option),
        (f"kvm\0-M\0pc\0-nodefaults\0-device\0{JSON}\0", "net0", into_json),
        (f"root 1 0.0 /usr/bin/kvm -M pc -nodefaults -device {DEVICE}\n", "net0", into_option),
        (LIBVIRT_LOG, "net0", into_json),
        (f"{UNIT}{DEVICE} -m 1\n", "net0", into_option),
        (f"{UNIT}'{DEVICE}'\n", "net0", into_option),
        (SECTIONS, "net0", into_section),
        (PROXMOX, "net0", into_option),
        (DOMAIN, "interface 52:54:00:00:00:01", into_element),
        (DOMAIN, "controller scsi 0", into_element),
        (SCENARIO, "net0", lambda said: into_mapping(said, "addr: 0x5")),
        (KUBEVIRT, "interface net0", lambda said: into_mapping(said, "pciAddress: '0000:00:05.0'")),
        (
            KUBEVIRT_BLOCK,
            "interface net1",
            lambda said: into_block(said, "pciAddress: '0000:00:05.0'", 8),
        ),
    ],
)
def test_an_address_put_in_by_an_edit_is_the_devices_place(
    text: str, name: str, edit: Callable[[Statement], Edit]
) -> None:
    source = ConfigText("vm", text)
    (vm,) = formats.read(source)
    before = {device.name: device for device in vm.places.devices}
    assert before[name].pinning is Pinning.UNPINNED
    start = before[name].span.start
    offset = source.offset(start.line, start.column)
    (statement, *_) = (one for one in every(vm.statements) if one.start == offset)
    change = edit(statement)
    made = edited(source, [change])
    # The rest of the file is as it was, comments and all.
    assert (
        made[: change.start]
        + text[change.start : change.end]
        + made[change.start + len(change.new) :]
        == text
    )
    (again,) = formats.read(ConfigText("vm", made))
    after = {device.name: device for device in again.places.devices}
    assert after.keys() == before.keys()
    place = after[name].place
    assert after[name].pinning is Pinning.PINNED
    assert place is not None
    assert (place.slot, place.function) == (5, 0)
    others = after.keys() - {name}
    assert {n: after[n].pinning for n in others} == {n: before[n].pinning for n in others}
