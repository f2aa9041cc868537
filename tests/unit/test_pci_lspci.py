"""lspci's text, read and written."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import CannotTest
from pciabi.pci import listing, lspci
from pciabi.pci.function import Bar, BarKind, PciFunction, all_bits
from tests.unit.strategies import RECORDINGS, functions, recorded_text

ROWS = "".join(f"{offset:02x}:{' 11' * 16}\n" for offset in range(0, 64, 16))
ONE = f"0000:00:03.0 Ethernet controller [0200]: X [8086:100e]\n\tSubsystem: X\n{ROWS}"


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_read_whole_and_written_back(name: str) -> None:
    text = recorded_text(name)
    found = listing.parse(text)

    assert len(found) == sum(line.startswith("0000:") for line in text.splitlines())
    assert listing.parse(lspci.dump(found)) == found
    # Nothing of the text is lost: what was written back differs in blank lines at most.
    assert lspci.dump(found).split() == text.split()


@given(functions)
def test_dump_and_parse_are_inverse(some: list[PciFunction]) -> None:
    read = listing.parse(lspci.dump(some))

    # Some of them may go on where the dump ends: that is left open.
    wanted = {f.address: f.config for f in some}
    assert [f.address for f in read] == sorted(wanted)
    for function in read:
        config = wanted[function.address]
        assert function.config[: len(config)] == config
        assert function.known == all_bits(config).ljust(len(function.config), b"\0")


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("with_text", [True, False])
def test_the_real_lspci_reads_what_dump_writes(name: str, with_text: bool, tmp_path: Path) -> None:
    known = listing.parse(recorded_text(name))
    written = known if with_text else [replace(function, text="") for function in known]
    file = tmp_path / "dump"
    file.write_text(lspci.dump(written))

    shown = subprocess.run(
        ["lspci", "-F", str(file), "-D", "-nn", "-vvv", "-xxxx"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    read = listing.parse(shown)
    assert [(f.address, f.config) for f in read] == [(f.address, f.config) for f in known]


@pytest.mark.parametrize(
    ("wording", "bar"),
    [
        ("I/O ports at c000 [size=64]", Bar(0, BarKind.IO, False, 64)),
        ("I/O ports at <unassigned> [disabled]", Bar(0, BarKind.IO, False, None)),
        (
            "Memory at febc0000 (32-bit, non-prefetchable) [size=128K]",
            Bar(0, BarKind.MEM32, False, 128 << 10),
        ),
        (
            "Memory at fe000000 (64-bit, prefetchable) [disabled] [size=16M]",
            Bar(0, BarKind.MEM64, True, 16 << 20),
        ),
        (
            "Memory at <unassigned> (64-bit, prefetchable) [size=32G]",
            Bar(0, BarKind.MEM64, True, 32 << 30),
        ),
        (
            "Memory at <ignored> (low-1M, non-prefetchable)",
            Bar(0, BarKind.MEM16, False, None),
        ),
        ("[enhanced] Memory at 0 (32-bit, prefetchable) [size=1]", Bar(0, BarKind.MEM32, True, 1)),
        ("Memory at fe000000 (64-bit, prefetchable) [virtual] [size=16K]", None),
        ("[virtual] Memory at 000001f0 (32-bit, non-prefetchable) [size=8]", None),
    ],
)
def test_regions_are_read_as_printed(wording: str, bar: Bar | None) -> None:
    text = ONE.replace("\tSubsystem: X", f"\tRegion 0: {wording}")

    assert listing.parse(text)[0].bars == (() if bar is None else (bar,))


def test_what_only_the_kernel_made_up_is_left_out() -> None:
    legacy = ROWS.replace("10: 11 11 11 11", "10: 00 00 00 00")
    text = ONE.replace(ROWS, legacy).replace(
        "\tSubsystem: X",
        "\tRegion 0: I/O ports at 01f0 [size=8]\n"
        "\tExpansion ROM at 000c0000 [virtual] [disabled] [size=128K]\n"
        "\tKernel driver in use: ata_piix",
    )
    function = listing.parse(text)[0]

    assert (function.bars, function.rom_size, function.driver) == ((), None, "ata_piix")


@pytest.mark.parametrize("prefix", ["", "[virtual] "])
def test_rom_size(prefix: str) -> None:
    rom = f"\t{prefix}Expansion ROM at feb80000 [disabled] [size=256K]"
    assert listing.parse(ONE.replace("\tSubsystem: X", rom))[0].rom_size == 256 << 10


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "lists no PCI function"),
        ("\n\n", "lists no PCI function"),
        ("0000:00:03.0 X\n", "no ids in '0000:00:03.0 X'"),
        (ONE[: ONE.index("30:")], "48 bytes of configuration space"),
        (ONE.rstrip()[:-3], "holds 15 bytes, not 16"),
        (ONE.replace("20:", "30:"), "out of order: expected offset 20"),
        (ONE + ONE, "lists 0000:00:03.0 twice"),
        (ONE.replace("20: 11", "20: zz"), "is neither text nor a hex row"),
        ("pcilib: cannot open\n" + ONE, "lspci output:1: .* comes before the first device"),
        (ONE.replace("\tSub", "\tRegion 0: Something else\n\tSub"), "words lspci does not use"),
        (ONE.replace("\tSub", "\tRegion 6: I/O ports at 0\n\tSub"), "at most 6"),
        (
            ONE.replace("\tSub", "\tRegion 0: I/O ports at 1\n" * 2 + "\tSub"),
            "lists region 0 of 0000:00:03.0 twice",
        ),
    ],
)
def test_bad_text_is_one_clear_error(text: str, complaint: str) -> None:
    with pytest.raises(CannotTest, match=complaint) as error:
        listing.parse(text)
    assert "\n" not in str(error.value)


def test_serial_line_ends_do_no_harm() -> None:
    assert listing.parse(ONE.replace("\n", "\r\n")) == listing.parse(ONE)


@given(st.text(alphabet="\t\n 0123456789abcdef:.[]RegionMemory", max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(CannotTest):
        listing.parse(text)
