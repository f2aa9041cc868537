"""Firmware in the place of a QEMU's own: what a file is, and what is looked into first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pciabi.errors import InputError, QemuError
from pciabi.qemu import firmware_choice
from pciabi.qemu.binary import Binary

SEABIOS = bytes(1 << 12) + b"SeaBIOS (version 1.16.2)\0" + bytes(1 << 12)
VOLUME = bytes(0x28) + b"_FVH" + bytes(1 << 12)


def no_qemu(words: str) -> Binary:
    raise QemuError(f"no QEMU {words}")


def binary(command: tuple[str, ...], root: Path = Path("/")) -> Binary:
    return Binary("q", command, root, (7, 2, 0), "QEMU emulator version 7.2.0 (Debian 1:7.2)")


def test_a_file_of_seabios_comes_before_the_qemus_own(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(SEABIOS)
    choice = firmware_choice.choose(str(tmp_path / "other.bin"), no_qemu)
    assert choice.roms is not None
    # Whichever a machine type asks for.
    for name in ("bios-256k.bin", "bios.bin"):
        assert (choice.roms / name).read_bytes() == SEABIOS
    own = binary(("ld.so", "qemu", "-L", "/own"))
    roms = str(choice.roms)
    assert choice.under(own).command == ("ld.so", "qemu", "-L", roms, "-L", "/own")
    assert choice.under(binary(("qemu",))).command == ("qemu", "-L", roms)
    assert choice.seabios().startswith("bios-256k.bin sha256 ")
    with pytest.raises(InputError, match="is SeaBIOS, and this VM runs UEFI"):
        choice.uefi("pc-q35-7.2")


def test_code_of_uefi_goes_with_the_variables_beside_it(tmp_path: Path) -> None:
    code = tmp_path / "OVMF_CODE_4M.fd"
    code.write_bytes(VOLUME)
    with pytest.raises(InputError, match=r"put OVMF_VARS_4M\.fd beside it"):
        firmware_choice.choose(str(code), no_qemu)
    (tmp_path / "OVMF_VARS_4M.fd").write_bytes(VOLUME)
    choice = firmware_choice.choose(str(code), no_qemu)
    uefi = choice.uefi("pc-q35-7.2")
    assert uefi.flash.code.path == str(code)
    assert uefi.flash.variables is not None
    assert uefi.flash.variables.path == str(tmp_path / "OVMF_VARS_4M.fd")
    assert choice.label(uefi) == f"{uefi.label} of {code}"
    assert choice.under(binary(("qemu",))).command == ("qemu",)
    with pytest.raises(InputError, match="is a UEFI build, and this VM runs SeaBIOS"):
        choice.seabios()


def test_a_whole_uefi_build_keeps_its_variables_itself(tmp_path: Path) -> None:
    (tmp_path / "OVMF.fd").write_bytes(VOLUME)
    assert (
        firmware_choice.choose(str(tmp_path / "OVMF.fd"), no_qemu).uefi("pc").flash.variables
        is None
    )


@pytest.mark.parametrize("content", [b"", b"x", bytes(1 << 16), b"SeaBIOS"])
def test_another_file_is_no_firmware(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError, match=r"no firmware|neither SeaBIOS nor"):
        firmware_choice.choose(str(tmp_path / "file"), no_qemu)


def test_of_a_qemu_all_that_seabios_brings_is_taken_its_first_folder_before_others(
    tmp_path: Path,
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "vgabios-cirrus.bin").write_text(folder.name)
        (folder / "efi-e1000.rom").write_text("of another package")
    (second / "bios-256k.bin").write_bytes(SEABIOS)
    qemu = tmp_path / "qemu"
    qemu.write_text(f"#!/bin/sh\necho {first}\necho {second}\n")
    qemu.chmod(0o755)
    found = binary((str(qemu),), tmp_path)
    choice = firmware_choice.choose(str(qemu), lambda _: found)
    assert choice.roms is not None
    assert {file.name for file in choice.roms.iterdir()} == {"bios-256k.bin", "vgabios-cirrus.bin"}
    assert (choice.roms / "vgabios-cirrus.bin").read_text() == "first"
    assert choice.qemu == found
    (second / "bios-256k.bin").unlink()
    with pytest.raises(QemuError, match=r"has no bios-256k\.bin or bios\.bin"):
        firmware_choice.choose(str(qemu), lambda _: replace(found, name="other"))
