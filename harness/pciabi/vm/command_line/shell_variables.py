"""What a script's variables hold at a place in it, as far as reading alone can tell.

A value is known where its assignment is sure to have run: it stands in the same branch, loop
and function as the use, or further out. Nothing is guessed; everything else is a reason why not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pciabi.errors import SourcePosition
from pciabi.vm.command_line.argument import OWN_ARGUMENTS, Argument
from pciabi.vm.command_line.shell_syntax import Compound, Frame

Frames = tuple[Frame, ...]
Time = tuple[int, ...]
"""When a command runs: its number, and within a called function its number there."""
Assignment = tuple[str, Frames, Time]
POSITIONAL = "@"
UNCALLED = "the arguments of a function that nothing here calls"

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
    """The assignments seen so far, in the order in which the commands run; `now` is when.

    `later` are the assignments of the whole script, as an earlier reading recorded them;
    `uncalled` says why the arguments of a function that nothing calls are not known.
    """

    def __init__(self, later: Sequence[Assignment], uncalled: str = UNCALLED) -> None:
        self._uncalled = uncalled
        self.now: Time = ()
        self.recorded: list[Assignment] = []
        self._later: dict[str, list[tuple[Frames, Time]]] = {}
        for name, frames, time in later:
            self._later.setdefault(name, []).append((frames, time))
        self._bindings: dict[str, list[_Binding]] = {}
        self._scopes: list[dict[str, list[_Binding]]] = []

    def lookup(self, name: str, frames: Frames, first: int = 1) -> Value | Unknown:
        """What the variable holds for a command in these frames; of arguments, from one on."""
        if name in {POSITIONAL, "*"}:
            return self._arguments(frames, first, None)
        if name.isdecimal() and name != "0":
            return self._arguments(frames, int(name), 1)
        return self._held(name, frames)

    def _held(self, name: str, frames: Frames) -> Value | Unknown:
        extras: list[Argument] = []
        for binding in reversed(self._bindings.get(name, ())):
            if binding.frames == frames[: len(binding.frames)]:
                if isinstance(binding.value, Unknown):
                    return binding.value
                if self._changes_later(name, binding, frames):
                    return Unknown("assigned again before this runs once more")
                return (*binding.value, *extras)
            if binding.added is None:
                return Unknown(f"assigned under a condition in line {binding.place.line}")
            extras[:0] = (argument.under(binding.place) for argument in binding.added)
        if name not in self._later:
            return Unknown("not assigned in this script")
        return Unknown("not assigned before this line")

    def _arguments(self, frames: Frames, first: int, count: int | None) -> Value | Unknown:
        """The arguments of the function or script that runs, from the first wanted on."""
        value = self._all_arguments(frames)
        if isinstance(value, Unknown):
            return value
        end = len(value) if count is None else first - 1 + count
        # Behind one that may be several nobody knows which argument has which number.
        if any(argument.splits for argument in value[: first if count else first - 1]):
            own = any(p.reason == OWN_ARGUMENTS for a in value[:first] for p in a.unresolved)
            return Unknown(OWN_ARGUMENTS if own else "arguments in front of it are not known")
        return value[first - 1 : end]

    def _all_arguments(self, frames: Frames) -> Value | Unknown:
        within = [at for at, frame in enumerate(frames) if frame.kind is Compound.FUNCTION]
        bound = self._bindings.get(POSITIONAL, ())
        if within and not any(len(binding.frames) > within[-1] for binding in bound):
            return Unknown(self._uncalled)
        return self._held(POSITIONAL, frames) if bound else Unknown(OWN_ARGUMENTS)

    def _changes_later(self, name: str, binding: _Binding, frames: Frames) -> bool:
        """Whether a loop or function around the use may run it after a later assignment."""
        around = [f for f in frames[len(binding.frames) :] if f.kind in _REPEATED]
        return any(
            later > self.now and (frame.kind is Compound.FUNCTION or frame in assigned)
            for frame in around
            for assigned, later in self._later.get(name, ())
        )

    def assign(
        self, name: str, value: Value | Unknown, frames: Frames, place: SourcePosition
    ) -> None:
        """`NAME=value` or `NAME=(…)`."""
        self._bind(name, _Binding(frames, value, None, place))

    def extend(self, name: str, added: Value, frames: Frames, place: SourcePosition) -> None:
        """`NAME+=(…)`. On one that was never assigned it begins an array; none is inherited."""
        before = self.lookup(name, frames) if self._bindings.get(name) else ()
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

    def shift(self, count: int | None, frames: Frames, place: SourcePosition) -> None:
        """`shift COUNT`; None where the count is not known. A script's own arguments stay its
        own."""
        value = self._all_arguments(frames)
        if isinstance(value, Unknown) and value.reason == OWN_ARGUMENTS:
            return
        if isinstance(value, Unknown) or count is None:
            self.forget(POSITIONAL, frames, place)
            return
        own = [all(p.reason == OWN_ARGUMENTS for p in a.unresolved) for a in value if a.splits]
        if len(own) == len(value) and all(own):
            return
        if any(argument.splits for argument in value[:count]):
            self.forget(POSITIONAL, frames, place)
        # Where there are fewer bash leaves them as they are, and dash ends.
        elif count <= len(value):
            self.assign(POSITIONAL, value[count:], frames, place)

    def forget(self, name: str, frames: Frames, place: SourcePosition) -> None:
        """Something set the variable that cannot be followed (`read`, `mapfile`, `for`)."""
        self.assign(name, Unknown(f"set by a command in line {place.line}"), frames, place)

    def forget_all(self, frames: Frames, place: SourcePosition) -> None:
        """Commands that may set any variable ran (`source`). Arguments are no variable."""
        for name in self._bindings.keys() - {POSITIONAL}:
            self.forget(name, frames, place)

    def forget_everything(self, frames: Frames, place: SourcePosition) -> None:
        """A command ran that may set any variable, and `set --` too (`eval`)."""
        for name in tuple(self._bindings):
            self.forget(name, frames, place)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """A call of a function: what is made local within it is as before once it returns."""
        self._scopes.append({})
        try:
            yield
        finally:
            for name, bindings in self._scopes.pop().items():
                self._bindings[name] = bindings

    def make_local(self, name: str) -> None:
        """Until the innermost call returns; without one a variable is the script's."""
        if self._scopes:
            self._scopes[-1].setdefault(name, list(self._bindings.get(name, ())))

    def _bind(self, name: str, binding: _Binding) -> None:
        if not any(name in scope for scope in self._scopes):
            self.recorded.append((name, binding.frames, self.now))
        outside = [
            other
            for other in self._bindings.get(name, ())
            if not _within(other.frames, binding.frames)
        ]
        self._bindings[name] = [*outside, replace(binding)]


def _within(inner: Frames, outer: Frames) -> bool:
    return inner[: len(outer)] == outer
