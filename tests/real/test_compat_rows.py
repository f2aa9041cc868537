"""Each compatibility property that QEMU 11.1 sets of a PCI device for old machine types shows
between the two types that it tells apart: as what it decides where that is read, else as itself."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from pciabi.abi.change import Change
from pciabi.abi.compare import compare
from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.probe import first_cause, refusal
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.probe.hypervisor import PAUSED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from tests.real.compat_rows import NOT_ON_PCI, PORT, ROWS, SAME_AS_ANOTHER, Row
from tests.real.releases import emulator

RELEASE = "11.1"
FAMILY = "pc-q35-"
BARE = ("-nodefaults", "-no-user-config")


@cache
def read(version: str, *arguments: str) -> Snapshot:
    hardware = Hardware((*BARE, "-machine", f"{FAMILY}{version}", *arguments))
    return cold_probe(hardware, emulator(RELEASE), Cancellation(), Deadline.after(120))


@cache
def compat_properties() -> dict[str, frozenset[tuple[str, str, str]]]:
    """What QEMU sets for each version of q35, the newest first."""
    cancellation, deadline = Cancellation(), Deadline.after(120)
    machine = Machine(emulator(RELEASE), (*BARE, "-machine", "q35"), PAUSED)
    with (
        OWN_QEMU.start(machine, cancellation) as running,
        first_cause.session(
            running, cancellation, deadline, lambda: refusal.of_hardware(running.process)
        ) as qmp,
    ):
        machines = qmp.execute("query-machines", {"compat-props": True})
    assert isinstance(machines, list)
    found = {
        one["name"].removeprefix(FAMILY): frozenset(
            (set_["qom-type"], set_["property"], set_["value"]) for set_ in one["compat-props"]
        )
        for one in machines
        if one["name"].startswith(FAMILY)
    }
    return dict(sorted(found.items(), key=lambda pair: _number(pair[0]), reverse=True))


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def newer(version: str) -> str:
    """The next newer machine type that there is."""
    versions = list(compat_properties())
    return versions[versions.index(version) - 1]


def said(change: Change) -> tuple[str, str, str, str, str]:
    return change.severity, str(change.kind), change.field, change.before, change.after


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.version}-{r.qom_type}-{r.property}")
def test_a_row_shows_between_two_machine_types(row: Row) -> None:
    before, after = read(row.version, *row.arguments), read(newer(row.version), *row.arguments)
    changes = [
        change
        for change in compare(before, after).changes
        if row.device in (change.id, change.device)
    ]
    assert set(row.said) <= set(map(said, changes))
    about = [one for one in changes if one.field == f"property {row.property}"]
    assert about if row.said and row.device != "port0" else not about
    if len(row.said) == 2:
        fact = next(change for change in changes if said(change) == row.said[0])
        name = row.said[1][2].removeprefix("property ")
        assert f"; the property {name} ({before_and_after(row)}) decides it" in fact.reason
    else:
        assert row.decides or row.said[0][0] == "breaking"


def before_and_after(row: Row) -> str:
    *_, before, after = row.said[1]
    return f"{before} → {after}"


def test_no_row_is_forgotten() -> None:
    known = {(row.version, row.qom_type, row.property) for row in ROWS}
    compat = compat_properties()
    for new, old in pairwise(compat):
        for qom_type, name, _ in compat[old] - compat[new]:
            if qom_type.startswith(NOT_ON_PCI) or (qom_type, name) in SAME_AS_ANOTHER:
                continue
            assert (old, qom_type, name) in known


def test_what_no_newer_type_has_shows_where_it_is_stated() -> None:
    device = "virtio-rng-pci,id=t0,bus=port0"
    before = read("9.0", *PORT, "-device", device)
    after = read("9.0", *PORT, "-device", f"{device},x-pcie-pm-no-soft-reset=on")
    changes = {said(change) for change in compare(before, after).changes}
    assert changes == {
        ("breaking", "capability", "Power Management: PMCSR: No Soft Reset", "no", "yes"),
        ("benign", "device-property", "property x-pcie-pm-no-soft-reset", "off", "on"),
    }
