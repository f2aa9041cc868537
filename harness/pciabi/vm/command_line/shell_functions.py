"""The functions that a script defines, and which of them a call by name may mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pciabi.vm.command_line.shell_syntax import Command, Compound, Frame


@dataclass(frozen=True)
class Function:
    """One definition. `around` are the frames it stands in; `body` are its commands with the
    frames within it, `order` is the number of the first among the script's commands."""

    frame: Frame
    around: tuple[Frame, ...]
    body: tuple[Command, ...]
    order: int


def enclosing(command: Command) -> Frame | None:
    """The innermost function a command stands in, None at the script's own level."""
    inner = (frame for frame in reversed(command.frames) if frame.kind is Compound.FUNCTION)
    return next(inner, None)


class Functions:
    """All functions of a script."""

    def __init__(self, commands: Sequence[Command]) -> None:
        bodies: dict[Frame, list[tuple[int, Command]]] = {}
        for order, command in enumerate(commands):
            frame = enclosing(command)
            if frame is not None and frame.name:
                bodies.setdefault(frame, []).append((order, command))
        self.all = tuple(_function(frame, body) for frame, body in bodies.items())
        self.by_name: dict[str, list[Function]] = {}
        for function in self.all:
            self.by_name.setdefault(function.frame.name, []).append(function)

    def meant(self, name: str, order: int, frames: Sequence[Frame]) -> tuple[Function, ...]:
        """The definitions a call may mean: the last that is sure to have run before the command
        of that number, and those in branches behind it."""
        found: list[Function] = []
        named = self.by_name.get(name, ())
        for function in named:
            if function.order > order:
                continue
            if function.around == tuple(frames[: len(function.around)]):
                found = []
            found.append(function)
        return tuple(found or named)


def _function(frame: Frame, body: Sequence[tuple[int, Command]]) -> Function:
    order, first = body[0]
    at = first.frames.index(frame)
    inner = (replace(command, frames=command.frames[at + 1 :]) for _, command in body)
    return Function(frame, first.frames[:at], tuple(inner), order)
