"""Results for the reports to show: recorded hardware, judged by the product's own judge."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pciabi.abi.snapshot import NetworkInterface, PlacedFunction, Provenance, Snapshot, Unreachable
from pciabi.errors import Evidence, GuestError, PciabiError, SourcePosition
from pciabi.probe.attempt import Attempt
from pciabi.result.boot import BootRecord
from pciabi.result.entry import Entry
from pciabi.result.expectations import Expectation, Expectations, Tolerance
from pciabi.result.failure import Aspect
from pciabi.result.judged import judge as judged
from pciabi.result.policy import FailOn, Policy
from pciabi.result.result import Command, Result, of_two_sides
from pciabi.result.side import Side
from pciabi.scenario import refuse
from pciabi.scenario.case import Boot, Case, Refusal
from pciabi.scenario.judge import judge
from pciabi.vm.config import VmConfig
from tests.unit.strategies import GOLDEN, recorded, recorded_text, with_interfaces

CONSOLE = "Linux version 6.1.0\r\nvirtio_net virtio0 ens2: renamed from eth0\r\npciabi: ready\r\n"
TWO_NICS = "qemu-7.2_pc-two-nics"
FIRST_REMOVED = "qemu-7.2_pc-first-nic-removed"
MANY = "qemu-7.2_q35-many"
PORTS = "qemu-7.2_q35-two-ports"
PORT_IN_FRONT = "qemu-7.2_q35-port-in-front"


def record(recording: str, console: str = CONSOLE) -> BootRecord:
    """A boot that showed what a recording in tests/golden/lspci holds."""
    placed = recorded(recording).functions
    listing = json.loads((GOLDEN / f"{recording}.json").read_text())
    provenance = Provenance(
        probe="boot",
        qemu_version="7.2.22",
        qemu_package=f"QEMU emulator version 7.2.22 ({listing['package']})",
        machine=listing["machine"],
        accelerator="tcg",
        firmware="SeaBIOS 1.16.2-debian-1.16.2-1",
        guest="debian image 0123456789ab, Linux 6.1.0-44-amd64",
        command_line=tuple(listing["command_line"]),
    )
    snapshot = Snapshot(with_interfaces(placed, _interfaces(placed)), provenance)
    return BootRecord(snapshot, recorded_text(recording), console, 6.2)


def _interfaces(functions: Iterable[PlacedFunction]) -> tuple[NetworkInterface, ...]:
    nics = [f for f in functions if f.function.config[0x0B] == 0x02]
    return tuple(
        NetworkInterface(nic.address, _mac(nic), "driver", name, (("ID_NET_NAME_SLOT", name),))
        for nic in nics
        for name in [f"enp{nic.address.bus}s{nic.address.slot}"]
    )


def _mac(nic: PlacedFunction) -> str:
    return f"52:54:00:ab:00:{int((nic.qdev_id or 'net0')[3:]) + 1:02x}"


def expectation(device_id: str, aspect: Aspect, changed: str, line: int = 14) -> Expectation:
    """What a scenario file's `expect:` says on one line."""
    position = SourcePosition("scenarios/example.yaml", line, 14)
    return Expectation(device_id, aspect, changed == "changed", position)


def case(
    scenario: str,
    name: str,
    expectations: Iterable[Expectation],
    removed: Iterable[str] = (),
    tolerances: Iterable[Tolerance] = (),
    added: Iterable[str] = (),
) -> Case:
    """A case of two boots."""
    config = VmConfig("pc", "256M", 1, ())
    comparison = Expectations(
        0,
        1,
        frozenset(removed),
        frozenset(added),
        tuple(expectations),
        tuple(tolerances),
        SourcePosition("scenarios/example.yaml", 12),
    )
    return Case(
        scenario=scenario,
        file=Path("scenarios/example.yaml"),
        summary="With pinned addresses, removing the first NIC leaves the second where it is",
        name=name,
        axes=(("machine", "pc"), ("nic", "virtio-net-pci")),
        image=Path("images/debian.yaml"),
        timeout=90,
        boots=(Boot("two NICs", config), Boot("first NIC removed", config)),
        comparisons=(comparison,),
    )


def ended(what: Case, before: BootRecord, after: BootRecord) -> Entry:
    """The case with these two boots, judged."""
    judged = judge(what, what.comparisons[0], before.snapshot, after.snapshot)
    return Entry(what.subject, (judged,), None, 13.4, (before, after), plan=what.plan)


def control(name: str = "pc-virtio-net-pci") -> Entry:
    """The second NIC had to move, and did."""
    moves = [
        expectation("net1", Aspect.ADDRESS, "changed"),
        expectation("net1", Aspect.NAME, "changed"),
        expectation("net1", Aspect.IDENTITY, "unchanged"),
    ]
    what = case("two-nics-unpinned", name, moves, ["net0"], [Tolerance("net1", Aspect.PATH)])
    return ended(what, record(TWO_NICS), record(FIRST_REMOVED))


