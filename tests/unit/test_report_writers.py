"""Writers are found by looking: each has all its parts, and each command its files."""

from __future__ import annotations

import inspect
import io
import json as jsonlib
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import jsonschema
import pytest

from pciabi.abi.compare import Comparison
from pciabi.abi.judgement import Severity
from pciabi.abi.naming import MACHINE_LABEL
from pciabi.report import folder, writers
from pciabi.report.formats import formats, writer
from pciabi.report.lint import writers as lint_writers
from pciabi.report.terminal.output import PlainOutput
from pciabi.report.terminal.printing import print_result
from pciabi.report.writers import sarif
from pciabi.result.judged import judge_comparison
from pciabi.result.policy import Policy
from pciabi.result.result import Command, Result, of_two_sides
from tests.unit import gate_data
from tests.unit import report_data as data
from tests.unit.test_report_diff import SARIF, moved

RESULTS: dict[Command, Callable[[], Result]] = {
    Command.RUN: lambda: data.run(data.control(), data.sabotage(), data.untested()),
    Command.DIFF: moved,
    Command.GATE: gate_data.mixed,
}

PAGES = {"report.html", "report.json", "junit.xml"}


def test_the_formats_are_the_modules_that_are_there() -> None:
    assert formats(writers) == ("html", "json", "junit", "markdown", "sarif")
    assert formats(lint_writers) == ("text", "github", "gitlab", "json", "junit", "sarif")


@pytest.mark.parametrize("name", formats(writers))
def test_a_writer_has_all_its_parts(name: str) -> None:
    module = writer(writers, name)
    assert (module.__doc__ or "").startswith(f"`{module.FILE}`"), "the file, and whom it is for"
    assert module.COMMANDS
    assert set(Command) >= module.COMMANDS
    assert list(inspect.signature(module.render).parameters) == ["result"]
    others = [writer(writers, other).FILE for other in formats(writers) if other != name]
    assert module.FILE not in others
    for command in module.COMMANDS:
        assert module.render(RESULTS[command]()).endswith("\n") or name == "html"


@pytest.mark.parametrize("name", formats(lint_writers))
def test_a_writer_of_lint_has_all_its_parts(name: str) -> None:
    module: ModuleType = writer(lint_writers, name)
    assert (module.__doc__ or "").startswith("Lint findings as ")
    assert list(inspect.signature(module.render).parameters) == ["results"]
    assert isinstance(module.render([]), str)


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (Command.RUN, PAGES),
        (Command.DIFF, {*PAGES, "report.sarif", "report.md"}),
        (Command.GATE, {*PAGES, "report.sarif", "report.md"}),
    ],
)
def test_a_folder_holds_the_files_of_its_command(command: Command, names: set[str]) -> None:
    files = dict(folder.rendered(RESULTS[command]()))
    evidence = {name for name in files if name.startswith(("serial-", "lspci-"))}
    snapshots = {name for name in files if name.endswith(("before.json", "after.json"))}
    assert files.keys() - evidence - snapshots == names
    assert bool(snapshots) is (command is not Command.RUN)
    assert ({"before.json", "after.json"} == snapshots) is (command is Command.DIFF)


def test_expected_changes_pass_in_a_log_of_any_result() -> None:
    """No command asks for the log of a run yet; it is one all the same."""
    log = jsonlib.loads(sarif.render(RESULTS[Command.RUN]()))
    jsonschema.validate(log, SARIF, cls=jsonschema.Draft4Validator)
    kinds = {(one["ruleId"], one["kind"], one["level"]) for one in log["runs"][0]["results"]}
    # The same move: of a control, and of a sabotage.
    assert {("moved", "pass", "none"), ("moved", "fail", "error")} <= kinds


@pytest.mark.parametrize("name", formats(writers))
def test_a_change_of_the_machine_is_in_every_report(name: str) -> None:
    """It has no address, and no device to stand beside."""
    comparison = moved().two_sides
    (change, *_) = comparison.of(Severity.BREAKING)
    change = replace(change, id=None, device=None, label=MACHINE_LABEL, path_before=None)
    change = replace(change, address_before=None, address_after=None, path_after=None)
    differences = Comparison(comparison.matching, (change,), ())
    judged = judge_comparison(differences, comparison.before, comparison.after, Policy())
    result = of_two_sides(judged, moved().started, 1.0)
    assert result.exit_code == 1
    text = writer(writers, name).render(result)
    assert MACHINE_LABEL in text
    assert f"{MACHINE_LABEL} at " not in text
    if name == "junit":
        assert text.count("<failure") == 1
    out = io.StringIO()
    print_result(result, None, PlainOutput(out))
    assert f"breaking: {MACHINE_LABEL}: vanished" in out.getvalue()
