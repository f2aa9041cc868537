"""`addr=` in the forms in which QEMU takes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pciabi.vm import reading
from pciabi.vm.pci_vm import PciDevice, Pinning, Place
from pciabi.vm.qemu_machine import vm


def device(argument: str) -> PciDevice:
    script = f"qemu-system-x86_64 -nodefaults -M pc -device '{argument}'\n"
    (line,) = reading.read_all(Path("vm.sh"), raw=script.encode())
    (found,) = vm(line).devices
    return found


# Read off QEMU 7.2: tests/real/test_lint_qemu.py asks it again.
@pytest.mark.parametrize(
    ("addr", "slot", "function"),
    [
        (40, 5, 0),
        (24, 3, 0),
        (47, 5, 7),
        (0, 0, 0),
        (255, 31, 7),
        (256, 32, 0),
        ("40", 0x40, 0),
        ("0x5.1", 5, 1),
        (" 5", 5, 0),
        ("5.0x1", 5, 1),
        ("0x0005", 5, 0),
    ],
)
def test_a_number_in_json_is_slot_and_function_in_one(
    addr: int | str, slot: int, function: int
) -> None:
    found = device(json.dumps({"driver": "e1000", "addr": addr}))
    assert found.place == Place("pci.0", slot, function)


@pytest.mark.parametrize(
    ("addr", "pinning"),
    [
        (-1, Pinning.UNPINNED),
        (-2, Pinning.UNKNOWN),
        (40.0, Pinning.UNKNOWN),
        (True, Pinning.UNKNOWN),
        ("5.", Pinning.UNKNOWN),
    ],
)
def test_what_is_no_place(addr: float | str, pinning: Pinning) -> None:
    assert device(json.dumps({"driver": "e1000", "addr": addr})).pinning is pinning


def test_minus_one_as_text_is_no_place_either() -> None:
    assert device("e1000,addr=-1").pinning is Pinning.UNKNOWN
