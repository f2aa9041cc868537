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
