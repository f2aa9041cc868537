"""What ELF files say about themselves: libraries they need, modules they need, boot notes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection
from elftools.elf.segments import InterpSegment, NoteSegment

_MAGIC = b"\x7fELF"
# What the library raises where numbers in a file lead nowhere.
_DAMAGED = (ELFError, ArithmeticError, AttributeError, LookupError, MemoryError, TypeError)
_PHYS32_ENTRY = "18"  # XEN_ELFNOTE_PHYS32_ENTRY, xen/include/public/elfnote.h


@dataclass(frozen=True)
class Needs:
    """What the dynamic linker must find: the interpreter's path, library names, and where
    else to look for them (RPATH, RUNPATH). `machine` is ELF's name of the processor, such as
    `EM_X86_64`."""

    interpreter: str | None
    libraries: tuple[str, ...]
    folders: tuple[str, ...]
    machine: str


def is_elf(data: bytes) -> bool:
    """Whether these bytes begin an ELF file."""
    return data.startswith(_MAGIC)


def needs(data: bytes) -> Needs:
    """What a program or a library needs at run time. Raises ValueError if it is not ELF, or
    damaged."""
    try:
        return _needs(_open(data))
    except _DAMAGED as error:
        raise ValueError(f"a damaged ELF file: {error}") from error


def _needs(elf: ELFFile) -> Needs:
    interpreter = None
    for segment in elf.iter_segments():
        if isinstance(segment, InterpSegment):
            interpreter = segment.get_interp_name()
    entries = [
        (tag.entry.d_tag, tag)
        for section in elf.iter_sections()
        if isinstance(section, DynamicSection)
        for tag in section.iter_tags()
    ]
    libraries = _strings(entries, "DT_NEEDED")
    folders = [
        folder
        for text in _strings(entries, "DT_RUNPATH") + _strings(entries, "DT_RPATH")
        for folder in text.split(":")
    ]
    return Needs(interpreter, tuple(libraries), tuple(folders), str(elf["e_machine"]))


def module_dependencies(data: bytes) -> tuple[str, ...]:
    """The kernel modules a module needs first (its `depends=`). Raises ValueError."""
    section = _open(data).get_section_by_name(".modinfo")
    if section is None:
        raise ValueError("no .modinfo section: not a kernel module")
    for field in section.data().split(b"\0"):
        key, _, value = field.partition(b"=")
        if key == b"depends":
            return tuple(name for name in value.decode().split(",") if name)
    return ()


def has_pvh_entry(data: bytes) -> bool:
    """Whether a kernel can be started through PVH (its XEN_ELFNOTE_PHYS32_ENTRY note)."""
    elf = _open(data)
    notes = [
        *(
            note
            for s in elf.iter_segments()
            if isinstance(s, NoteSegment)
            for note in s.iter_notes()
        ),
        *(
            note
            for s in elf.iter_sections()
            if isinstance(s, NoteSection)
            for note in s.iter_notes()
        ),
    ]
    return any(note["n_name"] == "Xen" and str(note["n_type"]) == _PHYS32_ENTRY for note in notes)


def _strings(entries: Sequence[tuple[str, object]], kind: str) -> list[str]:
    # pyelftools names the attribute that holds the string after the tag.
    attribute = kind.removeprefix("DT_").lower()
    return [str(getattr(tag, attribute)) for name, tag in entries if name == kind]


def _open(data: bytes) -> ELFFile:
    try:
        return ELFFile(io.BytesIO(data))
    except ELFError as error:
        raise ValueError(f"not an ELF file: {error}") from error
