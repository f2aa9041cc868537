"""What the QEMUs of a gate know, each asked once and only when that matters."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pciabi.probe.host import Host
from pciabi.probe.vocabulary_task import PropertiesTask, VocabularyTask
from pciabi.qemu.vocabulary import Vocabulary


class Knowledge:
    """Vocabularies by the names that users give QEMUs. For one thread."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: dict[str | None, Vocabulary] = {}
        self._asked: dict[str | None, frozenset[str]] = {}

    def of(self, qemu: str | None) -> Vocabulary:
        """Machine types and types of a QEMU, and the properties that were asked for until now.

        Raises CannotTest where it does not answer, Interrupted.
        """
        if qemu not in self._known:
            self._known[qemu] = self._host.read(VocabularyTask(qemu))
        return self._known[qemu]

    def with_properties(self, qemu: str | None, types: Collection[str]) -> Vocabulary:
        """The same with the properties of those of these types that it knows. Raises as `of`."""
        known = self.of(qemu)
        asked = self._asked.get(qemu, frozenset())
        wanted = frozenset(name for name in types if known.has(name)) - asked
        if wanted:
            answers = self._host.read(PropertiesTask(qemu, wanted))
            known = replace(known, properties={**known.properties, **answers})
            self._known[qemu] = known
            self._asked[qemu] = asked | wanted
        return known
