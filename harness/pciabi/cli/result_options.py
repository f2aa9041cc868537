"""How a result that a policy judges is judged and shown: the options, and the end, of several
commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pciabi.errors import CannotTest
from pciabi.report import folder, whole_file, writers
from pciabi.report.formats import formats, writer
from pciabi.report.terminal.errors import print_error
from pciabi.report.terminal.printing import print_result
from pciabi.result.policy import FailOn
from pciabi.result.result import Result

F = TypeVar("F", bound=Callable[..., Any])


def result_options(command: F) -> F:
    """`--fail-on`, `--format` (handed over as `form`) and `--report-dir`."""
    for option in (
        click.option(
            "--report-dir",
            type=click.Path(path_type=Path, file_okay=False),
            help="Write all formats and the snapshots into a folder of their own there.",
        ),
        click.option(
            "--format",
            "form",
            type=click.Choice(["text", *formats(writers)]),
            default="text",
            show_default=True,
            help="How the result is printed.",
        ),
        click.option(
            "--fail-on",
            multiple=True,
            type=click.Choice([fail_on.value for fail_on in FailOn]),
            help="What makes the exit code 1 besides a breaking change, which always does.",
        ),
    ):
        command = option(command)
    return command


def conclude(result: Result, form: str, report_dir: Path | None) -> list[int]:
    """Report, and say with which codes to exit. What was found out is printed even where no
    report can be written."""
    codes, written = [*result.exit_codes], None
    if report_dir is not None:
        try:
            written = folder.write(result, report_dir)
        except CannotTest as error:
            print_error(error)
            codes.append(error.exit_code)
    if form == "text":
        print_result(result, written)
    else:
        whole_file.emit_document(writer(writers, form).render(result))
    return codes
