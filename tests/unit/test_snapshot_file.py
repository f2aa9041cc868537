"""Snapshot files: what is written is read back, pinned, and anything else is one clear error."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi import __version__
from pciabi.abi.compare import compare
from pciabi.abi.families import function_families, machine_families
from pciabi.abi.family import Family
from pciabi.abi.snapshot import (
    Creation,
    PlacedFunction,
    Provenance,
    Snapshot,
    Substitution,
    Unreachable,
)
from pciabi.errors import CannotTest, InputError
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.facts import facts_of
from pciabi.pci.function import (
    BARS,
    ROM,
    Bar,
    BarKind,
    Bars,
    PciFunction,
    all_bits,
)
from pciabi.pci.virtio import VIRTIO, VirtioDevice
from pciabi.snapshots import lspci_text, read, version, write
from pciabi.snapshots.schema import schema
from pciabi.source import pasted
from tests.unit.strategies import (
    GOLDEN,
    RECORDINGS,
    functions,
    recorded,
    recorded_text,
)
from tests.unit.test_pci_listing import taken

SNAPSHOTS = GOLDEN.parent / "snapshot"
PINNED = "qemu-7.2_pc-two-nics"


def kept(snapshot: Snapshot) -> Snapshot:
    """The snapshot without what the file does not keep: lspci's text below the heading."""
    return replace(
        snapshot,
        functions=tuple(
            replace(
                placed,
                function=replace(placed.function, text=placed.function.text.split("\n", 1)[0]),
            )
            for placed in snapshot.functions
        ),
    )


words = st.text(max_size=8)
paths = st.builds(
    TopologyPath,
    st.integers(0, 0xFFFF),
    st.lists(st.tuples(st.integers(0, 31), st.integers(0, 7)), min_size=1, max_size=3).map(tuple),
)
optional = st.none() | words
bars = st.builds(
    Bars,
    st.lists(
        st.builds(
            Bar,
            st.integers(0, 5),
            st.sampled_from(BarKind),
            st.booleans(),
            st.none() | st.integers(1, 1 << 40),
        ),
        max_size=3,
        unique_by=lambda bar: bar.index,
    ).map(tuple),
    st.booleans(),
)
# Where few of the values that fit the form are facts.
NARROW: dict[str, st.SearchStrategy[Any]] = {
    BARS.name: bars,
    ROM.name: st.none() | st.integers(1, 1 << 30),
    VIRTIO.name: st.none()
    | st.builds(
        VirtioDevice,
        type=st.integers(0, 0xFFFF),
        features=st.integers(0, (1 << 128) - 1),
        queue_sizes=st.lists(st.integers(0, 32768), max_size=5).map(tuple),
        configuration=st.dictionaries(words, words, max_size=3).map(lambda d: tuple(d.items())),
    ),
}


def of(family: Family[Any, Any]) -> st.SearchStrategy[Any]:
    """Any fact of a family."""
    assert family.form is not None
    known = NARROW.get(family.key.name)
    return known if known is not None else st.from_type(family.form.type).map(family.form.read)


def stored(found: Iterable[Family[Any, Any]]) -> dict[str, st.SearchStrategy[Any]]:
    """Any facts of these families, by their names."""
    return {one.key.name: of(one) for one in found if one.form is not None}


