"""What a boot takes of its paused twin: what it lacks itself, of the same device, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.pci.address import TopologyPath
from pciabi.pci.facts import UNREAD, Facts, Key, facts_of
from pciabi.pci.function import BARS
from pciabi.probe import paused_twin
from tests.unit.strategies import recorded

BOOTED = recorded("qemu-7.2_pc-two-nics")
OFFERED: Key[str] = Key("offered")
TABLES: Key[str] = Key("tables")
WANTED = frozenset({OFFERED.name, TABLES.name})


def twin_of(snapshot: Snapshot) -> Snapshot:
    """One that knows of each function what it is called and where it is."""
    functions = tuple(
        one.having(facts_of({OFFERED.name: f"{one.qdev_id} {one.path}", "rank": 1}))
        for one in snapshot.functions
    )
    return replace(snapshot, functions=functions, facts=facts_of({TABLES.name: "twin's"}))


def moved(function: PlacedFunction, path: str) -> PlacedFunction:
    return replace(function, path=TopologyPath.parse(path))


def test_a_boot_gets_what_it_lacks_and_nothing_else() -> None:
    done = paused_twin.completed(BOOTED, twin_of(BOOTED), WANTED)
    assert done.facts.get(TABLES) == "twin's"
    for before, after in zip(BOOTED.functions, done.functions, strict=True):
        assert after.facts.get(OFFERED) == f"{before.qdev_id} {before.path}"
        assert after.having(before.facts) == before
        assert after.facts.having(OFFERED, UNREAD) == before.facts
        assert before.facts.get(BARS) == after.facts.get(BARS)


def test_what_the_boot_has_read_itself_stays() -> None:
    own = replace(
        BOOTED,
        functions=tuple(one.having(facts_of({OFFERED.name: "own"})) for one in BOOTED.functions),
        facts=facts_of({TABLES.name: "own"}),
    )
    assert paused_twin.completed(own, twin_of(BOOTED), WANTED) == own


def test_a_device_is_known_by_its_id_wherever_it_is_and_others_by_their_place() -> None:
    elsewhere = tuple(
        moved(one, "0/1e.0") if one.qdev_id == "net1" else one for one in BOOTED.functions
    )
    done = paused_twin.completed(BOOTED, twin_of(replace(BOOTED, functions=elsewhere)), WANTED)
    net1 = done.by_id("net1")
    assert net1 is not None
    assert net1.facts.get(OFFERED) == "net1 0/1e.0"
    bridge = done.functions[0]
    assert bridge.facts.get(OFFERED) == f"None {bridge.path}"


@pytest.mark.parametrize("taken_by", ["net9", None])
def test_without_a_counterpart_it_stays_unread(taken_by: str | None) -> None:
    others = tuple(
        replace(one, qdev_id=taken_by) if one.qdev_id == "net1" else one for one in BOOTED.functions
    )
    done = paused_twin.completed(BOOTED, twin_of(replace(BOOTED, functions=others)), WANTED)
    net1 = done.by_id("net1")
    assert net1 is not None
    assert net1.facts.get(OFFERED) is UNREAD


def test_only_what_some_subject_lacks_is_asked_for() -> None:
    names = frozenset({"mac", "serial"})
    known = tuple(one.having(facts_of({"mac": None, "serial": None})) for one in BOOTED.functions)
    assert paused_twin.unread(replace(BOOTED, functions=known), names) == frozenset()
    first = known[0].having(known[0].facts.having(Key("mac"), UNREAD))
    lacking = replace(BOOTED, functions=(first, *known[1:]), facts=Facts())
    assert paused_twin.unread(lacking, names) == {"mac"}
    assert paused_twin.unread(lacking, names - {"mac"}) == frozenset()
