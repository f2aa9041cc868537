"""Gate the examples that ship, one for each known answer, and say whether each answer came.

`script/gate-demo` sets everything up and runs this. Each gate is a command of its own, as a user
types it; what is held against the known answer is its JSON report.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples/gate"
REPORTS = ROOT / "reports/gate-demo"
PCIABI = Path(sys.executable).with_name("pciabi")


@dataclass(frozen=True)
class Known:
    """An example, the options it is gated with, and how that ends: the verdict, and all that fails
    as `ID FIELD: BEFORE -> AFTER`, what is gone as `WHAT NAME`, what another machine type would
    change, and what the allocation is to blame for. Where `others` is set, more may fail than is
    named."""

    example: str
    options: str
    verdict: str
    answer: tuple[str, ...] = ()
    others: bool = False

    @property
    def exit_code(self) -> int:
        """That of the verdict."""
        return 0 if self.verdict == "compatible" else 1


_FAMILIES = "--from 10.0 --from-machine pc-i440fx-9.2 --to-machine pc-q35-9.2"
_DRIFT = "net0 path: 0/02.0 -> 0/01.0", "because of allocation drift: net0 (e1000)"
_BACK = "net0 queue 2 size: 1024 -> 64", "net0 sizes of queues 0, 1: 1024 -> 256"
_FORTH = "net0 queue 2 size: 64 -> 1024", "net0 sizes of queues 0, 1: 256 -> 1024"
_NVME = (
    "nvme0 Power Management capability: absent -> at 0x60",
    "nvme0 PCI Express: DevCap: Function Level Reset: no -> yes",
)
_BAR = "vga0 BAR 0: 32-bit memory, prefetchable, 16M -> 32-bit memory, prefetchable, 64M"
_INSTEAD = tuple(
    f"{machine} instead ({choice}): _UID of root bus 0: 1 -> 0"
    for machine, choice in (("pc-i440fx-5.2", "nearest"), ("pc-i440fx-8.2", "oldest-to-stay"))
)

KNOWN = (
    Known("nvme.sh", "--from 5.2 --to 7.2", "break", _NVME),
    Known("ati-vga.sh", "--from 10.0 --to 11.1", "break", (_BAR,)),
    Known("virtio-queues.sh", "--from 7.2 --to 10.0", "break", _FORTH),
    Known("virtio-queues.sh", "--from 10.0 --to 11.1", "break", _BACK),
    Known("virtio-queues.sh", "--from 7.2 --to 11.1", "compatible"),
    Known(
        "machine-type-gone.sh",
        "--from 5.2 --to 11.1",
        "will-not-start",
        ("machine type pc-i440fx-4.2", *_INSTEAD),
    ),
    Known(
        "property-gone.sh",
        "--from 10.0 --to 11.1",
        "will-not-start",
        ("property pcie-root-port.disable-acs",),
    ),
    Known("unpinned.sh", _FAMILIES, "break", _DRIFT, others=True),
    Known("unchanged.sh", "--from 5.2 --to 7.2", "compatible"),
    Known("unchanged.sh", "--from 7.2 --to 10.0", "compatible"),
    Known("unchanged.sh", "--from 10.0 --to 11.1", "compatible"),
    Known("unchanged.sh", "--from 5.2 --to 11.1 --both-ways", "compatible"),
)


@dataclass(frozen=True)
class Gated:
    """How a gate ended: its exit code, its report, None where there is none, and what it printed.
    `seconds` is wall time of the whole command."""

    exit_code: int
    report: dict[str, Any] | None
    printed: str
    seconds: float

    @property
    def answer(self) -> tuple[str, ...]:
        """What fails, or is gone, each as in `Known`."""
        if self.report is None:
            return ()
        report = self.report
        return (
            *(_changed(change) for change in report["changes"] if change["fails"]),
            *(line for refused in report["will_not_start"] for line in _refused(refused)),
            *(
                f"because of {cause['origin']}: {cause['name']}"
                for cause in report["causes"]
                if cause["origin"] == "allocation drift"
            ),
        )


def _changed(change: Mapping[str, Any]) -> str:
    device = f"{change['id']} " if change["id"] else ""
    return f"{device}{change['field']}: {change['before']} -> {change['after']}"


def _refused(refused: Mapping[str, Any]) -> Iterator[str]:
    for gone in refused["gone"]:
        yield f"{gone['what']} {gone['name']}"
    for other in refused["replacements"]:
        for change in other["changes"] or ():
            yield f"{other['machine']} instead ({other['choice']}): {_changed(change)}"


def gate(known: Known, folder: Path) -> Gated:
    """Gate an example as a user would, its report in a folder of its own below `folder`."""
    options = [*known.options.split(), "--report-dir", str(folder)]
    start = time.perf_counter()
    done = subprocess.run(
        [PCIABI, "gate", *options, str(EXAMPLES / known.example)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    last = done.stdout.rstrip().rpartition("\n")[2]
    page = last.removeprefix("report: ") if last.startswith("report: ") else None
    report = json.loads(Path(page).with_name("report.json").read_text()) if page else None
    return Gated(done.returncode, report, done.stdout, seconds)


def is_known(known: Known, gated: Gated) -> bool:
    """Whether the gate ended as it had to, for the reason it had to."""
    if gated.report is None or gated.report["verdict"] != known.verdict:
        return False
    wanted, found = set(known.answer), set(gated.answer)
    as_wanted = wanted <= found if known.others else wanted == found
    return gated.exit_code == known.exit_code and as_wanted


def main() -> int:
    """Gate every example and print a line of each; 1 where an answer is not the known one."""
    vms, read, seconds, wrong = 0, 0, 0.0, 0
    for number, known in enumerate(KNOWN, start=1):
        gated = gate(known, REPORTS / f"{number:02}-{Path(known.example).stem}")
        coverage = gated.report["coverage"] if gated.report else {"vms": 0, "read": 0}
        verdict = gated.report["verdict"] if gated.report else f"exit code {gated.exit_code}"
        vms, read = vms + coverage["vms"], read + coverage["read"]
        seconds += gated.seconds
        figures = f"{coverage['vms']} VM, {coverage['read']} readings, {gated.seconds:.1f} s"
        print(f"{known.example:20} {known.options}: {verdict} ({figures})")
        for line in gated.answer if not known.others else known.answer:
            print(f"    {line}")
        if not is_known(known, gated):
            wrong += 1
            print(f"    NOT the known answer: {known.verdict}, {'; '.join(known.answer)}")
            print(gated.printed)
    print(f"{len(KNOWN)} gates, {vms} VMs, {read} readings in {seconds:.1f} s")
    print(f"reports: {REPORTS}")
    if wrong:
        print(f"{wrong} of {len(KNOWN)} did not end as they must")
        return 1
    print("each ended as it must")
    return 0


if __name__ == "__main__":
    sys.exit(main())
