"""What a serial console shows, however it arrives: recorded from real firmware."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.guest.console import Console, after_screen_control

CLEARED = "\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H"
SHELL = "Fv(7CB8BDC9-F8EB-4F34-AAEA-3EE4AF6516A1)/FvFile(7C04A583-9E3E-4F1C-AD65-E05268D0B4D1)"
NOT_THE_DISK = (
    f'{CLEARED}BdsDxe: failed to load Boot0001 "UEFI Misc Device" from '
    "PciRoot(0x0)/Pci(0x2,0x0): Not Found\r\n"
)
COUNTDOWN = (
    f'{NOT_THE_DISK}BdsDxe: loading Boot0002 "EFI Internal Shell" from {SHELL}\r\n'
    f'BdsDxe: starting Boot0002 "EFI Internal Shell" from {SHELL}\r\n'
    "\x1b[2J\x1b[01;01H\x1b[01;01HUEFI Interactive Shell v2.2\r\nEDK II\r\n"
    "\x1b[07;01HPress \x1b[1m\x1b[37m\x1b[40mESC\x1b[0m\x1b[37m\x1b[40m in 1 seconds to skip "
    "\x1b[1m\x1b[33m\x1b[40mstartup.nsh\x1b[0m\x1b[37m\x1b[40m or any other key to continue."
)
# What the firmware in the name printed, and the fault that is.
RECORDED = {
    "SeaBIOS 1.16.2, an empty disk": (
        "\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version 1.16.2-debian-1.16.2-1)\r\n\n\n"
        "Booting from Hard Disk...\r\nBoot failed: not a bootable disk\r\n\n"
        "No bootable device.\r\n",
        "the firmware found nothing to boot: No bootable device",
    ),
    "OVMF 2022.11, an empty disk": (
        f"{COUNTDOWN}\r\n\x1b[08;01H\x1b[1m\x1b[33m\x1b[40mShell> \x1b[0m\x1b[37m\x1b[40m",
        "the firmware found nothing to boot and offers its Shell>",
    ),
    "OVMF 2022.11, a shell that may yet find a script": (COUNTDOWN, None),
    "OVMF 2025.02 without a shell, an empty disk": (
        f"{NOT_THE_DISK}BdsDxe: No bootable option or device was found.\r\n"
        "BdsDxe: Press any key to enter the Boot Manager Menu.\r\n",
        "the firmware found nothing to boot: No bootable option or device",
    ),
    "OVMF 2022.11, a kernel that is no EFI program": (
        f'{CLEARED}BdsDxe: failed to load Boot0001 "UEFI Non-Block Boot Device" from '
        "VenMedia(1428F772-B64A-441E-B8C3-9EBDD7F893C7): Not Found\r\n",
        "UEFI does not start the kernel, which must be a bzImage with an EFI stub: Not Found",
    ),
    "OVMF 2022.11, a kernel that starts": (f"{CLEARED}Linux version 6.1\r\n", None),
}


def console(pieces: Sequence[bytes]) -> Console:
    """A console that has read these pieces, one at a time."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        shown = Console(ours)
        for piece in pieces:
            theirs.sendall(piece)
            assert shown.read()
        return shown


@pytest.mark.parametrize("name", RECORDED)
@given(data=st.data())
def test_firmware_that_gives_up_is_noticed_however_it_arrives(
    name: str, data: st.DataObject
) -> None:
    text, fault = RECORDED[name]
    raw = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1), max_size=6)))
    ends = [0, *cuts, len(raw)]
    shown = console([raw[a:b] for a, b in pairwise(ends)])
    if fault is None:
        assert shown.fault is None
    else:
        assert shown.fault is not None
        assert shown.fault.startswith(fault)
    assert not set(shown.text) & {"\x1b", "\r", "\x08"}


def test_the_log_is_plain_text() -> None:
    text, _ = RECORDED["OVMF 2022.11, an empty disk"]
    lines = console([text.encode()]).text.splitlines()
    assert lines[0].startswith('BdsDxe: failed to load Boot0001 "UEFI Misc Device" from')
    assert lines[-1] == "Shell> "
    assert not any("[" in line for line in lines)


@given(st.text())
def test_a_guests_word_stands_behind_what_firmware_left_on_its_line(before: str) -> None:
    assert after_screen_control(f"{before}{CLEARED}pciabi-ready") == "pciabi-ready"
    plain = before.replace("\x1b", "")
    assert after_screen_control(plain) == plain
