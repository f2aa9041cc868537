"""`junit.xml`: one test suite for each scenario, one test case for each case."""

from __future__ import annotations

import io
from datetime import UTC
from itertools import groupby

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from pciabi.abi.verdict import Verdict
from pciabi.report import printable, story, wording
from pciabi.report.gaps import gaps
from pciabi.scenario.result import CaseResult, RunResult


def render(result: RunResult) -> str:
    """The document. Characters that XML 1.0 forbids become U+FFFD."""
    report = JUnitXml("pciabi")
    for scenario, cases in groupby(result.cases, key=lambda case: case.case.scenario):
        report.add_testsuite(_suite(scenario, list(cases), result))
    # The library's own sum adds an attribute that Jenkins' schema does not know at the root.
    counts = wording.counts(result)
    report.tests, report.failures, report.errors = counts.total, counts.broke, counts.untested
    report.time = round(sum(case.seconds for case in result.cases), 3)
    buffer = io.BytesIO()
    report.write(buffer)
    return buffer.getvalue().decode() + "\n"


def _suite(scenario: str, cases: list[CaseResult], result: RunResult) -> TestSuite:
    suite = TestSuite(printable.line(scenario))
    suite.timestamp = result.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite.add_property("qemu", printable.line(result.qemu))
    suite.add_property("accelerator", printable.line(result.accelerator))
    suite.add_property("scope", printable.line(wording.scope(result)))
    suite.add_testcases([_case(case) for case in cases])
    return suite


def _case(case: CaseResult) -> TestCase:
    name = printable.line(case.case.name)
    found = TestCase(name, printable.line(case.case.scenario), round(case.seconds, 3))
    if case.verdict is Verdict.BREAK:
        worst = wording.worst_failure(case)
        failure = Failure(printable.line(worst.message), worst.aspect.value)
        failure.text = printable.block(
            "\n".join(f"{f.position}: {f.message}" for f in case.failures)
        )
        found.result = [failure]
    if case.verdict is Verdict.ERROR:
        kind = type(case.error).__name__ if case.error else "Incomplete"
        sentence = printable.line(str(case.error) if case.error else story.case_story(case))
        error = Error(sentence, kind)
        error.text = sentence
        found.result = [error]
    open_ = [unknown for comparison in case.comparisons for unknown in comparison.unknowns]
    lines = [f"{wording.word(case)}: {story.case_story(case)}"]
    lines += [f"unknown: {gap}" for gap in gaps(open_)]
    found.system_out = printable.block("\n".join(lines))
    return found
