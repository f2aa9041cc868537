"""What every JUnit document of ours shares: how its text comes about."""

from __future__ import annotations

import io

from junitparser import JUnitXml, TestCase
from junitparser.junitparser import FinalResult

from pciabi.report import printable


def rendered(report: JUnitXml) -> str:
    """The document as text."""
    buffer = io.BytesIO()
    report.write(buffer)
    return buffer.getvalue().decode() + "\n"


def ended(case: TestCase, how: FinalResult, details: str) -> None:
    """Say of a test case how it ended otherwise than well; `details` are its text."""
    how.text = printable.block(details)
    case.result = [how]
