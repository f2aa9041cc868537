"""A QEMU command as it was found in a text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pciabi.errors import SourcePosition
from pciabi.vm.command_line.argument import Argument, Unresolved
from pciabi.vm.command_line.option import Manner


@dataclass(frozen=True)
class Found:
    """A QEMU command: its program (None where a script holds options only), its arguments, and
    where the function was called that it stands in."""

    program: Argument | None
    arguments: tuple[Argument, ...]
    called_at: SourcePosition | None = field(default=None, compare=False)
    manner: Manner = field(default=Manner.WRITTEN, compare=False)


def unread(word: Argument, at: int, end: int, reason: str) -> Found:
    """What may start a QEMU and is not followed: one option that the text leaves open."""
    named = word.slice(at, end)
    open_part = Unresolved(0, len(named.text), named.text, reason)
    return Found(None, (replace(named, unresolved=(open_part,)),), manner=Manner.UNREAD)
