"""The public face: what it is called, what it says of two captures, and how nothing passes by
mistake. The documentation's own examples are run."""

from __future__ import annotations

import doctest
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

import pciabi

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/python.md"
GOLDEN = ROOT / "tests/golden"
BEFORE = GOLDEN / "lspci/qemu-7.2_pc-two-nics.txt"
AFTER = GOLDEN / "lspci/qemu-7.2_pc-first-nic-removed.txt"
SNAPSHOTS = [
    GOLDEN / "snapshot" / f"qemu-{release}_pc-i440fx-9.2_ati-vga.json" for release in (10.0, 11.1)
]


def without_registers(text: str) -> str:
    return "".join(
        line for line in text.splitlines(keepends=True) if not re.match("[0-9a-f]+: ", line)
    )


def test_the_public_names_are_these() -> None:
    assert sorted(pciabi.__all__) == [
        "CannotTest",
        "Change",
        "Comparison",
        "Consequence",
        "HardwareChanged",
        "Harm",
        "InputError",
        "NEVER_IN_LSPCI",
        "Outcome",
        "PciabiError",
        "Severity",
        "Unknown",
        "Verdict",
        "__version__",
        "compare",
    ]
    stub = (ROOT / "harness/pciabi/__init__.pyi").read_text()
    typed = re.findall(r" as (\w+)$", stub, re.MULTILINE)
    assert {*typed, "__version__"} == set(pciabi.__all__), "the stub tells the types of each"
    assert all(hasattr(pciabi, name) for name in pciabi.__all__)


@pytest.mark.parametrize(
    ("public", "names"),
    [
        (pciabi.Comparison, "verdict changes unknowns scope not_looked_at _text"),
        (
            pciabi.Change,
            "device id label kind field before after severity reason address_before address_after "
            "consequences",
        ),
        (pciabi.Consequence, "harm outcome message source"),
        (pciabi.Unknown, "device id label field address why_before why_after"),
    ],
)
def test_the_public_fields_are_these(public: type, names: str) -> None:
    assert " ".join(field.name for field in fields(public)) == names


def test_the_public_words_are_these() -> None:
    assert [*pciabi.Verdict] == ["compatible", "break"]
    assert [*pciabi.Severity] == ["breaking", "notable", "benign"]
    assert [*pciabi.Outcome] == ["kept", "changed", "unknown"]
    harms = ["windows-identity", "linux-name", "driver", "migration", "measured-boot"]
    assert [*pciabi.Harm] == harms


def test_importing_it_loads_nothing() -> None:
    tell = "import sys, pciabi; print(sorted(m for m in sys.modules if m.startswith('pciabi')))"
    done = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    assert done.stdout == "['pciabi']\n"


def test_what_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'guest_house'"):
        pciabi.guest_house  # type: ignore[attr-defined]  # noqa: B018


def test_text_bytes_and_paths_are_the_same_captures() -> None:
    of_paths = pciabi.compare(BEFORE, AFTER)
    of_texts = pciabi.compare(BEFORE.read_text(), AFTER.read_bytes())
    assert of_paths.changes == of_texts.changes
    assert of_paths.unknowns == of_texts.unknowns
    vanished = of_paths.of(pciabi.Severity.BREAKING)
    assert [(c.kind, c.address_before, c.address_after) for c in vanished] == [
        ("vanished", "0000:00:04.0", None)
    ]


def test_snapshots_tell_the_device_and_the_field() -> None:
    comparison = pciabi.compare(*SNAPSHOTS)
    (change,) = comparison.of(pciabi.Severity.BREAKING)
    assert (change.id, change.device, change.field) == ("vga0", "ati-vga", "BAR 0")
    assert (change.before[-3:], change.after[-3:]) == ("16M", "64M")
    assert comparison.verdict == pciabi.Verdict.BREAK
    with pytest.raises(pciabi.HardwareChanged) as caught:
        comparison.raise_for_break()
    assert caught.value.comparison is comparison
    assert str(comparison) in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).comparison == comparison


