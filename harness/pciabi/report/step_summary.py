"""The job summary of GitHub's runner: a file that every step may append Markdown to.

Source: docs.github.com, "Workflow commands for GitHub Actions", adding a job summary.
"""

from __future__ import annotations

import os
import stat

from pciabi.errors import CannotTest
from pciabi.report.markdown import size
from pciabi.report.writers import markdown
from pciabi.result.result import Result

VARIABLE = "GITHUB_STEP_SUMMARY"
# A summary of 1 MiB is refused as a whole, and one a few bytes below it dropped without a word.
_MOST_BYTES = 1024 * 1024 - 4096


def append(result: Result) -> None:
    """Append the result to the summary of this step, where a runner wants one.

    Raises CannotTest where it cannot be written, or has no room left; that changes no verdict.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return
    try:
        _append(path, markdown.render(result))
    except OSError as error:
        raise CannotTest(f"{VARIABLE}: {path} cannot be written: {error.strerror}") from error
    except ValueError as error:
        raise CannotTest(f"{VARIABLE}: {error}") from error


def _append(path: str, text: str) -> None:
    # A pipe that nobody reads must not keep us waiting.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o666), "ab") as file:
        there = os.fstat(file.fileno())
        if not stat.S_ISREG(there.st_mode):
            raise ValueError(f"{path} is no file")
        if there.st_size + size(text) + 1 > _MOST_BYTES:
            raise ValueError(f"{path} has no room left: GitHub drops a summary of 1 MiB or more")
        file.write(b"\n" + text.encode("utf-8", "backslashreplace"))
