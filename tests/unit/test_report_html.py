"""`report.html`: what is on the page, and that nothing a guest says becomes part of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pciabi.abi.change import Outcome
from pciabi.errors import SourcePosition
from pciabi.report.page.slot_map import Mark, SlotMap, slot_map
from pciabi.report.writers import html
from pciabi.result.entry import Entry
from tests.unit import report_data as data

HOSTILE = (
    "</pre></details><script>alert(1)</script><img src=x onerror=alert(2)>"
    "{{ 7 * 7 }}{% raw %}\x1b[31m\x00\u202e\r\n"
)
VOID = {"meta", "br", "line"}


def mapped(result: Entry) -> SlotMap:
    """The slot map of a case's only comparison."""
    (comparison,) = result.comparisons
    return slot_map(comparison)


class Page(HTMLParser):
    """The page as an engine sees it: its elements, and its text by the element it is in."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(source)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        self.text += " " if tag == "br" else ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def words(self) -> str:
        return " ".join(self.text.split())


def page(*cases: Entry) -> Page:
    return Page(html.render(data.run(*cases)))


def hostile_everywhere() -> Entry:
    """A case in which every text that comes from outside is hostile."""
    result = data.untested(HOSTILE)
    boot = result.boots[0]
    functions = tuple(
        replace(f, function=replace(f.function, text=HOSTILE), device=HOSTILE, qdev_id=HOSTILE)
        for f in boot.snapshot.functions
    )
    origin = replace(boot.snapshot.provenance, firmware=HOSTILE, command_line=(HOSTILE, "-x"))
    snapshot = replace(boot.snapshot, functions=functions, provenance=origin)
    assert result.error is not None
    result.error.message = result.error.advice = HOSTILE
    result.error.place = SourcePosition(HOSTILE, 1)
    subject = replace(result.subject, group=HOSTILE, name=HOSTILE, summary=HOSTILE)
    return replace(result, subject=subject, boots=(replace(boot, snapshot=snapshot),))


@pytest.mark.parametrize(
    "cases",
    [
        [],
        [data.sabotage(HOSTILE)],
        [hostile_everywhere()],
        [data.control(), data.pinned(), data.renumbered(), data.many(), data.untested()],
    ],
    ids=["none", "sabotage", "hostile", "all"],
)
def test_the_page_is_whole_self_contained_and_without_script(cases: list[Entry]) -> None:
    found = page(*cases)
    assert not found.tags.keys() & {"script", "img", "link", "iframe", "object", "form", "base"}
    assert not [name for name, _ in found.attributes if name.startswith("on") or name == "src"]
    targets = [value or "" for name, value in found.attributes if name == "href"]
    ids = [f"#{value}" for name, value in found.attributes if name == "id"]
    assert set(targets) <= set(ids)
    assert len(ids) == len(set(ids)) == len(cases)
    policies = [value for name, value in found.attributes if name == "content"]
    assert "default-src 'none'; style-src 'unsafe-inline'" in policies
    assert "49" not in found.words()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", html.render(data.run(*cases)))


def test_a_sabotage_is_on_the_page_with_everything_an_engineer_needs() -> None:
    found = page(data.control(), data.sabotage()).words()
    order = [
        "Break: 1 of 2 cases broke: two-nics-pinned[pc-sabotaged]: net1 moved from 0000:00:04.0",
        "1 held (1 of them is a control, seen to move as expected), 1 broke, 0 could not be tested",
        "QEMU emulator version 7.2.22",
        "TCG, because KVM does not work here",
        "pc-i440fx-7.2",
        "2030-01-02 03:04:05 UTC",
        "All cases",
        "net0 removed; net1 0000:00:04.0 → 0000:00:03.0, enp0s4 → enp0s3",
        "two-nics-pinned[pc-sabotaged] ✘ BROKE",
        "net1 moved from 0000:00:04.0 to 0000:00:03.0",
        "scenarios/example.yaml:14",
        "00:04.0 net1 virtio-net-pci, enp0s4 MOVED to 00:03.0",
        "00:03.0 net1 virtio-net-pci, enp0s3 MOVED from 00:04.0",
        "NOT expected",
        "Linux changed the interface is renamed from enp0s4 to enp0s3 Source:",
        "Windows changed Windows finds a device with the same ids where another one stood",
        "-0000:00:04.0 Ethernet controller",
        "+0000:00:03.0 Ethernet controller",
        "-device virtio-net-pci,id=net0",
    ]
    position = 0
    for words in order:
        assert words in found[position:], words
        position = found.index(words, position)


def test_an_expected_move_does_not_look_like_a_break() -> None:
    found = page(data.control())
    assert "moved to 00:03.0" in found.words()
    assert "MOVED" not in found.words()
    assert "unexpected" not in " ".join(v or "" for name, v in found.attributes if name == "class")


def test_unknown_is_printed_as_unknown() -> None:
    result = data.renumbered()
    changes = result.comparisons[0].judged_changes
    unknown = sum(
        c.outcome is Outcome.UNKNOWN for judged in changes for c in judged.change.consequences
    )
    source = html.render(data.run(result))
    assert unknown
    assert source.count('<span class="outcome unknown">UNKNOWN</span>') == unknown
    assert "Windows: no statement is made" not in Page(source).words()


def test_an_obstacle_looks_like_neither_and_shows_its_evidence() -> None:
    found = page(data.untested("Booting\nKernel panic\n")).words()
    for words in (
        "⚠ NOT TESTED",
        "Could not be tested. the guest was not ready after 90 s",
        "To mend it: a longer `timeout:`",
        "At scenarios/example.yaml:3",
        "The last lines of the serial console: Booting Kernel panic",
        "Boot 2: first NIC removed: the boot that failed",
    ):
        assert words in found
    assert "✔" not in found
    assert "✘" not in found


def test_a_long_console_is_cut_and_says_so() -> None:
    source = html.render(data.run(data.pinned(console="x" * 300_000)))
    assert "[100000 characters left out; the serial log file holds all]" in source
    assert "x" * 200_000 in source


def test_lines_of_the_slot_map_end_at_the_rows_of_the_device() -> None:
    result = data.sabotage()
    found = mapped(result)
    (moved,) = [line for line in found.lines if line.fate.mark is Mark.MOVED]
    left, right = found.rows[moved.start].before, found.rows[moved.end].after
    assert left is not None
    assert right is not None
    assert (left.slot, left.name, right.slot, right.name) == ("00:04.0", "net1", "00:03.0", "net1")
    assert found.lines[-1] is moved
    assert found.rows[moved.start].after is None
    gone = found.rows[moved.end].before
    assert gone is not None
    assert (gone.name, gone.note, gone.fate.expected) == ("net0", "removed", True)


def test_the_slot_map_nests_what_is_behind_bridges_and_follows_renumbering() -> None:
    many = data.many()
    depths = {row.before.name: row.depth for row in mapped(many).rows if row.before is not None}
    assert [depths[name] for name in ("port5", "up0", "down1", "blk0")] == [0, 1, 2, 3]
    names = list(depths)
    assert names[names.index("down1") + 1] == "blk0"
    result = data.renumbered()
    marks = Counter(line.fate.mark for line in mapped(result).lines)
    assert marks[Mark.RENUMBERED] == 2
    assert marks[Mark.MOVED] == 0
