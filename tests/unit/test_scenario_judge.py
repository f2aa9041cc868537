"""Changes held against expectations, on what real guests saw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pciabi.abi.snapshot import Snapshot, Unreachable
from pciabi.errors import InputError, SourcePosition
from pciabi.pci.address import TopologyPath
from pciabi.pci.facts import facts_of
from pciabi.result import judged
from pciabi.result.expectations import Expectation, Expectations
from pciabi.result.failure import MACHINE, Aspect
from pciabi.result.judged import JudgedComparison
from pciabi.result.side import Side
from pciabi.scenario.observable import must_have_been_found
from tests.unit.strategies import flipped, recorded

TWO_NICS = recorded("qemu-7.2_pc-two-nics")
PLACE = SourcePosition("a.yaml", 9)
WHY = "slot 4 has no function 0, and guests look at the others only after it"


def without_net1() -> Snapshot:
    """QEMU has net1, and no guest finds it."""
    return replace(
        TWO_NICS,
        functions=tuple(f for f in TWO_NICS.functions if f.qdev_id != "net1"),
        unreachable=(Unreachable(TopologyPath(0, ((4, 1),)), "net1", "virtio-net-pci", WHY),),
    )


def judge(before: Snapshot, after: Snapshot, expected: Expectations) -> JudgedComparison:
    sides = Side("one", before, PLACE, {}), Side("two", after, PLACE, {})
    return judged.judge(*sides, expected)


def comparison(*expectations: Expectation) -> Expectations:
    return Expectations(0, 1, frozenset(), frozenset(), expectations, (), PLACE)


def presence(judgement: str) -> Expectation:
    return Expectation(
        "net1", Aspect.PRESENCE, judgement == "changed", SourcePosition("a.yaml", 10)
    )


def test_a_device_out_of_every_guests_reach_has_vanished_and_it_is_said_why() -> None:
    result = judge(TWO_NICS, without_net1(), comparison())
    (failure,) = result.failures
    assert failure.message == f"net1 vanished (unreachable: {WHY})"
    assert (failure.aspect, failure.position) == (Aspect.PRESENCE, PLACE)
    (vanished,) = result.changes
    assert vanished.reason == f"the guest loses a device (unreachable: {WHY})"


@pytest.mark.parametrize(
    ("before", "after"), [(TWO_NICS, without_net1()), (without_net1(), TWO_NICS)]
)
def test_presence_may_be_expected_to_change_either_way(before: Snapshot, after: Snapshot) -> None:
    assert not judge(before, after, comparison(presence("changed"))).failures
    (failure,) = judge(before, after, comparison(presence("unchanged"))).failures
    assert failure.position.line == 10


def test_a_presence_that_does_not_change_as_expected_is_a_failure() -> None:
    (failure,) = judge(TWO_NICS, TWO_NICS, comparison(presence("changed"))).failures
    assert failure.message == "the presence of net1 was expected to change and did not"


def test_nothing_can_be_expected_of_what_neither_guest_finds() -> None:
    expectations = comparison(presence("unchanged"))
    must_have_been_found(expectations, TWO_NICS, without_net1())
    with pytest.raises(InputError, match=f"neither guest finds net1.*: {WHY}") as caught:
        must_have_been_found(expectations, without_net1(), without_net1())
    assert str(caught.value).startswith("a.yaml:10: ")


def test_a_device_that_moved_under_the_same_address_is_told_by_its_path() -> None:
    before = recorded("qemu-7.2_q35-two-ports")
    functions = tuple(
        replace(f, path=TopologyPath.parse("0/07.0/00.0")) if f.qdev_id == "net0" else f
        for f in before.functions
    )
    (failure,) = judge(before, replace(before, functions=functions), comparison()).failures
    assert failure.message == "net0 moved from path 0/03.0/00.0 to 0/07.0/00.0"


def test_nothing_accounts_for_a_change_of_a_built_in_device() -> None:
    bridge = TWO_NICS.functions[0]
    assert bridge.qdev_id is None
    config = flipped(bridge.function.config, 0x02, 0x01)
    other = replace(bridge, function=replace(bridge.function, config=config))
    after = replace(TWO_NICS, functions=(other, *TWO_NICS.functions[1:]))
    result = judge(TWO_NICS, after, comparison())
    assert [failure.device_id for failure in result.failures] == [None]
    assert [one.expected for one in result.judged_changes] == [False]


@pytest.mark.usefixtures("made_up")
def test_a_change_of_the_machine_is_one_that_is_expected_of_the_machine_alone() -> None:
    before, after = (replace(TWO_NICS, facts=facts_of({"system-uuid": one})) for one in "ab")

    def failures(who: str, aspect: Aspect, must: str) -> set[tuple[str, Aspect | None]]:
        expected = Expectation(who, aspect, must == "change", PLACE)
        judged = judge(before, after, comparison(expected))
        return {(one.message, one.aspect) for one in judged.failures}

    tables = Aspect.FIRMWARE_TABLES
    broke = ("system UUID of the VM changed from a to b", tables)
    assert failures(MACHINE, tables, "change") == set()
    assert failures(MACHINE, tables, "stay") == {broke}
    assert broke in failures(MACHINE, Aspect.HARDWARE, "change")
    assert broke in failures("net1", tables, "change")
    expected = Expectation(MACHINE, tables, changed=True, position=PLACE)
    (missing,) = judge(before, before, comparison(expected)).failures
    assert missing.message == "the firmware-tables of the VM was expected to change and did not"
