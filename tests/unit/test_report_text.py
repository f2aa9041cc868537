"""The terminal: what is printed, on a terminal and elsewhere, and nothing a guest could slip in."""

from __future__ import annotations

import io
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pciabi.distribution.progress import Progress
from pciabi.errors import InputError, SourcePosition
from pciabi.events import Ended, ImageProgressed, Planned, Said, StageReached
from pciabi.report.terminal.errors import print_error
from pciabi.report.terminal.live_table import LiveTable
from pciabi.report.terminal.output import Output, PlainOutput, StyledOutput
from pciabi.report.terminal.printing import print_result
from pciabi.report.terminal.watching import watch
from pciabi.result.entry import Entry
from pciabi.scenario.case import Case
from pciabi.scenario.plan import label
from tests.unit import report_data as data

HOSTILE = "[bold]not markup[/bold] \x1b[2J\x1b]0;owned\x07\n"
# Colours and cursor movements that rich itself sends, and what is left of a line.
SENT_BY_RICH = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def pipe() -> tuple[PlainOutput, io.StringIO]:
    file = io.StringIO()
    return PlainOutput(file), file


def terminal(width: int = 80) -> tuple[StyledOutput, io.StringIO]:
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=True, width=width, height=30, highlight=False, _environ={}
    )
    return StyledOutput(console), file


def case_of(entry: Entry) -> Case:
    return data.case(entry.subject.group, entry.subject.name, [])


def printed(output: tuple[Output, io.StringIO]) -> str:
    result = data.run(data.control(), data.sabotage(), data.untested(HOSTILE))
    print_result(result, Path("reports/x/report.html"), output[0])
    return output[1].getvalue()


def test_a_pipe_gets_plain_ascii_lines_with_everything_in_them() -> None:
    out = printed(pipe())
    assert re.fullmatch(r"[\n -~]*", out)
    lines = out.splitlines()
    assert "scenarios/example.yaml:14: two-nics-pinned[pc-sabotaged]: net1 moved from" in out
    assert "net1 0000:00:04.0 -> 0000:00:03.0, enp0s4 -> enp0s3 (13.4 s)" in lines[0]
    assert lines[0].startswith("moved as expected: two-nics-unpinned[pc-virtio-net-pci]: ")
    assert lines[1].startswith("BROKE: ")
    assert lines[2].startswith("NOT TESTED: ")
    assert "    [bold]not markup[/bold]" in lines
    assert lines[-3].startswith("Error: 1 of 3 cases could not be tested")
    assert lines[-2].startswith("Scope: topology, configuration space, BARs, ")
    assert "as read under TCG. Not looked at: " in lines[-2]
    assert "virtio features" in lines[-2].partition("Not looked at: ")[2]
    assert lines[-1] == "report: reports/x/report.html"


def test_a_terminal_gets_a_table_of_its_width_and_no_foreign_control() -> None:
    out = SENT_BY_RICH.sub("", printed(terminal()))
    assert "\x1b" not in out
    assert "[bold]not markup[/bold]" in out
    table = out[: out.index("scenarios/example.yaml")]
    assert max(map(len, table.splitlines())) <= 80
    assert "pc-sabotaged" in table
    assert "NOT TESTED" in table


def test_an_error_is_one_line_that_names_the_place_and_the_cure() -> None:
    output, file = pipe()
    place = SourcePosition("a.yaml", 7)
    print_error(InputError("no\nsuch driver", advice="pick another", place=place), output)
    assert file.getvalue() == "pciabi: a.yaml:7: no such driver (pick another)\n"


def test_a_log_gets_one_line_for_each_ended_case_and_stage_of_an_image() -> None:
    output, file = pipe()
    results = [data.control(), data.sabotage(HOSTILE), data.untested(HOSTILE)]
    cases = [case_of(result) for result in results]
    with watch(output) as tell:
        tell(Said("QEMU 7.2; TCG, as asked for"))
        tell(Planned(len(cases)))
        for done in range(3):
            tell(ImageProgressed("debian", Progress("downloading packages", done, 3)))
        tell(ImageProgressed("debian", Progress("unpacking")))
        with ThreadPoolExecutor(3) as executor:
            for case, result in zip(cases, results, strict=True):
                executor.submit(tell, StageReached(label(case, 0), "booting")).result()
                executor.submit(tell, Ended(result)).result()
    out = file.getvalue()
    assert re.fullmatch(r"[\n -~]*", out)
    assert out.splitlines()[:3] == [
        "QEMU 7.2; TCG, as asked for",
        "image debian: downloading packages",
        "image debian: unpacking",
    ]
    assert [line[:12] for line in out.splitlines()[3:]] == [
        "[1/3] moved ",
        "[2/3] BROKE:",
        "[3/3] NOT TE",
    ]


def test_the_live_table_shows_case_boot_stage_and_image() -> None:
    output, file = terminal()
    result = data.control()
    with LiveTable(output) as table:
        table(Planned(1))
        table(ImageProgressed("debian", Progress("downloading packages", 43, 100)))
        output.console.print(table.renderable())
        table(StageReached(label(case_of(result), 1), "booting \x1b[2J[red]the guest[/red]"))
        output.console.print(table.renderable())
        table(Ended(result))
        output.console.print(table.renderable())
    out = SENT_BY_RICH.sub("", file.getvalue())
    assert "image debian: downloading packages" in out
    assert "43 %" in out
    row = next(line for line in out.splitlines() if "booting" in line)
    assert re.search(r"two-nics-unpinned\[pc-virtio-net-pci\] +2/2 +booting \[red\]the guest", row)
    assert "1 of 1 cases ended, 1 moved as expected" in out


def test_the_live_table_counts_no_cases_where_there_are_none() -> None:
    output, file = terminal()
    with LiveTable(output) as table:
        table(Said("vm.sh: QEMU emulator version 7.2.22, paused"))
        output.console.print(table.renderable())
    out = SENT_BY_RICH.sub("", file.getvalue())
    assert "at work, " in out
    assert "cases" not in out
    assert "ended" not in out


def test_the_live_table_of_a_stopped_run_leaves_what_had_ended() -> None:
    output, file = terminal()

    def stopped() -> None:
        with LiveTable(output) as table:
            table(Ended(data.sabotage()))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert "BROKE: two-nics-pinned[pc-sabotaged]: net0 removed; net1" in file.getvalue()


def test_the_live_table_survives_many_threads() -> None:
    output, _ = terminal()
    cases = [data.pinned(f"case-{number}") for number in range(40)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with LiveTable(output) as table, ThreadPoolExecutor(8) as executor:
            table(Planned(len(cases)))

            def play(number: int) -> None:
                result = replace(cases[number])
                for boot in (0, 1):
                    table(StageReached(label(case_of(result), boot), "booting the guest"))
                    output.console.print(table.renderable())
                table(Ended(result))

            list(executor.map(play, range(40)))
            output.console.print(table.renderable())
    finally:
        sys.setswitchinterval(interval)
