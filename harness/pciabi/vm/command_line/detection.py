"""Whether a text holds a QEMU command line, in whatever layout: told by what it names and by what
follows. A text that passes may still hold none; what is read of it decides."""

from __future__ import annotations

import re

from pciabi.vm.command_line.option_table import TAKES_ARGUMENT
from pciabi.vm.command_line.program import IN_TEXT

_FIRST_CHARACTERS = 200_000
# Options that a text of its own may begin with, or hold in an array: two of them are no chance.
_TELLING = re.compile(r"(?:^|[\s\"'(\0])--?(?:device|drive|netdev|machine|M|nic)(?:[\s\"'\0=]|$)")
# Its architecture, or all of it, may be in a variable.
_PROGRAM = rf"(?:{IN_TEXT}|qemu-system-\$\{{?\w+\}}?|\$\{{?\w*(?i:qemu|kvm)\w*\}}?)"
_NAMED = re.compile(IN_TEXT)
# The program with an option, a disk image or a variable behind it, on a line that is no comment.
_COMMAND = re.compile(
    rf"^(?![ \t]*(?:\#|//|;)).*?{_PROGRAM}[\"']?(?:[ \t\0]|\\\r?\n)++[\"']?"
    r"(?:--?[A-Za-z]|\$[A-Za-z_{@*]|[\w./${}-]++(?<=\.img|\.raw|\.iso|cow2|vmdk))",
    re.MULTILINE,
)
# The program alone on its line, and an option on the next.
_ARGUMENT_LIST = re.compile(rf"^[ \t]*(?:\S*/)?{IN_TEXT}[ \t]*\r?\n[ \t]*--?[A-Za-z]", re.MULTILINE)
# The program, or what starts it, in a variable; its options are elsewhere.
_ASSIGNED = re.compile(rf"^[ \t]*(?:[a-z]+[ \t]+)?\w+=.*?{IN_TEXT}", re.MULTILINE)
_ANY_OPTION = re.compile(r"(?:^|[\s\"'(])--?([A-Za-z][\w-]*)(?=[\s\"')]|$)")
_FIRST_WORD = re.compile(r"(?:[ \t]*(?:#.*)?\r?\n)*[ \t]*--?([A-Za-z][\w-]*)(?=\s|$)")


def is_command_line(text: str) -> bool:
    """Whether a text names QEMU's program together with what it is given, begins with an option
    of QEMU's, or holds two that tell."""
    options = _TELLING.findall(text[:_FIRST_CHARACTERS])
    if len(options) > 1 or _COMMAND.search(text) or _ARGUMENT_LIST.search(text):
        return True
    first = _FIRST_WORD.match(text)
    if first is not None and first[1] in TAKES_ARGUMENT:
        return True
    if options and _NAMED.search(text) is not None:
        return True
    return _ASSIGNED.search(text) is not None and any(
        match[1] in TAKES_ARGUMENT for match in _ANY_OPTION.finditer(text)
    )
