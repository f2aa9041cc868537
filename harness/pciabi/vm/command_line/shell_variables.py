"""What a script's variables hold at a place in it, as far as reading alone can tell.

A value is known where its assignment is sure to have run: it stands in the same branch, loop
and function as the use, or further out. Nothing is guessed; everything else is a reason why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pciabi.errors import SourcePosition
from pciabi.vm.command_line.argument import Argument
from pciabi.vm.command_line.shell_syntax import Compound, Frame

Frames = tuple[Frame, ...]
POSITIONAL = "@"

_REPEATED = (Compound.LOOP, Compound.FUNCTION)


@dataclass(frozen=True)
class Unknown:
    """A variable's value cannot be told, and why."""

    reason: str


Value = tuple[Argument, ...]
"""What a variable holds: one argument, or the elements of an array."""


@dataclass(frozen=True)
class _Binding:
    """What a variable holds within `frames`.

    `added` are the elements it gained there beside what it held outside, None where it was
    replaced.
    """

    frames: Frames
    value: Value | Unknown
    added: Value | None
    place: SourcePosition


class Variables:
    """The assignments seen so far, in the order of the text.

    `later` are the frames of every assignment in the whole script, as (name, frames, order).
    """

    def __init__(self, later: Sequence[tuple[str, Frames, int]]) -> None:
        self._later: dict[str, list[tuple[Frames, int]]] = {}
        for name, frames, order in later:
            self._later.setdefault(name, []).append((frames, order))
        self._bindings: dict[str, list[_Binding]] = {}

    def lookup(self, name: str, frames: Frames, order: int) -> Value | Unknown:
        """What the variable holds for the command of number `order` in these frames."""
        if name == POSITIONAL and any(frame.kind is Compound.FUNCTION for frame in frames):
            return Unknown("the arguments of a function")
        if name == POSITIONAL and name not in self._bindings:
            return Unknown("the script's own arguments")
        extras: list[Argument] = []
        for binding in reversed(self._bindings.get(name, ())):
            if binding.frames == frames[: len(binding.frames)]:
                if isinstance(binding.value, Unknown):
                    return binding.value
                if self._changes_later(name, binding, frames, order):
                    return Unknown("assigned again before this runs once more")
                return (*binding.value, *extras)
            if binding.added is None:
                return Unknown(f"assigned under a condition in line {binding.place.line}")
            extras[:0] = (argument.under(binding.place) for argument in binding.added)
        if name not in self._later:
            return Unknown("not assigned in this script")
        return Unknown("not assigned before this line")

    def _changes_later(self, name: str, binding: _Binding, frames: Frames, order: int) -> bool:
        """Whether a loop or function around the use may run it after a later assignment."""
        around = [f for f in frames[len(binding.frames) :] if f.kind in _REPEATED]
        return any(
            later > order and (frame.kind is Compound.FUNCTION or frame in assigned)
            for frame in around
            for assigned, later in self._later.get(name, ())
        )

    def assign(
        self, name: str, value: Value | Unknown, frames: Frames, place: SourcePosition
    ) -> None:
        """`NAME=value` or `NAME=(…)`."""
        self._bind(name, _Binding(frames, value, None, place))

    def extend(
        self, name: str, added: Value, frames: Frames, order: int, place: SourcePosition
    ) -> None:
        """`NAME+=(…)`."""
        before = self.lookup(name, frames, order)
        value = before if isinstance(before, Unknown) else (*before, *added)
        inner = [b for b in self._bindings.get(name, ()) if _within(b.frames, frames)]
        gained: Value | None = added
        for binding in reversed(inner):
            if gained is None or binding.added is None:
                gained = None
            elif binding.frames == frames:
                gained = (*binding.added, *gained)
            else:
                gained = (*(a.under(binding.place) for a in binding.added), *gained)
        self._bind(name, _Binding(frames, value, gained, place))

    def forget(self, name: str, frames: Frames, place: SourcePosition) -> None:
        """Something set the variable that cannot be followed (`read`, `mapfile`, `for`)."""
        self.assign(name, Unknown(f"set by a command in line {place.line}"), frames, place)

    def forget_all(self, frames: Frames, place: SourcePosition) -> None:
        """Commands that may set any variable ran (`source`, `eval`)."""
        for name in tuple(self._bindings):
            self.forget(name, frames, place)

    def _bind(self, name: str, binding: _Binding) -> None:
        outside = [
            other
            for other in self._bindings.get(name, ())
            if not _within(other.frames, binding.frames)
        ]
        self._bindings[name] = [*outside, replace(binding)]


def _within(inner: Frames, outer: Frames) -> bool:
    return inner[: len(outer)] == outer
