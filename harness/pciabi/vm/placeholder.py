"""What stands in a template for text that is filled in later: `${SLOT}`, `{{ slot }}`, `@SLOT@`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pciabi.errors import InputError, SourcePosition

_PLACEHOLDER = re.compile(
    r"\$\{\{?.*?\}\}?|\$\([^)]*\)|\$[A-Za-z_]\w*|\{\{.*?\}\}|\{%.*?%\}|<%.*?%>"
    r"|@[A-Za-z_]\w*@|%[A-Za-z_]\w*%|%\([A-Za-z_]\w*\)s|\{[A-Za-z_]\w*\}"
)


def find(text: str | None) -> str | None:
    """The first placeholder in a text, None where it holds none."""
    return next((match[0] for match in every(text or "")), None)


def every(text: str) -> Iterator[re.Match[str]]:
    """Every placeholder in a text."""
    return _PLACEHOLDER.finditer(text)


def unrendered(open_part: str, place: SourcePosition) -> InputError:
    """The error for a placeholder where a value is wanted."""
    return InputError(
        f"{open_part} is not known: something fills it in",
        advice="render the template first",
        place=place,
    )
