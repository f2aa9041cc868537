"""The commands within a word: what `$(…)`, `<(…)` and backquotes run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pciabi.vm.command_line.may_start_qemu import program_in_text
from pciabi.vm.command_line.shell_lexer import Expansion, Token, Word, tokens_between, tokens_in
from pciabi.vm.command_line.source import Source

# What may start a QEMU: its name, an option of its own, or a variable as the first word.
_WORTH_A_LOOK = re.compile(
    r"qemu|kvm|(?<![\w-])--?(?:device|machine|M|netdev|drive|nic|net|nodefaults)(?![\w-])"
    r"|[(;|&\n{`][ \t\n]*(?:[a-z]+[ \t]+)?[\"']?\$",
    re.IGNORECASE,
)


def substitutions(source: Source, word: Word) -> Iterator[tuple[int, tuple[Token, ...]]]:
    """Where each begins that may start a QEMU, and its tokens. Raises InputError."""
    for element in word.array or ():
        yield from substitutions(source, element)
    for part in word.parts:
        if not isinstance(part, Expansion) or part.name is not None:
            continue
        text = part.source
        if _WORTH_A_LOOK.search(text) is None:
            continue
        if text.startswith("`"):
            if program_in_text(text) is not None:
                start, end = part.offset + 1, part.offset + len(text) - 1
                yield part.offset, tokens_between(source, start, end)
        elif text.startswith(("$(", "<(", ">(")) and not text.startswith("$(("):
            yield part.offset, tokens_in(source, part.offset + 2, until=")")
