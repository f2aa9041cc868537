"""What the command line makes of errors."""

from __future__ import annotations

import pytest

from pciabi.cli import main
from pciabi.errors import CannotTest, Interrupted


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (RuntimeError("a fault of ours"), 3),
        (CannotTest("cannot"), 3),
        (Interrupted(2), 130),
        (Interrupted(15), 143),
        (KeyboardInterrupt(), 130),
    ],
)
def test_no_fault_ends_like_a_pass_or_a_break(
    monkeypatch: pytest.MonkeyPatch, fault: BaseException, code: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(main.pciabi, "main", fail)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == code


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["snapshot", ""], "an empty path"),
        (["diff", "a.json", ""], "an empty path"),
        (["diff", "", "a.json"], "an empty path"),
        (["lint", ""], "an empty path"),
        (["lint", "--", ""], "an empty path"),
        (["run", ""], "an empty path"),
        (["snapshot", "vm.sh", "-o", ""], "-o: an empty path"),
        (["snapshot", "vm.sh", "--output="], "--output: an empty path"),
        (["lint", "--write-baseline", "", "vm.sh"], "--write-baseline: an empty path"),
        (["run", "--report-dir="], "--report-dir: an empty path"),
    ],
)
def test_an_empty_path_is_called_that(
    words: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["pciabi", *words])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"pciabi: {told} (a variable that is not set?)\n"


def test_a_word_that_comes_twice_is_not_empty(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Python keeps one text only of each single character, so these two are the same object.
    monkeypatch.setattr("sys.argv", ["pciabi", "diff", "?", "?"])
    with pytest.raises(SystemExit):
        main.main()
    assert "an empty path" not in capsys.readouterr().err
