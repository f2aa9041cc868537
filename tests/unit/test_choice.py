"""Which families are read and compared: those a user chooses, and what nobody read is nowhere
taken for equal, nor told of each function."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pciabi.abi import families
from pciabi.abi.choice import ALL, DEFAULT, chosen, chosen_by_default, restricted
from pciabi.abi.compare import compare
from pciabi.abi.family import Reading
from pciabi.abi.scope import scope
from pciabi.abi.snapshot import Snapshot, Substitution
from pciabi.cli import options
from pciabi.errors import InputError, SourcePosition
from pciabi.pci.facts import Facts, facts_of
from pciabi.report.words import one_sided
from pciabi.report.words.gaps import gaps
from pciabi.result.judged import JudgedComparison, judge
from pciabi.result.policy import Policy
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict
from tests.unit import report_data

PLAIN = report_data.record("qemu-7.2_q35-many").snapshot


def known(snapshot: Snapshot, uuid: str = "a") -> Snapshot:
    """The snapshot with the made-up facts."""
    functions = tuple(
        one.having(one.facts.updated(facts_of({"rom-bar": None}))) for one in snapshot.functions
    )
    return replace(snapshot, functions=functions, facts=facts_of({"system-uuid": uuid}))


def judged(before: Snapshot, after: Snapshot) -> JudgedComparison:
    place = SourcePosition("x", 1)
    sides = Side("old.json", before, place, {}), Side("new.json", after, place, {})
    return judge(*sides, Policy())


def test_what_comes_with_a_function_is_always_among_the_chosen() -> None:
    with_the_function = chosen(["configuration-space"])
    assert with_the_function == {"topology", "configuration-space", "bars", "rom", "driver"}
    assert chosen(["mac", "serial"]) == with_the_function | {"mac", "serial"}
    assert chosen([DEFAULT, "mac"]) == chosen_by_default()
    assert chosen([ALL]) == {family.key.name for family in families.families()}
    on_request = {f.key.name for f in families.families() if f.reading is Reading.ON_REQUEST}
    assert chosen([ALL]) - chosen([DEFAULT]) == on_request


def test_a_word_for_no_family_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"no facts called 'mac ', only: topology, .*mac.*, all"):
        chosen(["mac "])


def test_options_add_up_and_spaces_are_no_part_of_a_name() -> None:
    assert options.families(["mac, serial"]) == options.families(["mac", " serial"])
    assert options.families(["mac", "serial"]) == chosen(["mac", "serial"])
    with pytest.raises(InputError, match="--facts: there are no facts called '', only"):
        options.families(["mac,"])


def test_what_is_not_chosen_is_out_of_scope_and_not_left_open() -> None:
    names = chosen(["interfaces"])
    less = restricted(PLAIN, names)
    found = compare(less, less, names)
    assert "MAC address" not in {one.field for one in found.unknowns}
    assert "MAC address" in {one.field for one in compare(less, less).unknowns}
    assert any(title.startswith("identifying") for title in scope([less]).not_read)
    assert "interface names" in scope([less]).read


def test_what_a_backend_leaves_open_of_a_family_that_is_not_chosen_is_left_open_nowhere() -> None:
    def behind(option: str, names: frozenset[str]) -> Snapshot:
        fields = ("virtio feature CSUM", "virtio features", "MSI-X table size")
        one = Substitution(option, "-netdev user", "net1", fields)
        return restricted(replace(PLAIN, substitutions=(one,)), names)

    def fields(words: str) -> set[str]:
        names = chosen([words])
        sides = behind("-netdev tap", names), behind("-netdev tap,vhost=on", names)
        return {one.field for one in compare(*sides, names).unknowns if one.id == "net1"}

    assert fields("virtio") >= {"virtio feature CSUM", "virtio features", "MSI-X table size"}
    assert {field for field in fields("mac") if "virtio" in field} == set()
    assert "MSI-X table size" in fields("mac")


@pytest.mark.usefixtures("made_up")
def test_what_neither_side_tells_was_not_looked_at() -> None:
    found = compare(PLAIN, PLAIN)
    assert not {"rombar", "system UUID"} & {one.field for one in found.unknowns}
    assert {"ROM BARs", "system UUID"} <= set(scope([PLAIN, PLAIN]).not_read)


@pytest.mark.usefixtures("made_up")
def test_what_one_side_tells_is_unknown_of_the_other_and_how_to_mend_that_is_said_once() -> None:
    found = judged(PLAIN, known(PLAIN))
    assert found.verdict is Verdict.ERROR
    opened = [one for one in found.unknowns if one.field in ("rombar", "system UUID")]
    assert len(opened) == len(PLAIN.functions) + 1
    assert not any(one.excused for one in opened)
    assert len(gaps(opened)) == 2
    (line,) = one_sided.lines(found)
    assert line.startswith("before: old.json was read without system UUID, ROM BARs: take it again")
    option = line.rpartition("--facts ")[2]
    names = chosen(option.split(","))
    sides = restricted(PLAIN, names), restricted(known(PLAIN), names)
    assert all(one.excused for one in compare(*sides, names).unknowns)
    assert list(one_sided.lines(judged(known(PLAIN), known(PLAIN)))) == []


def test_what_only_a_boot_tells_is_not_read_by_taking_a_paused_qemu_again() -> None:
    names = chosen(["interfaces"])
    without = replace(
        PLAIN, functions=tuple(one.having(Facts()) for one in restricted(PLAIN, names).functions)
    )
    (line,) = one_sided.lines(judged(without, restricted(PLAIN, names)))
    assert "old.json was read without interface names: take it again with --boot, or" in line
