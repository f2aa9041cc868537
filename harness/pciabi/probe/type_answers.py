"""What a QEMU answers of the types it has, asked once however many machines it is started for."""

from __future__ import annotations

from collections.abc import Mapping

from pciabi.qemu.answers import NAMES, shaped
from pciabi.qemu.monitor import Monitor

Question = tuple[str, Mapping[str, object]]
"""A command whose answer is a list of names, and its arguments."""


class TypeAnswers:
    """The answers of one QEMU, which are the same each time it is started: asked for its types it
    loads all its modules, which takes longer than to start. Threads may share them: what two ask at
    once is asked twice."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}

    def names(self, monitor: Monitor, *questions: Question) -> tuple[frozenset[str], ...]:
        """The names that each question is answered with. Raises QemuError."""
        new = [question for question in questions if repr(question) not in self._names]
        answers = monitor.execute_all(*new) if new else ()
        for question, answer in zip(new, answers, strict=True):
            command, _ = question
            named = frozenset(entry.name for entry in shaped(answer, NAMES, command))
            self._names[repr(question)] = named
        return tuple(self._names[repr(question)] for question in questions)
