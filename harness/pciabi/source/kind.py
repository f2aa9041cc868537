"""What a file is that a user names as something to read hardware from: told by its content."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from pciabi.bounded_files import read_limited
from pciabi.errors import InputError, SourcePosition
from pciabi.scenario_files import SUFFIX
from pciabi.snapshots import version
from pciabi.source import pasted
from pciabi.vm import formats
from pciabi.vm.command_line.argument import plain
from pciabi.vm.command_line.program import is_qemu

# What may follow the name of a program: an option, or where a script keeps them.
_PROGRAM = re.compile(r"([^\s\"'=;|&()`\0]+)[\s\0\\]+[-\"'$]")
_FIRST_CHARACTERS = 200_000
_READ = {"qemu", "scenario"}
_NAMES = {"libvirt": "libvirt XML", "kubevirt": "KubeVirt", "proxmox": "Proxmox"}
_SCENARIO_KEYS = (b"machine:", b"devices:", b"steps:", b"matrix:", b"summary:", b"image:")


class Kind(StrEnum):
    """What a file holds: a reading of hardware, or the configuration of a VM to be read."""

    SNAPSHOT = "snapshot"
    LSPCI = "text of lspci"
    SCENARIO = "scenario"
    COMMAND_LINE = "QEMU command line"

    @property
    def is_recorded(self) -> bool:
        """Whether the hardware was read already."""
        return self in (Kind.SNAPSHOT, Kind.LSPCI)


def content(path: Path) -> bytes:
    """The file's bytes, without the prompt in front of a pasted lspci.

    Raises InputError where it cannot be read or is too large.
    """
    return pasted.without_prompt(read_limited(path, version.MAX_BYTES))


def kind_of(path: Path, raw: bytes) -> Kind:
    """What the file holds. Raises InputError for something else."""
    if version.is_snapshot(raw):
        return Kind.SNAPSHOT
    if pasted.is_lspci(raw):
        return Kind.LSPCI
    if path.name.endswith(SUFFIX):
        return Kind.SCENARIO
    pasted.must_tell_ids(path, raw)
    text = raw[: 4 * _FIRST_CHARACTERS].decode("utf-8", "replace")[:_FIRST_CHARACTERS]
    known = formats.detect(formats.ConfigText(str(path), text))
    if known is not None and known.name not in _READ:
        name = _NAMES.get(known.name, known.title)
        raise _unknown(path, f", but {name}: `snapshot` does not read it (yet); `lint` does")
    if _has_scenario_keys(raw):
        return Kind.SCENARIO
    if b"qemu" in raw or raw.lstrip().startswith((b"-", b"[")) or _names_qemu(text):
        return Kind.COMMAND_LINE
    raise _unknown(path, "")


def _unknown(path: Path, what: str) -> InputError:
    make = "`pciabi snapshot` makes a snapshot; lspci -nn -vvv -xxxx prints a text to save"
    return InputError(
        f"neither a snapshot, nor lspci's text, a scenario or a QEMU command line{what}",
        advice="" if what else make,
        place=SourcePosition(str(path), 1),
    )


def _names_qemu(text: str) -> bool:
    """Whether a word names QEMU's program, as those who read command lines see it."""
    return any(is_qemu(plain(match[1], "", 1)) for match in _PROGRAM.finditer(text))


def _has_scenario_keys(raw: bytes) -> bool:
    return any(line.startswith(_SCENARIO_KEYS) for line in raw.split(b"\n"))
