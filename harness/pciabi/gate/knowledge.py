"""What the QEMUs of a gate know, each asked once and only when that matters."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from dataclasses import replace

from pciabi.errors import CannotTest, InputError, SourcePosition
from pciabi.gate.compat import Compat, MachineTypes
from pciabi.gate.question import Trial
from pciabi.probe.host import Host
from pciabi.probe.vocabulary_task import PropertiesTask, VocabularyTask
from pciabi.qemu.options import unknown_options
from pciabi.qemu.vocabulary import Vocabulary
from pciabi.result.coverage import Remark
from pciabi.result.judged import JudgedComparison
from pciabi.result.side import Side
from pciabi.source.request import Request


class Knowledge:
    """Vocabularies by the names that users give QEMUs. One that does not answer is not asked for
    the next VM again: it may hang. For one thread."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: dict[str | None, Vocabulary] = {}
        self._asked: dict[str | None, frozenset[str]] = {}
        self._options: dict[str | None, dict[str, bool]] = {}
        self._tells_no_options: dict[str | None, CannotTest] = {}
        self._compat: dict[tuple[str | None, str], Compat | None] = {}
        self._silent: dict[str | None, CannotTest] = {}

    def of(self, qemu: str | None) -> Vocabulary:
        """Machine types and types of a QEMU, and the properties that were asked for until now.

        Raises CannotTest where it does not answer; it is not asked again then. Interrupted.
        """
        if qemu not in self._known:
            self._known[qemu] = self._vocabulary(qemu)
        return self._known[qemu]

    def with_properties(self, qemu: str | None, types: Collection[str]) -> Vocabulary:
        """The same with the properties of those of these types that it knows and tells. Raises as
        `of`."""
        known = self.of(qemu)
        asked = self._asked.get(qemu, frozenset())
        wanted = frozenset(name for name in types if known.has(name)) - asked
        if not wanted:
            return known
        self._asked[qemu] = asked | wanted
        try:
            answers = self._host.read(PropertiesTask(qemu, wanted))
        except CannotTest as error:
            # QEMU makes one of each to answer. One that kills it leaves its types alone known.
            self._host.cancellation.check()
            self._silent.setdefault(qemu, error)
            return known
        known = replace(known, properties={**known.properties, **answers})
        self._known[qemu] = known
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
            if not self.is_of(request, side):
                return None
            return self.with_properties(request.qemu, types)
        except (InputError, CannotTest):
            self._host.cancellation.check()
            return None

    def is_of(self, request: Request, side: Side) -> bool:
        """Whether the QEMU of a request is the one that a side was read on. Raises InputError,
        CannotTest where it is not to be had."""
        return self._host.qemu(request.qemu).version_line == side.snapshot.provenance.qemu_package

    def unknown_options(self, qemu: str | None, names: Collection[str]) -> frozenset[str]:
        """Those of these options that a QEMU does not know. Raises as `of`."""
        answers = self._options.setdefault(qemu, {})
        asked = [name for name in names if name not in answers]
        if asked:
            if qemu in self._tells_no_options:
                raise copy.copy(self._tells_no_options[qemu])
            try:
                unknown = unknown_options(self._host.qemu(qemu), asked)
            except CannotTest as error:
                self._tells_no_options[qemu] = error
                raise
            answers.update({name: name in unknown for name in asked})
        return frozenset(name for name in names if answers[name])

    def remarks(self, position: SourcePosition) -> Iterator[Remark]:
        """What nobody knows, for a QEMU did not answer; told of that position."""
        for qemu, error in self._silent.items():
            yield Remark(
                f"{qemu or 'the QEMU on PATH'} does not answer what it knows, so what is gone from "
                f"it and what machine types set may be missing: {error.message}",
                position,
            )

    def _vocabulary(self, qemu: str | None) -> Vocabulary:
        if qemu in self._silent:
            raise copy.copy(self._silent[qemu])
        try:
            return self._host.read(VocabularyTask(qemu))
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
