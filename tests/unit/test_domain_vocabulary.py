"""What the writers of a domain's devices know, and what they pass over, with reasons."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import InputError
from pciabi.vm import domain as package
from pciabi.vm import xml_tree
from pciabi.vm.domain import numbers, sizes
from pciabi.vm.domain.dialect import NEWEST, Dialect, Trait
from pciabi.vm.domain.vocabulary import Vocabulary, must_know
from pciabi.vm.xml_tree import Element


def vocabularies() -> Iterator[tuple[str, Vocabulary]]:
    """All that any module has."""
    for found in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        for name, value in vars(module).items():
            if isinstance(value, Vocabulary):
                yield f"{found.name}.{name}", value


ALL = [pytest.param(one, id=name) for name, one in vocabularies()]


@pytest.mark.parametrize("vocabulary", ALL)
def test_what_is_passed_over_has_its_reason_and_is_not_looked_at(vocabulary: Vocabulary) -> None:
    assert all(len(reason.split()) > 1 for reason in vocabulary.harmless.values())
    assert not vocabulary.known & vocabulary.harmless.keys()


@pytest.mark.parametrize("vocabulary", ALL)
def test_each_word_that_is_taken_out_is_refused(vocabulary: Vocabulary) -> None:
    for word in (one for one in vocabulary.known if not one.endswith("/**")):
        found = saying(word)
        must_know(found, vocabulary)
        with pytest.raises(InputError, match="is not known"):
            must_know(found, Vocabulary(frozenset({*on_the_way(word)} - {word})))


def saying(word: str) -> Element:
    """An element in which that stands and nothing else."""
    folder, _, attribute = word.partition("@")
    root = inner = element("<a/>")
    for name in filter(None, folder.split("/")):
        inner.children.append(Element(name, {}, root.start))
        inner = inner.children[-1]
    if attribute:
        inner.attributes = {attribute: "x"}
    return root


def on_the_way(word: str) -> Iterator[str]:
    """The words for the elements around it, and for itself."""
    parts = word.partition("@")[0].split("/")
    yield from ("/".join(parts[:length]) for length in range(1, len(parts) + 1))


def test_each_trait_is_asked_for_and_has_its_release() -> None:
    sources = [path.read_text() for path in Path(package.__path__[0]).glob("*.py")]
    asked = " ".join(text for text in sources if "class Trait(Enum)" not in text)
    newest = Dialect(NEWEST, (99, 0, 0))
    for trait in Trait:
        assert re.search(rf"\bTrait\.{trait.name}\b", asked), trait
        assert newest.has(trait)


def element(text: str) -> Element:
    (found,) = xml_tree.read("a.xml", text).children
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [("10", 10), ("0xa", 10), ("0XA", 10), ("012", 10), ("0", 0), (" 7 ", 7), ("", 5)],
)
def test_numbers_are_cs(text: str, value: int) -> None:
    assert numbers.number(element(f"<a b='{text}'/>"), "b", 5) == value


@pytest.mark.parametrize("text", ["1_0", "0b1", "-1", "+1", "1.5", "0x", "\u0663", "9" * 21, "on"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(InputError, match="is not a number"):
        numbers.number(element(f"<a b='{text}'/>"), "b")


@given(st.text(max_size=20))
def test_a_number_is_one_or_is_refused(text: str) -> None:
    found = Element("a", {"b": text}, element("<a/>").start)
    with suppress(InputError):
        assert 0 <= numbers.number(found, "b") < 1 << 67


@pytest.mark.parametrize(
    ("size", "bytes_"),
    [
        ("<size>3</size>", 3 << 20),
        ("<size unit='KiB'>3</size>", 3 << 10),
        ("<size unit='k'>3</size>", 3 << 10),
        ("<size unit='KB'>3</size>", 3000),
        ("<size unit='G'>1</size>", 1 << 30),
        ("<size unit='bytes'>9</size>", 9),
    ],
)
def test_sizes(size: str, bytes_: int) -> None:
    assert sizes.in_bytes(element("<a/>"), element(size), "MiB") == bytes_


@given(st.text(max_size=8), st.text(max_size=24))
def test_a_size_is_one_or_is_refused(unit: str, text: str) -> None:
    found = Element("size", {"unit": unit}, element("<a/>").start, text=text)
    with suppress(InputError):
        assert sizes.in_bytes(element("<a/>"), found, "MiB") >= 0