def test_a_capture_against_itself_is_compatible() -> None:
    for capture in (BEFORE, *SNAPSHOTS):
        comparison = pciabi.compare(capture, capture)
        assert comparison.verdict == pciabi.Verdict.COMPATIBLE
        comparison.raise_for_break()
        assert "Compatible" in str(comparison)


@pytest.mark.parametrize("pair", [(BEFORE, BEFORE), (BEFORE, AFTER)])
@pytest.mark.parametrize(
    "misuse", [bool, lambda c: not c, lambda c: bool(c.verdict), lambda c: c.verdict or c]
)
def test_nothing_of_it_is_true_or_false(
    pair: tuple[Path, Path], misuse: Callable[[pciabi.Comparison], object]
) -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        misuse(pciabi.compare(*pair))


def test_what_cannot_be_changed_is_frozen() -> None:
    comparison = pciabi.compare(BEFORE, AFTER)
    with pytest.raises(FrozenInstanceError):
        comparison.verdict = pciabi.Verdict.COMPATIBLE  # type: ignore[misc]


FULL = BEFORE.read_text()
PLAIN = without_registers(FULL)
DENIED = re.sub(r"Capabilities:.*", "Capabilities: <access denied>", PLAIN)


@pytest.mark.parametrize(
    ("before", "after"),
    [(PLAIN, PLAIN), (DENIED, DENIED), (FULL, PLAIN), (PLAIN, FULL), ("", FULL), (FULL, b" \n")],
)
def test_what_is_unknown_is_no_comparison_at_all(before: str | bytes, after: str | bytes) -> None:
    with pytest.raises(pciabi.CannotTest):
        pciabi.compare(before, after)


def test_what_only_one_side_shows_is_never_accepted() -> None:
    with pytest.raises(pciabi.CannotTest, match="not both sides were read"):
        pciabi.compare(FULL, PLAIN, accept_unknown="*")
    both = pciabi.compare(PLAIN, PLAIN, accept_unknown="*")
    assert both.verdict == pciabi.Verdict.COMPATIBLE
    assert {unknown.field for unknown in both.unknowns} > {"MAC address", "header registers"}
    with pytest.raises(pciabi.CannotTest, match="MAC address"):
        pciabi.compare(FULL, FULL, accept_unknown=("expansion ROM size", "interface *"))


def test_a_proved_break_outranks_what_is_not_known() -> None:
    other = PLAIN.replace("[1af4:1000]", "[1af4:1041]")
    assert pciabi.compare(PLAIN, other).verdict == pciabi.Verdict.BREAK


@pytest.mark.parametrize(
    ("capture", "advice"),
    [
        (str(BEFORE), "pathlib.Path"),
        ("first line\nsecond line\n", "lspci -nn -vvv -xxxx"),
        (b"\xff\xfe", "lspci -nn -vvv -xxxx"),
        ("00:03.0 \udc80", "UTF-8"),
        (Path("no/such/file"), "cannot be read"),
    ],
)
def test_what_is_no_capture_is_told_with_advice(capture: str | bytes | Path, advice: str) -> None:
    with pytest.raises(pciabi.InputError, match=re.escape(advice)):
        pciabi.compare(capture, BEFORE)


def test_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="before is of type list"):
        pciabi.compare([FULL], BEFORE)  # type: ignore[arg-type]


@pytest.fixture
def captures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the two files that the documentation speaks of."""
    shutil.copy(BEFORE, tmp_path / "before.txt")
    shutil.copy(AFTER, tmp_path / "after.txt")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("captures")
def test_the_documented_sessions_print_what_they_say() -> None:
    said = PAGE.read_text().replace("…", "...")
    session = doctest.DocTestParser().get_doctest(said, {}, PAGE.name, str(PAGE), 0)
    told: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.DocTestRunner(optionflags=flags).run(session, out=told.append)
    assert result.attempted >= 10
    assert result.failed == 0, "".join(told)


@pytest.mark.parametrize(("after", "code"), [("before.txt", 0), ("after.txt", 1)])
def test_the_documented_test_passes_and_fails(captures: Path, after: str, code: int) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (captures / "test_hardware.py").write_text(block.replace('"after.txt"', f'"{after}"'))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_hardware.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert ("HardwareChanged" in done.stdout) is (code == 1)
