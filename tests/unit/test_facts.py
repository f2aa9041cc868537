"""Every family of facts has all its parts, and tells only what it says that it tells."""

from __future__ import annotations

import pkgutil
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pciabi.abi import facts as package
from pciabi.abi.families import concerns, families, function_families, kinds, manuals
from pciabi.abi.family import Family
from pciabi.abi.matching import match
from pciabi.abi.opening import Both
from pciabi.pci.facts import UNREAD
from pciabi.pci.function import BARS, DRIVER, ROM
from pciabi.probe import guest_readers, readers
from pciabi.probe.fact_readers import readers_in
from pciabi.report.fact_manual import manual
from tests.unit.strategies import RECORDINGS, recorded

# Read with the function itself, by pci.listing and probe.enumeration.
WITH_THE_FUNCTION = {BARS.name, ROM.name, DRIVER.name}
NAMES = [family.key.name for family in families()]


@pytest.fixture(params=families(), ids=NAMES)
def family(request: pytest.FixtureRequest) -> Family[Any, Any]:
    found: Family[Any, Any] = request.param
    return found


def test_every_module_is_a_family_of_its_own() -> None:
    assert len(families()) == len(list(pkgutil.iter_modules(package.__path__)))
    assert len(set(NAMES)) == len(NAMES)
    assert len({family.rank for family in families()}) == len(NAMES)
    assert {type(family).__name__ for family in families()} <= {"FunctionFamily", "MachineFamily"}


def test_a_family_has_all_its_parts(family: Family[Any, Any]) -> None:
    manual = manuals()[family.key.name]
    assert len(manual) > 60, "its docstring says what the facts are and why a guest needs them"
    assert (family.form is None) is (family.inherent is not None)
    assert family.kinds
    assert family.judgements
    for judgement in family.judgements:
        assert len(judgement.reason) > 10
        assert not judgement.reason.endswith(".")
    for kind in family.kinds:
        assert kind.islower()
        assert all(len(words) > 5 for words in vars(kind.advice).values())


def test_somebody_reads_a_family(family: Family[Any, Any]) -> None:
    asked = [*readers_in(readers), *readers_in(guest_readers)]
    read = {reader.key.name for reader in asked} | WITH_THE_FUNCTION
    assert family.inherent is not None or family.key.name in read


def test_nobody_reads_what_is_no_family() -> None:
    read = {reader.key.name for reader in (*readers_in(readers), *readers_in(guest_readers))}
    assert read <= set(NAMES)


def test_a_kind_means_one_thing() -> None:
    assert len({str(kind) for kind in kinds()}) == len(kinds())
    ranks = [kind.rank for kind in kinds()]
    assert ranks == sorted(set(ranks))
    told = {str(kind): kind for family in families() for kind in family.kinds}
    for family in families():
        assert all(told[kind] is kind for kind in family.kinds)
        assert all(concerns()[kind] is family.concern for kind in family.kinds)


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_family_tells_only_what_it_says_that_it_tells(name: str) -> None:
    """Held against every other recording: each difference has a kind and a judgement of its
    family, and what is the same to the bit differs in nothing."""
    told = 0
    for other, family in product(RECORDINGS, function_families()):
        for pair in match(recorded(name), recorded(other)).pairs:
            old, new = family.fact_of(pair.before), family.fact_of(pair.after)
            if UNREAD in (old, new):
                continue
            both = Both(pair.before, pair.after, "boot", "boot")
            differences = list(family.differences(old, new, both))
            told += len(differences)
            for difference in differences:
                assert any(difference.kind is kind for kind in family.kinds)
                assert difference.judgement in family.judgements
                assert difference.before != difference.after
            itself = Both(pair.before, pair.before, "boot", "boot")
            assert not list(family.differences(old, old, itself))
    assert told


def test_the_page_of_facts_is_what_the_families_say() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "facts.md"
    assert page.read_text() == manual(), "script/record-facts writes it"