OF_FUNCTIONS = stored(function_families())
machine_facts = st.fixed_dictionaries({}, optional=stored(machine_families())).map(facts_of)
facts = st.fixed_dictionaries({}, optional=OF_FUNCTIONS).map(facts_of)
creations = st.builds(Creation, optional, words, paths, st.booleans())
provenances = st.builds(
    Provenance, *[words] * 7, command_line=st.lists(words, max_size=3).map(tuple)
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Any snapshot."""
    found = draw(functions)
    places = draw(st.lists(paths, min_size=len(found), max_size=len(found), unique=True))
    placed = []
    for function, path in zip(found, places, strict=True):
        some = bytes(range(256)) * (len(function.config) // 256 + 1)
        known = draw(st.sampled_from([all_bits(function.config), some[: len(function.config)]]))
        name = draw(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=9))
        one = replace(
            function,
            known=known,
            facts=draw(facts),
            text=f"{function.address} {name}" if name else "",
        )
        placed.append(PlacedFunction(one, path, draw(optional), draw(optional)))
    placed.sort(key=lambda one: one.address)
    unknown = st.lists(words, max_size=2).map(tuple)
    substitution = st.builds(
        Substitution, words, words, optional, unknown, optional, st.integers(0, 9)
    )
    return Snapshot(
        tuple(placed),
        draw(provenances),
        tuple(draw(st.lists(st.builds(Unreachable, paths, optional, optional, words), max_size=2))),
        tuple(draw(st.lists(substitution, max_size=2))),
        tuple(
            draw(st.lists(st.builds(Creation, optional, words, paths, st.booleans()), max_size=2))
        ),
        draw(machine_facts),
    )


@given(snapshots())
def test_what_is_written_is_read_back(snapshot: Snapshot) -> None:
    text = write.render(snapshot)

    assert read.parse(text.encode(), "x.json") == snapshot
    assert text.isascii()
    assert text.endswith("}\n")
    jsonschema.validate(json.loads(text), schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_survives_its_file(name: str) -> None:
    snapshot = recorded(name)
    back = read.parse(write.render(snapshot).encode(), "x.json")

    assert back == kept(snapshot)
    assert compare(snapshot, back).changes == ()
    assert all(unknown.excused for unknown in compare(snapshot, back).unknowns)


@pytest.mark.parametrize("form", ["-vvnn", "-nn", "-nnxxx"])
def test_a_saved_text_survives_a_snapshot_file(form: str) -> None:
    text = taken(recorded_text("qemu-7.2_q35-many"), form).encode()
    snapshot = lspci_text.parse(text, "lspci.txt")

    assert read.parse(write.render(snapshot).encode(), "x.json") == kept(snapshot)


def test_the_form_is_pinned() -> None:
    # Another structure needs another schema version, another family of facts does not.
    # script/record-facts writes the schema, script/record-snapshots the other file.
    pinned = json.loads((SNAPSHOTS / f"{PINNED}.json").read_text())
    assert json.loads(write.render(recorded(PINNED))) == {**pinned, "version": __version__}
    text = (SNAPSHOTS / f"{PINNED}.json").read_text()
    assert write.render(recorded(PINNED)).count("\n") == text.count("\n")
    assert schema() == json.loads((SNAPSHOTS / "schema.json").read_text())


@pytest.mark.parametrize(
    "type_",
    [
        Snapshot,
        PlacedFunction,
        PciFunction,
        Provenance,
        Unreachable,
        Substitution,
        Creation,
    ],
)
def test_no_fact_is_forgotten(type_: Any) -> None:
    """A new field of what a snapshot is must find its way into the file."""
    known = {
        Snapshot: "functions provenance unreachable substitutions creations facts",
        PlacedFunction: "function path qdev_id device path_is_read",
        PciFunction: "address config known facts text",
        Provenance: "probe qemu_version qemu_package machine accelerator firmware guest "
        "command_line libvirt",
        Unreachable: "path qdev_id device reason",
        Substitution: "option inert qdev_id unknown device ordinal",
        Creation: "qdev_id device path pinned",
    }
    assert [field.name for field in dataclasses.fields(type_)] == known[type_].split()


TEXT = write.render(recorded(PINNED))


def test_a_file_is_small_and_a_changed_bit_is_one_line() -> None:
    snapshot = recorded(PINNED)
    placed = snapshot.functions[-1]
    config = bytearray(placed.function.config)
    config[0x9A] ^= 1
    other = replace(placed, function=replace(placed.function, config=bytes(config)))
    text = write.render(replace(snapshot, functions=(*snapshot.functions[:-1], other)))

    changed = [
        (one, two)
        for one, two in zip(TEXT.splitlines(), text.splitlines(), strict=True)
        if one != two
    ]
    assert len(changed) == 1
    assert len(TEXT) < 1_500 * len(snapshot.functions)
    assert all(len(line) < 200 for line in TEXT.splitlines())


def altered(**changes: Any) -> str:
    return json.dumps({**json.loads(TEXT), **changes}, indent=1)


def function(**changes: Any) -> str:
    first, *rest = json.loads(TEXT)["functions"]
    return altered(functions=[{**first, **changes}, *rest])


def with_fact(**facts: Any) -> str:
    return function(facts=facts)


def with_bars(*indices: int) -> str:
    bar = {"kind": "io", "prefetchable": False, "size": 4}
    return with_fact(bars={"listed": [{"index": i, **bar} for i in indices], "sized": True})


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


BAD: dict[str, tuple[str, str, str]] = {
    "cut off": (TEXT[: len(TEXT) // 2], "not valid JSON", TEXT[-40:]),
    "empty": ("", "not valid JSON", ""),
    "other version": (
        TEXT.replace("pciabi-snapshot/3", "pciabi-snapshot/9"),
        "another version .*take the snapshot again",
        '"schema"',
    ),
    "no schema": (TEXT.replace('"schema"', '"scheme"'), "not a snapshot file", ""),
    "a list": ("[1]", "not a snapshot file", ""),
    "unknown key": (altered(colour="red"), "unknown key 'colour', allowed: schema", "red"),
    "missing key": (TEXT.replace('"creations": []', '"creation": []'), "unknown key", "creation"),
    "bad address": (function(address="00:33.0"), r"functions.0.address: .*pattern", "00:33.0"),
    "bad path": (function(path="zz"), "functions.0.path", '"zz"'),
    "bad row": (function(config={"00": "86 8"}), "functions.0.config.00", "86 8"),
    "row nowhere": (function(config={"100": "00" + " 00" * 15}), "no row of 256", '"100"'),
    "row twice": (function(config={"000": "00" + " 00" * 15}), "no row of 256", '"000"'),
    "odd size": (function(size=100), "functions.0.size", '"size": 100'),
    "text for a number": (with_fact(rom="64K"), "functions.0.facts.rom: .*got '64K'", "64K"),
    "unknown facts": (
        with_fact(colour=1),
        "no facts called 'colour' here, .*newer pciabi",
        '"colour"',
    ),
    "unknown key of a fact": (
        with_fact(mac={"value": "", "stated": True, "x": 1}),
        "facts.mac.x: Unexpected",
        '"x"',
    ),
    "a number for a truth": (
        with_fact(mac={"value": "", "stated": 1}),
        "facts.mac.stated: .*boolean",
        '"stated"',
    ),
    "part of a fact missing": (
        with_fact(mac={"value": ""}),
        "facts.mac.stated: .*required",
        '"mac"',
    ),
    "a fact of the machine": (altered(facts={"mac": 7}), "no facts called 'mac' here", '"mac": 7'),
    "no size": (with_fact(rom=0), "rom: no expansion ROM has 0 bytes", '"rom": 0'),
    "no index": (with_bars(6), "bars: no BAR has the index 6", '"bars"'),
    "key twice": (TEXT.replace('"tool"', '"schema"', 1), "key 'schema' appears twice", ""),
    "no number": (with_fact(rom=float("nan")), "NaN is no number", ""),
    "huge number": (TEXT.replace("256,", "1" * 5000 + ",", 1), "not valid JSON", ""),
    "too deep": ("[" * 100_000, "nested too deeply", ""),
    "two addresses": (
        function(address="0000:00:01.0"),
        "two functions have the address 0000:00:01.0",
        "",
    ),
    "BAR twice": (
        with_bars(0, 0),
        "bars: two BARs have one index",
        '"bars"',
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_error_with_its_line(name: str) -> None:
    text, complaint, where = BAD[name]
    with pytest.raises(InputError, match=complaint) as error:
        read.parse(text.encode(), "x.json")

    assert "\n" not in str(error.value)
    assert error.value.place is not None
    assert error.value.place.file == "x.json"
    if where and where in text:
        assert error.value.place.line == line_of(text, where)


def test_no_functions_is_no_snapshot_to_hold_anything_against() -> None:
    with pytest.raises(CannotTest, match="holds no function") as error:
        read.parse(altered(functions=[]).encode(), "x.json")
    assert error.value.exit_code == 3


def test_a_file_that_is_not_there_or_no_text_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read.read(tmp_path / "none.json")
    with pytest.raises(InputError, match="not UTF-8 text"):
        read.parse(b"{\n\xff}", "x.json")
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(version.MAX_BYTES + 1)
    with pytest.raises(InputError, match="larger than"):
        read.read(tmp_path / "large.json")


@given(st.data())
def test_any_damage_ends_in_a_snapshot_or_one_error(data: st.DataObject) -> None:
    text = TEXT[:3000].encode() if data.draw(st.booleans()) else TEXT.encode()
    damaged = bytearray(text)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.sampled_from(b'0z"{}[],:\xff\\ \n') | st.integers(0, 255))
    with suppress(InputError, CannotTest):
        snapshot = read.parse(bytes(damaged), "x.json")
        compare(snapshot, recorded(PINNED))


@given(
    st.recursive(
        st.none() | st.integers() | words, lambda v: st.dictionaries(words, v) | st.lists(v)
    )
)
def test_any_json_in_any_place_is_refused_or_read(value: Any) -> None:
    for key in ("functions", "provenance", "facts", "creations"):
        with suppress(InputError, CannotTest):
            read.parse(altered(**{key: value}).encode(), "x.json")
    for name in OF_FUNCTIONS:
        with suppress(InputError, CannotTest):
            read.parse(with_fact(**{name: value}).encode(), "x.json")


def test_kinds_are_told_by_content() -> None:
    lspci = recorded_text(PINNED).encode()
    assert version.is_snapshot(TEXT.encode())
    assert pasted.is_lspci(lspci)
    assert pasted.is_lspci(b"")
    assert not version.is_snapshot(lspci)
    assert not pasted.is_lspci(TEXT.encode())
    assert not version.is_snapshot(b"machine: pc\ndevices: []\n")
    assert not pasted.is_lspci(b"machine: pc\ndevices: []\n")


def test_a_text_without_bridges_says_that_paths_are_open() -> None:
    snapshot = lspci_text.parse(taken(recorded_text("qemu-7.2_q35-many"), "-nn").encode(), "x")
    for placed in snapshot.functions:
        assert placed.path_is_read is (placed.address.bus == 0)

    assert compare(snapshot, snapshot).changes == ()
    moved = replace(
        snapshot.functions[-1],
        function=replace(snapshot.functions[-1].function, address=GuestAddress(0, 200, 3, 0)),
        path=TopologyPath(200, ((3, 0),)),
    )
    changes = compare(
        snapshot, replace(snapshot, functions=(*snapshot.functions[:-1], moved))
    ).changes
    assert [(c.kind, c.field, c.after) for c in changes] == [
        ("moved", "guest address", "0000:c8:03.0")
    ]


def test_an_empty_text_is_nothing_to_hold_anything_against() -> None:
    with pytest.raises(CannotTest, match="lists no PCI function") as error:
        lspci_text.parse(b"\n", "x.txt")
    assert (error.value.exit_code, str(error.value.place)) == (3, "x.txt:1")
    with pytest.raises(InputError) as bad:
        lspci_text.parse(b"00:03.0 Ethernet [0200]: X [8086:100e]\n00: 11\n", "x.txt")
    assert (bad.value.exit_code, str(bad.value.place)) == (2, "x.txt:2")
