"""Which word of a command names QEMU."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pciabi.vm.command_line.argument import Argument

# `qemu` alone is a folder or a package, unless a folder stands in front of it.
_NAMES = (
    r"(?:qemu-system-[A-Za-z0-9_]+(?:-[\w.+-]*)?|qemu-kvm(?:-spice)?|kvm(?:-spice)?|(?<=/)qemu)"
    r"(?:-\d[\w.]*)?(?:\.exe|\.bin|\.real)?"
)
IN_TEXT = rf"(?:(?<![\w.-])(?:{_NAMES})(?![\w.-]))"
"""What names QEMU's program in a text, its folder left out: a regular expression. All that look
for one in a text take it from here; `is_qemu` says of a word whether it is one."""
_QEMU = re.compile(rf"(.*/)?(?:{_NAMES})", re.DOTALL)
# `QEMU=/usr/bin/qemu-system-x86_64` sets a variable, though its end looks like a program.
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=", re.ASCII)
# Programs that start another.
_STARTERS = {
    "sudo",
    "doas",
    "env",
    "exec",
    "nice",
    "ionice",
    "taskset",
    "numactl",
    "chrt",
    "setsid",
}
_STARTERS |= {"nohup", "stdbuf", "command", "unshare", "ip", "screen", "tmux", "setpriv", "timeout"}
_STARTERS |= {"prlimit", "gdb", "strace", "perf", "systemd-run", "setarch", "cgexec"}
_SHELLS = {"sh", "bash", "dash", "ksh", "mksh", "zsh", "ash", "ssh"}
_NAMED = re.compile(r"qemu|kvm", re.IGNORECASE)
_SYSTEM = "qemu-system-"
_ARCHITECTURE = re.compile(r"qemu-system-([A-Za-z0-9_]+)")
_X86 = ("x86_64", "i386")


def is_qemu(word: Argument) -> bool:
    """Whether the word, read to its end, names a QEMU system emulator."""
    return not word.unresolved and _names_qemu(word.text)


def _names_qemu(text: str) -> bool:
    return _QEMU.fullmatch(text) is not None and _ASSIGNMENT.match(text) is None


def runs_texts(name: str | None) -> bool:
    """Whether a program of that name runs what it reads as a script."""
    return name is not None and name.rpartition("/")[2] in _SHELLS


def may_be_qemu(word: Argument) -> bool:
    """Whether the word names QEMU in a folder that is not known (`$ROOT/qemu-system-x86_64`) or
    for an architecture that is not (`qemu-system-$ARCH`), or is a variable that by its name holds
    QEMU's program (`$QEMU_BIN`)."""
    if not word.unresolved:
        return False
    name = word.text[_name_start(word) :]
    in_a_folder = _QEMU.fullmatch(name) and not may_be_foreign(word)
    return bool(in_a_folder) or _of_some_architecture(word) or _is_named_so(word)


def name_of(word: Argument) -> str:
    """The name of the file that a word names, without its folder."""
    return word.text[_name_start(word) :]


def is_assignment(word: Argument) -> bool:
    """Whether the word sets a variable for the command behind it."""
    return _ASSIGNMENT.match(word.text) is not None


def may_start_it(word: Argument) -> bool:
    """Whether the word names a program that starts another one, such as `sudo`."""
    return not word.unresolved and word.text[_name_start(word) :] in _STARTERS


def in_words(words: Sequence[Argument]) -> int | None:
    """Which of the words is QEMU's program, None for none.

    `sudo -u kvm`, `modprobe kvm`: QEMU is followed by an option, or by what may hold some where
    nothing but options stands before it.
    """
    if [word.text for word in words[:2]] in (["command", "-v"], ["command", "-V"]):
        return None
    for at, word in enumerate(words[:-1]):
        if is_qemu(word) or may_be_qemu(word):
            behind = words[at + 1]
            directly = all(_is_no_operand(before) for before in words[1:at])
            if behind.text.startswith("-") or (behind.splits and directly):
                return at
    return None


def _is_no_operand(word: Argument) -> bool:
    is_option = word.text.startswith("-")
    return is_option or may_start_it(word) or is_assignment(word)


def find(words: Sequence[Argument]) -> int | None:
    """Which word of a command is QEMU's program: the first, or one that the first starts."""
    if not words:
        return None
    if is_qemu(words[0]):
        return 0
    starts = words[0].unresolved or may_start_it(words[0])
    return in_words(words) if starts else None


def _name_start(word: Argument) -> int:
    """Where the file's name begins; a slash within `$(…)` is none of the path's."""
    return next(
        (
            at + 1
            for at in range(len(word.text) - 1, -1, -1)
            if word.text[at] == "/" and word.unresolved_in(at, at + 1) is None
        ),
        0,
    )


def _of_some_architecture(word: Argument) -> bool:
    start = _name_start(word)
    end = start + len(_SYSTEM)
    return word.text[start:end] == _SYSTEM and word.unresolved_in(start, end) is None


def _is_named_so(word: Argument) -> bool:
    return any(_NAMED.search(part.source) for part in word.unresolved)


def is_foreign(word: Argument) -> bool:
    """Whether the word names an emulator of something that is no PC."""
    return _architecture(word) not in (None, *_X86)


def is_x86(word: Argument) -> bool:
    """Whether the word names an emulator of a PC for certain: `kvm` may be one of the host's."""
    return _architecture(word) in _X86


def may_be_foreign(word: Argument) -> bool:
    """Whether the word leaves open which architecture it emulates, and says that it does."""
    start = _name_start(word)
    return word.unresolved_in(start, len(word.text)) is not None


def _architecture(word: Argument) -> str | None:
    """The architecture in the program's name, None where it says none or leaves it open."""
    if may_be_foreign(word):
        return None
    match = _ARCHITECTURE.match(word.text[_name_start(word) :])
    return match[1] if match is not None else None
