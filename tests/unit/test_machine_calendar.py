"""QEMU's calendar of machine types, held against what four releases say of their own."""

from __future__ import annotations

import pytest

from pciabi.vm import machine_calendar
from pciabi.vm.machine_calendar import Life, Release


@pytest.mark.parametrize(
    ("machine", "deprecated", "deleted"),
    [
        ("pc-i440fx-4.2", Release(9, 1), Release(10, 2)),
        ("pc-i440fx-5.2", Release(9, 1), Release(11, 2)),
        ("pc-q35-4.0.1", Release(9, 1), Release(10, 1)),
        ("pc-q35-2.12", Release(9, 1), Release(10, 1)),
        ("pc-q35-8.1", Release(11, 1), Release(14, 1)),
        ("virt-8.2", Release(11, 2), Release(14, 2)),
    ],
)
def test_a_type_is_deprecated_after_three_years_and_deleted_after_six(
    machine: str, deprecated: Release, deleted: Release
) -> None:
    life = machine_calendar.life(machine)
    assert life is not None
    assert (life.deprecated, life.deleted) == (deprecated, deleted)


@pytest.mark.parametrize(
    ("qemu", "deprecated", "kept"),
    [
        # `-machine help`: the last that is called deprecated, the first that is not.
        (Release(10, 0), "pc-q35-7.0", "pc-q35-7.1"),
        (Release(11, 1), "pc-q35-8.1", "pc-q35-8.2"),
    ],
)
def test_releases_say_the_same(qemu: Release, deprecated: str, kept: str) -> None:
    assert _life(deprecated).is_deprecated_in(qemu)
    assert not _life(kept).is_deprecated_in(qemu)
    assert not _life(deprecated).is_deleted_in(qemu)


def test_11_1_has_nothing_older_than_5_2() -> None:
    assert _life("pc-i440fx-5.1").is_deleted_in(Release(11, 1))
    assert not _life("pc-i440fx-5.2").is_deleted_in(Release(11, 1))
    assert _life("pc-i440fx-5.2").is_deleted_in(Release(11, 2))


def test_what_was_removed_before_the_rule_is_not_there_under_it() -> None:
    assert _life("pc-i440fx-2.3").is_deleted_in(Release(10, 0))
    assert not _life("pc-i440fx-2.4").is_deleted_in(Release(10, 0))


@pytest.mark.parametrize(
    "machine",
    [
        *("pc", "q35", "microvm", "none", "", "pc-q35-7", "xenfv-4.2", "pc-q35-9999.1"),
        *("pc-q35-rhel9.6.0", "pc-i440fx-jammy", "pc-q35-7.2+pve0", "pc-q35-\u0667.\u0662"),
    ],
)
def test_nobody_announced_the_end_of_other_names(machine: str) -> None:
    assert machine_calendar.life(machine) is None


def test_releases_are_scheduled_three_times_a_year() -> None:
    assert Release(11, 2).month == "December 2026"
    assert Release(12, 0).month == "April 2027"
    assert Release(2, 12).month == ""
    # There is no 5.12.
    assert Release(2, 12).later(3) == Release(6, 0)
    assert str(Release(11, 2)) == "11.2"


def _life(machine: str) -> Life:
    life = machine_calendar.life(machine)
    assert life is not None
    return life
