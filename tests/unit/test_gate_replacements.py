"""Which machine types are proposed in the place of one that is gone."""

from __future__ import annotations

import pytest

from pciabi.gate.replacement_types import replacement_types
from pciabi.qemu.answers import MachineType
from pciabi.result.will_not_start import Choice
from pciabi.vm.machine_calendar import Release
from tests.unit.vocabularies import machine

# `query-machines` of QEMU 11.1, as far as it matters.
VERSIONS = ["5.2", "6.0", "7.2", "8.1", "8.2", "9.0", "10.0", "11.1"]
DEPRECATED = {"5.2", "6.0", "7.2", "8.1"}
MACHINES = [
    machine(f"{line}-{version}", deprecated=version in DEPRECATED)
    for line in ("pc-q35", "pc-i440fx")
    for version in VERSIONS
] + [machine("microvm"), machine("none"), machine("isapc")]
NEAREST, STAYS = Choice.NEAREST, Choice.OLDEST_TO_STAY
Expected = list[tuple[str, Choice, bool, str | None]]


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        (
            "pc-i440fx-4.2",
            [("pc-i440fx-5.2", NEAREST, True, "11.2"), ("pc-i440fx-8.2", STAYS, False, "14.2")],
        ),
        (
            "pc-q35-4.0.1",
            [("pc-q35-5.2", NEAREST, True, "11.2"), ("pc-q35-8.2", STAYS, False, "14.2")],
        ),
        (
            "pc-1.3",
            [("pc-i440fx-5.2", NEAREST, True, "11.2"), ("pc-i440fx-8.2", STAYS, False, "14.2")],
        ),
        # The way back: one that is too new.
        (
            "pc-q35-12.0",
            [("pc-q35-11.1", NEAREST, False, "17.1"), ("pc-q35-8.2", STAYS, False, "14.2")],
        ),
        # The nearest is one that stays: one proposal.
        (
            "pc-q35-8.2.1",
            [("pc-q35-9.0", NEAREST, False, "15.0"), ("pc-q35-8.2", STAYS, False, "14.2")],
        ),
        # A distribution counts otherwise, so none of QEMU's own is nearest.
        ("pc-q35-rhel9.6.0", [("pc-q35-8.2", STAYS, False, "14.2")]),
        ("pc-i440fx-jammy", [("pc-i440fx-8.2", STAYS, False, "14.2")]),
        ("microvm", []),
        ("made-up", []),
    ],
)
def test_the_nearest_and_the_oldest_that_stays(gone: str, expected: Expected) -> None:
    assert proposed(gone, MACHINES) == expected


def test_one_that_is_both_stands_once() -> None:
    assert proposed("pc-q35-7.0", [machine("pc-q35-7.2")]) == [
        ("pc-q35-7.2", NEAREST, False, "13.2")
    ]


def test_a_distribution_s_own_come_first() -> None:
    rhel = [machine("pc-q35-rhel9.2.0", deprecated=True), machine("pc-q35-rhel9.10.0"), *MACHINES]
    assert proposed("pc-q35-rhel9.0.0", rhel) == [
        ("pc-q35-rhel9.2.0", NEAREST, True, None),
        ("pc-q35-rhel9.10.0", STAYS, False, None),
    ]


def test_no_end_is_told_of_what_should_be_gone_already() -> None:
    (kept,) = replacement_types("pc-q35-4.0", [machine("pc-q35-4.2")], Release(11, 1))
    assert kept.ends is None


def proposed(gone: str, machines: list[MachineType]) -> Expected:
    found = replacement_types(gone, machines, Release(11, 1))
    return [(one.machine, one.choice, one.deprecated, one.ends) for one in found]
