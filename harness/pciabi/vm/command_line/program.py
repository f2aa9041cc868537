"""Which word of a command names QEMU."""

from __future__ import annotations

import re

from pciabi.vm.command_line.argument import Argument

_QEMU = re.compile(
    r"(.*/)?(qemu-system-[A-Za-z0-9_]+(-spice|-headless)?|qemu-kvm(-spice)?|kvm(-spice)?"
    r"|(?<=/)qemu)(-\d[\w.]*)?(\.exe|\.bin|\.real)?",
    re.DOTALL,
)
# `QEMU=/usr/bin/qemu-system-x86_64` sets a variable, though its end looks like a program.
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=", re.ASCII)
_NAMED = re.compile(r"qemu|kvm", re.IGNORECASE)
_FOREIGN = re.compile(r"(.*/)?qemu-system-(?!x86_64|i386).*", re.DOTALL)


def is_qemu(word: Argument) -> bool:
    """Whether the word, read to its end, names a QEMU system emulator."""
    return not word.unresolved and _names_qemu(word.text)


def _names_qemu(text: str) -> bool:
    return _QEMU.fullmatch(text) is not None and _ASSIGNMENT.match(text) is None


def may_be_qemu(word: Argument) -> bool:
    """Whether the word names QEMU in a folder that is not known (`$ROOT/qemu-system-x86_64`), or
    is a variable that by its name holds QEMU's program (`$QEMU_BIN`)."""
    if not word.unresolved:
        return False
    name = word.text.rfind("/") + 1
    in_a_folder = _QEMU.fullmatch(word.text[name:]) and not word.unresolved_in(name, len(word.text))
    return bool(in_a_folder) or any(_NAMED.search(part.source) for part in word.unresolved)


def is_foreign(word: Argument) -> bool:
    """Whether the word names an emulator of something that is no PC."""
    return is_qemu(word) and _FOREIGN.fullmatch(word.text) is not None
