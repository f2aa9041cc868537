"""Temporary folders and requests to stop: what must be gone is gone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from pciabi.cancellation import Cancellation
from pciabi.errors import Interrupted
from pciabi.workspace import workspace

_FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cache and temporary folder of this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def _die_inside(told: multiprocessing.SimpleQueue[str]) -> None:
    with workspace() as folder:
        (folder / "initrd").write_text("secret")
        told.put(str(folder))
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_workspace_is_gone_however_the_block_ends() -> None:
    with workspace() as good:
        assert good.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ValueError, match="boom"), workspace() as bad:
        raise ValueError("boom")
    assert not good.exists()
    assert not bad.exists()


def test_the_next_workspace_removes_a_killed_one_and_spares_a_live_one() -> None:
    told: multiprocessing.SimpleQueue[str] = _FORK.SimpleQueue()
    with workspace() as live:
        child = _FORK.Process(target=_die_inside, args=(told,))
        child.start()
        killed = Path(told.get())
        child.join()
        assert killed.exists()
        with workspace():
            assert not killed.exists()
            assert live.exists()


def _tidy_from(cache: Path) -> None:
    os.environ["XDG_CACHE_HOME"] = str(cache)
    with workspace():
        pass


def test_a_workspace_is_spared_by_whoever_has_another_cache(tmp_path: Path) -> None:
    with workspace() as live:
        other = _FORK.Process(target=_tidy_from, args=(tmp_path / "other",))
        other.start()
        other.join()
        assert other.exitcode == 0
        assert live.is_dir()


@pytest.mark.parametrize("step", ["tempfile.mkdtemp", "fcntl.flock"], ids=["made", "opened"])
def test_a_workspace_that_is_tidied_before_it_is_locked_is_made_anew(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, name = step.split(".")
    real = getattr(sys.modules[module], name)
    gone: list[Path] = []

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named) if name == "mkdtemp" else None
        if not gone:
            gone.extend(tmp_path.glob("pciabi-*"))
            other = _FORK.Process(target=_tidy_from, args=(tmp_path / "other",))
            other.start()
            other.join()
            assert other.exitcode == 0
        return result if name == "mkdtemp" else real(*arguments, **named)

    monkeypatch.setattr(step, meanwhile)
    with workspace() as folder:
        assert folder.is_dir()
        assert len(gone) == 1
        assert not gone[0].exists()
    assert not list(tmp_path.glob("pciabi-*"))


def test_a_request_calls_back_once_and_every_check_after_it_stops() -> None:
    cancellation, calls = Cancellation(), []
    cancellation.check()
    with cancellation.calling(lambda: calls.append("inner")):
        pass
    with cancellation.calling(lambda: calls.append("outer")):
        cancellation.request(signal.SIGTERM)
    assert calls == ["outer"]
    with pytest.raises(Interrupted) as stop:
        cancellation.check()
    assert stop.value.exit_code == 143
    with pytest.raises(Interrupted), cancellation.calling(lambda: None):
        pass
