"""Temporary folders and requests to stop: what must be gone is gone."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from pciabi.cancellation import Cancellation
from pciabi.errors import Interrupted
from pciabi.workspace import workspace


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
    context = multiprocessing.get_context("fork")
    told: multiprocessing.SimpleQueue[str] = context.SimpleQueue()
    with workspace() as live:
        child = context.Process(target=_die_inside, args=(told,))
        child.start()
        killed = Path(told.get())
        child.join()
        assert killed.exists()
        with workspace():
            assert not killed.exists()
            assert live.exists()


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
