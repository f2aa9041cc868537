"""VMs that one real QEMU starts and another one refuses: what is gone, and what could replace it.

The known answers stand in the releases' own words: 11.1 has no machine type before 5.2 and dropped
properties that only those needed; 10.0 has no `sga`; 7.2 has no CPU model Icelake-Client.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pciabi.abi.change import Harm, Outcome
from pciabi.cancellation import Cancellation
from pciabi.errors import Refusal
from pciabi.probe.host import Host
from pciabi.probe.vocabulary_task import PropertiesTask, VocabularyTask
from pciabi.qemu.vocabulary import PCI_DEVICE
from pciabi.result.cause import Origin
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedComparison
from pciabi.result.verdict import Verdict
from pciabi.result.will_not_start import Choice, WillNotStart
from tests.real.test_gate import MAC, gate, on

NIC = f"-device e1000,id=net0,{MAC},addr=4"
QEMUS = ["5.2", None, "10.0", "11.1"]


def judged(
    folder: Path,
    qemus: tuple[str | None, str | None],
    *options: str,
    machines: tuple[str | None, str | None] = (None, None),
) -> Entry:
    """A VM with each option on a line of its own, from line 2 on, on two QEMUs."""
    lines = "".join(f" \\\n {option}" for option in options)
    (folder / "vm.sh").write_text(f"qemu-system-x86_64 -m 256{lines}\n")
    old, new = (on(qemu, machine) for qemu, machine in zip(qemus, machines, strict=True))
    (entry,) = gate(folder, old, new).entries
    return entry


def refused(entry: Entry) -> WillNotStart:
    assert entry.error is None, entry.error
    assert entry.verdict is Verdict.WILL_NOT_START
    assert entry.will_not_start is not None
    return entry.will_not_start


def gone(entry: Entry) -> list[tuple[str, str, int]]:
    return [(one.what.value, one.name, one.place.line) for one in refused(entry).gone]


def windows_sees_a_new_root_bridge(comparison: JudgedComparison) -> bool:
    return any(
        change.field.startswith("_UID of root bus") and consequence.outcome is Outcome.CHANGED
        for change in comparison.changes
        for consequence in change.consequences
        if consequence.harm is Harm.WINDOWS_IDENTITY
    )


@pytest.mark.parametrize("chipset", ["pc-i440fx", "pc-q35"])
def test_a_machine_type_that_is_gone_has_two_replacements(tmp_path: Path, chipset: str) -> None:
    entry = judged(tmp_path, ("5.2", "11.1"), f"-M {chipset}-4.2", NIC)
    assert gone(entry) == [("machine type", f"{chipset}-4.2", 2)]
    stopped = refused(entry)
    assert "11.1.3" in stopped.refused_by
    assert stopped.place.line == 2
    proposed = [(one.machine, one.choice, one.deprecated, one.ends) for one in stopped.replacements]
    assert proposed == [
        (f"{chipset}-5.2", Choice.NEAREST, True, "11.2"),
        (f"{chipset}-8.2", Choice.OLDEST_TO_STAY, False, "14.2"),
    ]
    for one in stopped.replacements:
        assert one.comparison is not None, one.error
        assert windows_sees_a_new_root_bridge(one.comparison)
        assert one.comparison.after.snapshot.provenance.machine == one.machine


def test_all_that_is_gone_is_told_and_not_only_what_qemu_complains_of(tmp_path: Path) -> None:
    entry = judged(
        tmp_path,
        ("5.2", "11.1"),
        "-M pc-i440fx-4.2",
        "-device sga",
        f"-device virtio-net,{MAC},x-pcie-pm-init=on,x-mtu-bypass-backend=on",
        "-global pci-device.x-pcie-extcap-init=on",
        "-cpu Icelake-Client",
    )
    assert gone(entry) == [
        ("machine type", "pc-i440fx-4.2", 2),
        ("device", "sga", 3),
        ("property", "virtio-net-pci.x-pcie-pm-init", 4),
        ("property", "virtio-net-pci.x-mtu-bypass-backend", 4),
        ("property", "pci-device.x-pcie-extcap-init", 5),
        ("value", "-cpu Icelake-Client", 6),
    ]
    # Nobody can tell what a guest would see under another type: more than that is gone.
    errors = [one.error for one in refused(entry).replacements]
    assert len(errors) == 2
    assert all(isinstance(error, Refusal) for error in errors)


@pytest.mark.parametrize(
    ("qemus", "options", "expected"),
    [
        ((None, "10.0"), ["-M pc-q35-7.2", "-device sga"], ("device", "sga", 3)),
        (
            ("10.0", "11.1"),
            ["-M pc-q35-7.2", "-device virtio-rng-pci,addr=5,x-pcie-pm-init=off"],
            ("property", "virtio-rng-pci.x-pcie-pm-init", 3),
        ),
        (
            ("10.0", "11.1"),
            ["-M pc-q35-7.2", "-global virtio-net-pci.x-mtu-bypass-backend=off"],
            ("property", "virtio-net-pci.x-mtu-bypass-backend", 3),
        ),
        (
            ("10.0", "11.1"),
            [
                "-M pc-q35-7.2",
                """-device '{"driver":"virtio-rng-pci","addr":"0x5","x-disable-pcie":true}'""",
            ],
            ("property", "virtio-rng-pci.x-disable-pcie", 3),
        ),
        (
            ("10.0", "11.1"),
            ["-M pc-q35-7.2", "-device vfio-pci,id=d,host=0:1:0.0,x-pcie-extcap-init=off"],
            ("property", "vfio-pci.x-pcie-extcap-init", 3),
        ),
        (
            ("5.2", None),
            ["-M pc-q35-5.2", "-cpu Icelake-Client"],
            ("value", "-cpu Icelake-Client", 3),
        ),
    ],
)
def test_what_is_gone_is_told_with_its_line(
    tmp_path: Path,
    qemus: tuple[str | None, str | None],
    options: list[str],
    expected: tuple[str, str, int],
) -> None:
    assert gone(judged(tmp_path, qemus, *options)) == [expected]


def test_a_scenario_s_device_is_told_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "vm.pciabi.yaml").write_text(
        "summary: a property that is gone\n"
        "machine: pc-q35-7.2\n"
        "devices:\n"
        "  - {id: rng0, driver: virtio-rng-pci, properties: {x-pcie-pm-init: 'off'}}\n"
        "steps:\n"
        "  - boot: once\n"
        "  - boot: twice\n"
    )
    (entry,) = gate(tmp_path, on("10.0"), on("11.1")).entries
    assert gone(entry) == [("property", "virtio-rng-pci.x-pcie-pm-init", 4)]


@pytest.mark.parametrize(
    ("qemus", "options", "words"),
    [
        (("10.0", "11.1"), ["-M pc-q35-11.0"], "only the later side starts it"),
        ((None, "10.0"), ["-M pc-q35-7.2", "-device igb"], "only the later side starts it"),
        (("10.0", "11.1"), ["-M pc-q35-1.1"], "neither side starts it"),
        ((None, "11.1"), ["-M pc-q35-7.2", "-device sd-card"], "neither side starts it"),
    ],
)
def test_what_the_earlier_side_refuses_is_bad_input(
    tmp_path: Path, qemus: tuple[str | None, str | None], options: list[str], words: str
) -> None:
    entry = judged(tmp_path, qemus, *options)
    assert entry.error is not None
    assert entry.error.message.startswith(words)
    assert entry.error.exit_code == 2
    assert entry.error.place is not None


def test_a_machine_type_that_the_user_names_and_that_is_not_there_is_bad_input(
    tmp_path: Path,
) -> None:
    entry = judged(tmp_path, ("5.2", "11.1"), "-M pc-q35-5.2", NIC, machines=(None, "pc-q35-4.2"))
    assert entry.will_not_start is None
    assert entry.error is not None
    assert entry.error.exit_code == 2


def test_a_qemu_that_crashes_proves_nothing(tmp_path: Path) -> None:
    """It runs for its version and its help, and dies of any machine."""
    crashing = tmp_path / "bin" / "qemu-system-x86_64"
    crashing.parent.mkdir()
    crashing.write_text(
        '#!/bin/sh\ncase "$*" in *--version*|*help*) exec qemu-system-x86_64 "$@";; esac\n'
        "kill -SEGV $$\n"
    )
    crashing.chmod(0o755)
    folder = tmp_path / "vms"
    folder.mkdir()
    entry = judged(folder, (None, str(crashing)), "-M pc-q35-7.2", NIC)
    assert entry.will_not_start is None
    assert entry.error is not None
    assert "signal" in entry.error.message
    assert entry.error.exit_code == 3


@pytest.mark.parametrize("qemu", QEMUS)
def test_every_release_tells_what_it_knows(qemu: str | None) -> None:
    host = Host(Cancellation())
    known = host.read(VocabularyTask(qemu))
    version = host.qemu(qemu).version
    newest = known.machine("q35")
    assert newest is not None
    assert newest.name == f"pc-q35-{version[0]}.{version[1]}"
    assert list(known.ancestors("pcie-root-port"))[-4:] == [
        *("base-pci-bridge", PCI_DEVICE, "device", "object"),
    ]
    # They tell compat properties from 9.1 on.
    assert (newest.compat is not None) is (version >= (9, 1, 0))
    asked = frozenset({"virtio-net-pci", "base-pci-bridge", f"{newest.name}-machine"})
    takes = host.read(PropertiesTask(qemu, asked))
    assert takes.keys() == asked
    assert "mq" in takes["virtio-net-pci"]
    assert "usb" in takes[f"{newest.name}-machine"]
    assert ("x-mtu-bypass-backend" in takes["virtio-net-pci"]) is (version < (11, 0, 0))


def test_compat_properties_are_tied_to_what_a_guest_sees(tmp_path: Path) -> None:
    """What changing the machine type does, on one QEMU that tells what its types set."""
    entry = judged(
        tmp_path,
        ("11.1", "11.1"),
        "-nodefaults",
        "-device pcie-root-port,id=rp,addr=4,chassis=1",
        "-device virtio-balloon-pci,id=b,addr=6",
        machines=("pc-q35-6.2", "pc-q35-11.1"),
    )
    compat = [one for one in entry.causes if one.origin is Origin.COMPAT_PROPERTY]
    explained = {
        (one.name, one.before, one.after): {change.field for change in one.explains}
        for one in compat
        if one.explains
    }
    assert explained[("virtio-balloon-pci.vectors", "0", "2")] == {"MSI-X capability", "BAR 1"}
    assert explained[("pci-device.x-pcie-ext-tag", "off", "on")] == {
        "PCI Express: DevCap: Extended Tag"
    }
    assert explained[("virtio-device.queue_reset", "off", "on")] >= {"virtio feature RING_RESET"}
    tag = next(one for one in compat if one.name == "pci-device.x-pcie-ext-tag" and one.explains)
    assert tag.device == "rp (pcie-root-port)"
    assert tag.machines[0] == "pc-q35-9.1"
    assert tag.machines[-1] == "pc-q35-5.2"
    # Of a balloon on the root bus nobody sees it.
    assert any(one.name == "virtio-pci.x-pcie-pm-no-soft-reset" for one in compat)
    seen = {change for one in entry.causes for change in one.explains}
    assert seen <= set(entry.comparisons[0].changes)


def test_what_nothing_pins_drifts_with_the_chipset(tmp_path: Path) -> None:
    entry = judged(
        tmp_path,
        (None, None),
        "-nodefaults",
        f"-device e1000,id=loose,{MAC}",
        "-device virtio-rng-pci,id=held,addr=9",
        machines=("pc-i440fx-7.2", "pc-q35-7.2"),
    )
    drifts = [one for one in entry.causes if one.origin is Origin.ALLOCATION]
    assert [(one.name, one.before, one.after) for one in drifts] == [
        ("loose (e1000)", "0000:00:02.0", "0000:00:01.0")
    ]


@pytest.mark.parametrize(
    ("qemus", "option"),
    [
        (("5.2", None), "-watchdog i6300esb"),
        ((None, "10.0"), "-no-hpet"),
        ((None, "11.1"), "-runas nobody"),
    ],
)
def test_an_option_that_is_not_handed_on_may_be_gone_too(
    tmp_path: Path, qemus: tuple[str | None, str | None], option: str
) -> None:
    entry = judged(tmp_path, qemus, "-M pc", option, "-display none", "-device e1000,addr=9")
    name = option.partition(" ")[0]
    assert gone(entry) == [("option", name, 3)]
    assert refused(entry).words == f"{name}: invalid option"
    assert refused(entry).place.line == 3


def test_what_changes_is_told_beside_an_option_that_is_gone(tmp_path: Path) -> None:
    nic = "-device virtio-net-pci,id=n,addr=3"
    entry = judged(tmp_path, (None, "10.0"), "-M pc-q35-7.2 -nodefaults -no-hpet", nic)
    assert entry.verdict is Verdict.WILL_NOT_START
    excused = replace(entry, will_not_start=replace(refused(entry), excuse="known"))
    assert excused.verdict is Verdict.BREAK
    assert any("queue" in str(failure.message) for failure in excused.failures)


def test_an_option_that_neither_knows_is_not_gone(tmp_path: Path) -> None:
    entry = judged(tmp_path, ("11.1", "11.1"), "-M q35 -id 100 -no-hpet", NIC)
    assert entry.verdict is Verdict.COMPATIBLE


def test_gone_options_stand_beside_what_the_later_qemu_refuses(tmp_path: Path) -> None:
    entry = judged(tmp_path, ("5.2", "11.1"), "-M pc-i440fx-4.2 -no-acpi", NIC)
    assert gone(entry) == [("machine type", "pc-i440fx-4.2", 2), ("option", "-no-acpi", 2)]
