"""What the QEMUs of a gate know, each asked once and only when that matters."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TypeVar

from pciabi.errors import CannotTest, InputError, SourcePosition
from pciabi.gate.compat import Compat, MachineTypes
from pciabi.gate.question import Trial
from pciabi.probe.host import Host
from pciabi.probe.task import Task
from pciabi.probe.vocabulary_task import PropertiesTask, VocabularyTask
from pciabi.qemu.vocabulary import Vocabulary
from pciabi.result.coverage import Remark
from pciabi.result.judged import JudgedComparison
from pciabi.result.side import Side
from pciabi.source.request import Request

T = TypeVar("T")


class Knowledge:
    """Vocabularies by the names that users give QEMUs. One that does not answer is not asked for
    the next VM again: it may hang. For one thread."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: dict[str | None, Vocabulary] = {}
        self._asked: dict[str | None, frozenset[str]] = {}
        self._compat: dict[tuple[str | None, str], Compat | None] = {}
        self._silent: dict[str | None, CannotTest] = {}

    def of(self, qemu: str | None) -> Vocabulary:
        """Machine types and types of a QEMU, and the properties that were asked for until now.

        Raises CannotTest where it does not answer, Interrupted.
        """
        if qemu not in self._known:
            self._known[qemu] = self._answer(qemu, VocabularyTask(qemu))
        return self._known[qemu]

    def with_properties(self, qemu: str | None, types: Collection[str]) -> Vocabulary:
        """The same with the properties of those of these types that it knows. Raises as `of`."""
        known = self.of(qemu)
        asked = self._asked.get(qemu, frozenset())
        wanted = frozenset(name for name in types if known.has(name)) - asked
        if wanted:
            answers = self._answer(qemu, PropertiesTask(qemu, wanted))
            known = replace(known, properties={**known.properties, **answers})
            self._known[qemu] = known
            self._asked[qemu] = asked | wanted
        return known

    def machine_types(self, trial: Trial, comparison: JudgedComparison) -> MachineTypes:
        """What the machine types of a trial's sides set for their devices. Nobody is asked where
        nothing differs. Raises Interrupted."""
        if not comparison.changes:
            return MachineTypes(None, None)
        return MachineTypes(
            self._compat_of(trial.before, comparison.before),
            self._compat_of(trial.after, comparison.after),
        )

    def behind(
        self, request: Request, side: Side, types: Collection[str] = ()
    ) -> Vocabulary | None:
        """The vocabulary of the QEMU that a side was read on, as `with_properties`; None where
        that is not the QEMU of the request, or does not answer. Raises Interrupted."""
        try:
            banner = self._host.qemu(request.qemu).banner
            if banner != side.snapshot.provenance.qemu_package:
                return None
            return self.with_properties(request.qemu, types)
        except (InputError, CannotTest):
            self._host.cancellation.check()
            return None

    def remarks(self, position: SourcePosition) -> Iterator[Remark]:
        """What nobody knows, for a QEMU did not answer; told of that position."""
        for qemu, error in self._silent.items():
            yield Remark(
                f"{qemu or 'the QEMU on PATH'} does not answer what it knows, so what is gone from "
                f"it and what machine types set may be missing: {error.message}",
                position,
            )

    def _answer(self, qemu: str | None, task: Task[Host, T]) -> T:
        if qemu in self._silent:
            raise copy.copy(self._silent[qemu])
        try:
            return self._host.read(task)
        except CannotTest as error:
            self._silent[qemu] = error
            raise

    def _compat_of(self, request: Request, side: Side) -> Compat | None:
        vocabulary = self.behind(request, side)
        if vocabulary is None:
            return None
        key = request.qemu, side.snapshot.provenance.machine
        if key not in self._compat:
            machine = vocabulary.machine(key[1])
            self._compat[key] = None if machine is None else Compat(vocabulary, machine)
        return self._compat[key]
