"""lspci's text without all of its bytes: what it tells is true, and it tells what it can."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import CannotTest
from pciabi.pci import headings, listing, lspci
from pciabi.pci.config_space import decode
from pciabi.pci.facts import UNREAD, Facts
from pciabi.pci.function import ROM, PciFunction, all_bits
from tests.unit.strategies import RECORDINGS, recorded_text

HEX = re.compile(r"^([0-9a-f]{2,3}): .*\n", re.MULTILINE)
FORMS = ("-vvnn", "-nn", "-n", "-x", "-nnx", "-xxx", "-nnxxx", "-vvnnx", "-vvnnxxx")


def taken(text: str, form: str) -> str:
    """The text as lspci prints it with these options, made from that with all of them."""
    if "v" not in form:
        text = re.sub(r"^\t.*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r" \(prog-if .*\)$", "", text, flags=re.MULTILINE)
    if form == "-n":
        text = re.sub(
            r"^(\S+) .*\[(....)\]: .*\[(....:....)\]( .*)?$", r"\1 \2: \3\4", text, flags=re.M
        )
    shown = {0: 0, 1: 64, 3: 256}[form.count("x")]
    return HEX.sub(lambda row: row[0] if int(row[1], 16) < shown else "", text)


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("form", FORMS)
def test_what_is_told_is_true(name: str, form: str) -> None:
    real = {function.address: function for function in listing.parse(recorded_text(name))}
    found = listing.parse(taken(recorded_text(name), form))

    assert [function.address for function in found] == list(real)
    for function in found:
        truth = real[function.address].config.ljust(len(function.config), b"\0")
        known = function.known
        told = [(i, c & k) for i, (c, k) in enumerate(zip(function.config, known, strict=True))]
        assert told == [(i, truth[i] & known[i]) for i in range(len(known))]
        assert all(byte & ~mask == 0 for byte, mask in zip(function.config, known, strict=True))
        ids = [(0x00, 0xFFFFFFFF), (0x08, 0xFFFF00FF)]
        assert all(function.was_read(offset, 4, mask) for offset, mask in ids)


@pytest.mark.parametrize("name", RECORDINGS)
def test_detailed_text_tells_everything_it_prints(name: str) -> None:
    real = {function.address: function for function in listing.parse(recorded_text(name))}

    for function in listing.parse(taken(recorded_text(name), "-vvnn")):
        truth = real[function.address]
        # The size of a video ROM's shadow copy is not the ROM's.
        shadow = "Expansion ROM at 000c0000" in function.text
        assert function.facts == truth.facts.having(ROM, UNREAD if shadow else truth.rom_size)
        assert [(c.offset, c.id, c.version) for c in decode(function.config).capabilities] == [
            (c.offset, c.id, c.version) for c in decode(truth.config).capabilities
        ]


def test_whole_recordings_leave_nothing_open() -> None:
    for name in RECORDINGS:
        assert all(function.is_whole for function in listing.parse(recorded_text(name)))


def at(text: str, address: str, form: str) -> PciFunction:
    found = listing.parse(taken(text, form))
    return next(f for f in found if str(f.address) == f"0000:{address}")


def test_a_short_dump_of_an_express_function_leaves_extended_space_open() -> None:
    q35, pc = recorded_text("qemu-7.2_q35-many"), recorded_text("qemu-7.2_pc-many")
    e1000e = next(str(f.address)[5:] for f in listing.parse(q35) if f.config[2:4] == b"\xd3\x10")
    short = at(q35, e1000e, "-nnxxx")
    assert (len(short.config), short.was_read(0x100, 4, 1)) == (4096, False)
    # The text names the extended capabilities that the dump leaves out.
    assert at(q35, e1000e, "-vvnnxxx").was_read(0x100, 4, 0xFFFFFFFF)
    # On i440fx there is no extended space to read.
    assert all(f.is_whole for f in listing.parse(taken(pc, "-nnxxx")))


ONE = "00:03.0 Ethernet controller [0200]: X [8086:100e] (rev 03)\n"
DENIED = (
    ONE + "\tFlags: bus master\n\tCapabilities: <access denied>\n\tKernel driver in use: e1000\n"
)


def test_what_a_caller_without_rights_sees() -> None:
    (function,) = listing.parse(DENIED)

    assert function.driver == "e1000"
    assert not function.was_read(0x06, 2, 0x10)
    assert not function.was_read(0x2C, 4, 0xFFFFFFFF)


def test_a_short_line_leaves_open_what_it_does_not_print() -> None:
    (function,) = listing.parse(ONE)

    assert function.config[:4] + function.config[8:12] == b"\x86\x80\x0e\x10\x03\x00\x00\x02"
    assert not function.was_read(0x09, 1, 0xFF)
    assert not function.was_read(0x2C, 4, 0xFF)
    assert function.facts == Facts()


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("", None, "lists no PCI function"),
        ("00:03.0 Ethernet controller: Intel\n", 1, "no ids in .*take it with -nn"),
        (ONE + ONE, 2, "lists 0000:00:03.0 twice"),
        (ONE + "00: 86 80\n", 2, "holds 2 bytes, not 16"),
        (ONE + "00:" + " 11" * 16 + "\n", 1, "holds 16 bytes of configuration space"),
        (ONE + "pcilib: oops\n", 2, "neither text nor a hex row"),
        (
            DENIED.replace("<access denied>", "[41] MSI: Enable- Count=1/1 Maskable- 64bit+"),
            3,
            "impossible places",
        ),
    ],
)
def test_bad_text_is_one_error_with_its_line(text: str, line: int | None, complaint: str) -> None:
    with pytest.raises(CannotTest, match=complaint) as error:
        listing.parse(text)

    assert (error.value.place.line if error.value.place else None) == line


@given(st.text(alphabet="\t\n 0123456789abcdef:.[]()-+Capabilities MSIv", max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for beginning in ("", ONE, DENIED, ONE + "\tFlags: x\n\tCapabilities: ["):
        with suppress(CannotTest):
            for function in listing.parse(beginning + text):
                decode(function.config)


def chained(numbers: range, *, extended: bool) -> bytes:
    """A function with one capability of each id, empty and evenly spread."""
    config = bytearray(4096)
    config[0:4], config[6], config[0x0B] = b"\x36\x1b\x01\x00", 0x10, 0x02
    start, step = (0x100, 0x40) if extended else (0x40, 8)
    config[0x34] = 0x80 if extended else start
    config[0x80:0x84] = b"\x10\x00\x02\x00" if extended else bytes(4)
    for place, number in enumerate(numbers):
        offset = start + step * place
        following = offset + step if number != numbers[-1] else 0
        if extended:
            config[offset : offset + 4] = (following << 20 | 1 << 16 | number).to_bytes(4, "little")
        else:
            config[offset : offset + 2] = bytes([number, following])
    return bytes(config)


@pytest.mark.parametrize(
    ("numbers", "extended"),
    [
        (range(0x0C), False),
        (range(0x0C, 0x18), False),
        (range(1, 0x1A), True),
        (range(0x1A, 0x35), True),
    ],
)
def test_every_heading_the_real_lspci_prints_is_known(
    numbers: range, extended: bool, tmp_path: Path
) -> None:
    (one,) = listing.parse(ONE)
    config = chained(numbers, extended=extended)
    file = tmp_path / "dump"
    chain = replace(one, config=config, known=all_bits(config), text="00:03.0 x")
    file.write_text(lspci.dump([chain]))
    shown = subprocess.run(
        ["lspci", "-F", str(file), "-nn", "-vvv"], check=True, capture_output=True, text=True
    ).stdout

    told = re.findall(r"^\tCapabilities: \[(\w+)(?: v\d+)?\] (.*)$", shown, re.MULTILINE)
    found = {
        int(offset, 16): headings.capability_id(heading, extended=extended)
        for offset, heading in told
        if (int(offset, 16) >= 0x100) is extended
    }
    # Both ids of the Virtual Channel capability print the same.
    assert found == {
        (0x100 + 0x40 * i if extended else 0x40 + 8 * i): None
        if extended and number in (0x02, 0x09)
        else number
        for i, number in enumerate(numbers)
    }
