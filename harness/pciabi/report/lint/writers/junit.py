"""Lint findings as JUnit: one test suite for each file, one test case for each finding."""

from __future__ import annotations

from collections.abc import Sequence

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from pciabi.lint.engine import FileResult
from pciabi.report import junit_xml, printable


def render(results: Sequence[FileResult]) -> str:
    """The document; a clean file is one test case that passed."""
    report = JUnitXml("pciabi lint")
    told = [result for result in results if result.is_told]
    for result in told:
        report.add_testsuite(_suite(result))
    report.tests = sum(max(1, _told(result)) for result in told)
    report.failures = sum(len(result.findings) for result in results)
    report.errors = sum(result.error is not None for result in results)
    report.time = 0
    return junit_xml.rendered(report)


def _told(result: FileResult) -> int:
    return len(result.findings) + (result.error is not None)


def _suite(result: FileResult) -> TestSuite:
    name = printable.line(result.file)
    suite = TestSuite(name)
    for finding in result.findings:
        case = TestCase(f"{finding.code} {finding.name}", name, 0)
        failure = Failure(printable.line(finding.message), finding.severity.value)
        details = f"{finding.span.start}: {finding.message}\n{finding.remedy}"
        junit_xml.ended(case, failure, details)
        suite.add_testcase(case)
    if result.error is not None:
        case = TestCase("readable", name, 0)
        case.result = [Error(printable.line(str(result.error)), "InputError")]
        suite.add_testcase(case)
    if not _told(result):
        suite.add_testcase(TestCase("clean", name, 0))
    return suite
