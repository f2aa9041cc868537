"""What QEMUs know is asked once, and one that does not answer is not asked again."""

from __future__ import annotations

from typing import Any

import pytest

from pciabi.cancellation import Cancellation
from pciabi.errors import CannotTest, QemuError
from pciabi.gate.knowledge import Knowledge
from pciabi.probe.host import Host
from pciabi.probe.vocabulary_task import PropertiesTask, VocabularyTask
from tests.unit.vocabularies import vocabulary

Task = VocabularyTask | PropertiesTask


class Asked(Host):
    """A host whose QEMUs know what others do, and fail at what a test wants."""

    def __init__(self, *failing: type[Task]) -> None:
        super().__init__(Cancellation())
        self.failing = failing
        self.tasks: list[Task] = []

    def read(self, task: Any) -> Any:
        self.tasks.append(task)
        if isinstance(task, self.failing):
            raise QemuError("QEMU ended by signal 6")
        if isinstance(task, VocabularyTask):
            return vocabulary()
        return dict.fromkeys(task.types, frozenset({"addr"}))


def test_each_type_is_asked_for_once() -> None:
    host = Asked()
    knowledge = Knowledge(host)
    knowledge.with_properties("11.1", {"e1000", "nobody-knows-it"})
    known = knowledge.with_properties("11.1", {"e1000", "sga"})
    assert known.properties["e1000"] == {"addr"}
    assert host.tasks == [
        VocabularyTask("11.1"),
        PropertiesTask("11.1", frozenset({"e1000"})),
        PropertiesTask("11.1", frozenset({"sga"})),
    ]


def test_one_that_does_not_answer_is_not_asked_again() -> None:
    host = Asked(VocabularyTask)
    knowledge = Knowledge(host)
    for _ in range(3):
        with pytest.raises(CannotTest):
            knowledge.of(None)
    assert host.tasks == [VocabularyTask(None)]


def test_one_that_dies_of_a_type_is_known_without_its_properties() -> None:
    host = Asked(PropertiesTask)
    knowledge = Knowledge(host)
    for _ in range(3):
        assert knowledge.with_properties(None, {"e1000"}).has("sga")
    assert len(host.tasks) == 2