def idle_control() -> Entry:
    """The second NIC had to move, and did not."""
    moves = [expectation("net1", Aspect.ADDRESS, "changed")]
    return ended(case("two-nics-unpinned", "idle", moves), record(TWO_NICS), record(TWO_NICS))


def pinned(name: str = "pc-virtio-net-pci", console: str = CONSOLE) -> Entry:
    """Nothing was to change, and nothing did."""
    what = case("two-nics-pinned", name, [expectation("net1", Aspect.ADDRESS, "unchanged")])
    return ended(what, record(TWO_NICS, console), record(TWO_NICS, console))


def sabotage(console: str = CONSOLE) -> Entry:
    """The second NIC was not to move, and did."""
    stays = [expectation("net1", Aspect.ADDRESS, "unchanged")]
    what = case("two-nics-pinned", "pc-sabotaged", stays, ["net0"])
    return ended(what, record(TWO_NICS, console), record(FIRST_REMOVED, console))


def renumbered() -> Entry:
    """A root port in front gives the buses behind the others new numbers."""
    stays = [expectation("net1", Aspect.NAME, "unchanged")]
    return ended(
        case("add-a-port", "q35-virtio-net-pci", stays), record(PORTS), record(PORT_IN_FRONT)
    )


def renumbered_control() -> Entry:
    """The same, had the scenario expected it."""
    expectations = [
        expectation(name, aspect, judgement)
        for name in ("net0", "net1")
        for aspect, judgement in (
            (Aspect.ADDRESS, "changed"),
            (Aspect.PATH, "unchanged"),
            (Aspect.NAME, "changed"),
        )
    ]
    what = case("add-root-port", "q35-virtio-net-pci", expectations, added=["port0", "test0"])
    return ended(what, record(PORTS), record(PORT_IN_FRONT))


WHY_UNREACHABLE = "slot 4 has no function 0, and guests look at the others only after it"


def unreachable(*expectations: Expectation, why: str = WHY_UNREACHABLE) -> Entry:
    """QEMU keeps the second NIC, and no guest finds it any more."""
    before = record(TWO_NICS)
    (lost,) = [f for f in before.snapshot.functions if f.qdev_id == "net1"]
    snapshot = replace(
        before.snapshot,
        functions=tuple(f for f in before.snapshot.functions if f is not lost),
        unreachable=(Unreachable(lost.path, "net1", lost.device, why),),
    )
    what = case("multifunction", "pc-function0", expectations)
    return ended(what, before, replace(before, snapshot=snapshot))


def refused(
    words: str | None = "PCI: slot 2 function 0 not available for e1000, in use by e1000,id=net0",
    blamed: str | None = "net1",
) -> Entry:
    """A start that had to be refused on account of net1, and no boot at all."""
    wanted = Refusal(
        VmConfig("pc", "256M", 1, ()),
        "net1",
        "not available",
        SourcePosition("scenarios/example.yaml", 17),
    )
    what = replace(
        case("pin-only-one", "pc-e1000", []), boots=(), comparisons=(), refusals=(wanted,)
    )
    made = Attempt(blamed, words, ("qemu-system-x86_64", "-device", "e1000,id=net1,addr=0x2"))
    refusals = (refuse.judge(wanted, made),)
    return Entry(what.subject, (), None, 0.2, refusals=refusals, plan=what.plan)


def many() -> Entry:
    """Bridges, switches and an expander bus; nothing changes."""
    return ended(case("many-devices", "q35", []), record(MANY), record(MANY))


def untested(console: str = CONSOLE) -> Entry:
    """The second guest was not ready in time."""
    what = case("two-nics-pinned", "pc-e1000", [expectation("net1", Aspect.ADDRESS, "unchanged")])
    error: PciabiError = GuestError(
        "the guest was not ready after 90 s",
        advice="a longer `timeout:` in the scenario if this machine is slow",
        place=SourcePosition("scenarios/example.yaml", 3),
    )
    error.evidence = Evidence(record(TWO_NICS).snapshot.provenance.command_line, console)
    boots = (record(TWO_NICS, console),)
    return Entry(what.subject, (), error, 97.1, boots, plan=what.plan)


def run(*entries: Entry) -> Result:
    """The cases as one run."""
    return Result(
        command=Command.RUN,
        entries=entries,
        started=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        seconds=27.0,
        tool_version="0.1.0",
        qemu="QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)",
        accelerator="TCG, because KVM does not work here: there is no /dev/kvm",
    )


def diff(before: Side, after: Side, fail_on: Iterable[FailOn] = ()) -> Result:
    """Two sides held against each other."""
    comparison = judged(before, after, Policy(frozenset(fail_on)))
    return of_two_sides(comparison, datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC), 0.5)
