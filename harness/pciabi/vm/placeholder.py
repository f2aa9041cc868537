"""What stands in a template for text that is filled in later: `${SLOT}`, `{{ slot }}`, `@SLOT@`."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
