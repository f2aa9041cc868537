"""Equal changes of many VMs are one row, whatever the VM; others are not."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.change import Change, Outcome
from pciabi.abi.judgement import Severity
from pciabi.abi.naming import MACHINE_LABEL
from pciabi.result.cause import Cause, Origin
from pciabi.result.entry import Entry
from pciabi.result.judged import judge
from pciabi.result.policy import FailOn, Policy
from pciabi.result.rows import Row, rows, silent_causes, weighty
from tests.unit import gate_data as data

VMS = (data.NVME, data.ATI_VGA, data.VIRTIO, data.CXL)


def compared(index: int, number: int) -> Entry:
    return data.compared(VMS[index], f"vm{number}.sh")


@given(st.lists(st.integers(0, len(VMS) - 1), max_size=6))
def test_every_change_of_every_vm_is_in_one_row(chosen: list[int]) -> None:
    entries = [compared(index, number) for number, index in enumerate(chosen)]
    made = rows(entries)
    seen = [(one.vm, one.judged.change) for row in made for one in row.sightings]
    there = [(n, change) for n, e in enumerate(entries) for change in e.comparisons[0].changes]
    assert sorted(seen, key=repr) == sorted(there, key=repr)
    keys = [
        (r.device, r.change.kind, r.change.field, r.change.before, r.change.after) for r in made
    ]
    assert len(set(keys)) == len(keys)
    order = [(not row.fails, list(Severity).index(row.severity)) for row in made]
    assert order == sorted(order)


def the(made: tuple[Row, ...], field: str) -> Row:
    (row,) = (row for row in made if row.change.field == field and row.fails)
    return row


def test_a_row_says_where_it_is_and_of_which_devices() -> None:
    other = data.compared(data.NVME, "db.sh")
    (comparison,) = other.comparisons
    renamed = tuple(
        replace(one, change=replace(one.change, id="disk7", label="disk7 (nvme)"))
        if one.change.id == "nvme0"
        else one
        for one in comparison.judged_changes
    )
    other = replace(other, comparisons=(replace(comparison, judged_changes=renamed),))
    row = the(rows([compared(3, 0), compared(0, 1), other]), "Power Management capability")
    assert (row.device, row.vms, row.machines) == ("nvme", (1, 2), ("pc-i440fx-5.2",))
    assert row.devices == ("nvme0 (nvme)", "disk7 (nvme)")
    assert len(row.sightings) == 2


def test_another_value_or_field_is_another_row() -> None:
    entry = compared(0, 0)
    (comparison,) = entry.comparisons
    first = comparison.judged_changes[0]

    def having(change: Change) -> Entry:
        judged = (replace(first, change=change),)
        return replace(entry, comparisons=(replace(comparison, judged_changes=judged),))

    change = first.change
    assert len(rows([having(change), having(replace(change, reason="another", offset=4))])) == 1
    for other in (
        replace(change, before="x"),
        replace(change, after="x"),
        replace(change, field="x"),
    ):
        assert len(rows([having(change), having(other)])) == 2


def test_what_the_machine_shows_is_one_row_for_all_machine_types() -> None:
    entry = compared(0, 0)
    (comparison,) = entry.comparisons
    of_machine = next(one for one in comparison.judged_changes if one.change.is_of_the_machine)
    other = replace(of_machine, change=replace(of_machine.change, device="pc-q35-9.9-machine"))
    entries = [
        replace(entry, comparisons=(replace(comparison, judged_changes=(one,)),))
        for one in (of_machine, other)
    ]
    (row,) = rows(entries)
    assert (row.device, row.vms) == (MACHINE_LABEL, (0, 1))


def test_a_row_fails_where_any_vm_does_and_keeps_the_excuses() -> None:
    waived, failing = data.waived(compared(1, 0), "known"), compared(1, 1)
    (both,) = weighty(rows([waived, failing]))
    assert both.fails
    assert both.excuses == ("known",)
    (alone,) = weighty(rows([waived]))
    assert not alone.fails


def test_benign_differences_are_worth_a_look_only_where_they_fail() -> None:
    entries = [compared(0, 0)]
    assert {row.severity for row in weighty(rows(entries))} == {Severity.BREAKING, Severity.NOTABLE}
    (comparison,) = entries[0].comparisons
    judged = tuple(replace(one, fails=True) for one in comparison.judged_changes)
    failing = replace(entries[0], comparisons=(replace(comparison, judged_changes=judged),))
    assert len(list(weighty(rows([failing])))) == len(rows([failing]))


def test_a_policy_that_fails_on_notable_changes_puts_them_in_front() -> None:
    before, after = (data.side(name, "vm.sh") for name in data.NVME)
    entry = data.entry("vm.sh", judge(before, after, Policy(frozenset({FailOn.NOTABLE}))))
    made = rows([entry])
    failing = [row.severity for row in made if row.fails]
    assert set(failing) == {Severity.BREAKING, Severity.NOTABLE}
    assert not any(row.fails for row in made[len(failing) :])


def test_what_hurts_a_guest_comes_before_what_only_breaks() -> None:
    entry = compared(0, 0)
    (comparison,) = entry.comparisons
    first, second = (one for one in comparison.judged_changes if one.fails)
    machine = next(one for one in comparison.judged_changes if one.change.is_of_the_machine)
    (kept,) = second.change.consequences
    hurts = (replace(kept, outcome=Outcome.CHANGED),)
    judged = (
        first,
        replace(second, change=replace(second.change, consequences=hurts)),
        replace(
            machine,
            change=replace(machine.change, consequences=hurts, severity=Severity.BREAKING),
            fails=True,
        ),
    )
    made = rows([replace(entry, comparisons=(replace(comparison, judged_changes=judged),))])
    fields = [row.change.field for row in made]
    assert fields == [machine.change.field, second.change.field, first.change.field]


def caused(change: Change, machines: tuple[str, ...], after: str = "4") -> tuple[Cause, ...]:
    name = "virtio-net-pci.vectors"
    made = Cause(Origin.COMPAT_PROPERTY, name, change.label, "3", after, (change,), machines)
    return (made, replace(made, name="pci-device.quiet", explains=()))


def test_causes_stand_with_what_they_explain_and_the_others_apart() -> None:
    entries = []
    for number, machine in enumerate(("pc-q35-5.2", "pc-q35-6.0")):
        entry = compared(1, number)
        (failing,) = (one.change for one in entry.comparisons[0].judged_changes if one.fails)
        entries.append(replace(entry, causes=caused(failing, (machine,))))
    (row,) = weighty(rows(entries))
    (cause,) = row.causes
    assert (cause.name, cause.machines) == ("virtio-net-pci.vectors", ("pc-q35-5.2", "pc-q35-6.0"))
    (silent,) = silent_causes(entries)
    assert (silent.cause.name, silent.vms) == ("pci-device.quiet", (0, 1))
    assert not any(one.causes for one in rows(entries) if one.severity is Severity.BENIGN)


def test_no_vm_has_no_row() -> None:
    assert rows([]) == ()
    assert silent_causes([]) == ()
