"""Scenario files and their cases as pytest collects and runs them.

`pciabi run` gives the same verdicts: both call `pciabi.scenario.run`. The cases of one session
share one QEMU, one proof of the accelerator and one guest image.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pciabi import __version__
from pciabi.cancellation import Cancellation
from pciabi.errors import CannotTest, Interrupted, PciabiError
from pciabi.events import Event, Said
from pciabi.probe.guest_host import guest_host
from pciabi.qemu.accelerator import Accelerator
from pciabi.qemu.binary import Binary
from pciabi.qemu.wish import Wish
from pciabi.report import folder, printable
from pciabi.result.entry import Entry
from pciabi.result.result import Command, Result
from pciabi.scenario import load
from pciabi.scenario.case import Case
from pciabi.scenario.run import Runner
from pciabi.signals import stopping

_KEY = pytest.StashKey["SharedRun"]()


class Broken(Exception):
    """A case whose expectations were not met."""


class Notes:
    """Keeps what was said of a run, for the summary."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Said):
            self.lines.append(event.line)


class SharedRun:
    """What the scenario items of one pytest run share. A pytest plugin object."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.notes = Notes()
        self.results: list[Entry] = []
        self.report: Path | None = None
        self._stack = ExitStack()
        self._runner: Runner | None = None
        self._used: tuple[Binary, Accelerator] | None = None
        self._fault: PciabiError | None = None
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()

    @classmethod
    def of(cls, config: pytest.Config) -> SharedRun:
        """The session of this pytest run, made when it is first asked for."""
        if _KEY not in config.stash:
            config.stash[_KEY] = session = cls(config)
            config.pluginmanager.register(session, "pciabi-session")
        return config.stash[_KEY]

    def run(self, case: Case) -> Entry:
        """Run one case. Raises PciabiError when nothing can be run."""
        if self._fault is not None:
            raise self._fault
        if self._runner is None:
            try:
                self._runner = self._begun()
            except PciabiError as error:
                self._fault = error
                raise
        result = self._runner.run_case(case)
        self.results.append(result)
        return result

    def _begun(self) -> Runner:
        option = self.config.getoption
        cancellation = Cancellation()
        # SIGINT is pytest's own; SIGTERM would leave our temporary folder behind.
        self._stack.enter_context(stopping(cancellation, [signal.SIGTERM]))
        wish = Wish(option("--pciabi-accel"))
        host = self._stack.enter_context(guest_host(wish, cancellation, self.notes))
        # A guest is booted by this thread, which an interrupt of pytest's ends.
        runner = Runner(option("--pciabi-qemu"), host, host, self.notes)
        self._used = runner.prepare()
        return runner

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the report, if one was asked for, and leave nothing behind."""
        self._stack.close()
        directory = self.config.getoption("--pciabi-report-dir")
        if directory and self.results and self._used:
            binary, accelerator = self._used
            result = Result(
                command=Command.RUN,
                entries=tuple(self.results),
                started=self._started,
                seconds=time.monotonic() - self._clock,
                tool_version=__version__,
                qemu=binary.version_line,
                accelerator=accelerator.reason,
            )
            try:
                self.report = folder.write(result, Path(directory))
            except CannotTest as error:
                self.notes.lines.append(str(error))
                session.exitstatus = error.exit_code

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was used and where the report is."""
        for line in self.notes.lines:
            terminalreporter.write_line(f"pciabi: {line}")
        if self.report is not None:
            terminalreporter.write_line(f"pciabi: report in {self.report}")


class ScenarioFile(pytest.File):
    """A scenario file; a bad one is a collection error of one line."""

    def collect(self) -> Iterator[ScenarioItem]:
        """One item a case."""
        for case in load.cases(self.path):
            yield ScenarioItem.from_parent(self, name=case.name, case=case)

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,  # noqa: ARG002 - pytest's signature
    ) -> Any:
        """The error's own line instead of a traceback."""
        if isinstance(excinfo.value, PciabiError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


def _lines(error: PciabiError) -> str:
    """The error's own line, and for a guest that was lost its last console lines."""
    tail = error.evidence.tail() if error.evidence else ()
    return "\n".join(map(printable.line, [str(error), *tail]))


class ScenarioItem(pytest.Item):
    """One case. It is carried out in `setup`, so that what could not be tested is an error
    and only a guest that saw something else is a failure."""

    def __init__(self, *, case: Case, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case
        self.result: Entry | None = None

    def setup(self) -> None:
        """Boot the guests."""
        try:
            self.result = SharedRun.of(self.config).run(self.case)
            error = self.result.error
        except Interrupted as stop:
            pytest.exit(str(stop), stop.exit_code)
        except PciabiError as fault:
            error = fault
        if error is not None:
            # What is raised here pytest shows with a traceback, unless it is told not to.
            pytest.fail(_lines(error), pytrace=False)

    def runtest(self) -> None:
        """Hold what they saw against the expectations."""
        assert self.result is not None
        if self.result.failures:
            raise Broken("\n".join(f"{f.position}: {f.message}" for f in self.result.failures))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentences themselves."""
        error = excinfo.value
        if isinstance(error, Broken):
            return str(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the case comes from."""
        return self.path, None, self.case.title
