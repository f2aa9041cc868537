"""A text that is never shown: not by `repr`, not by `str`, and not where a guest echoes it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

REDACTED = "[redacted]"


@dataclass(frozen=True)
class Secret:
    """A user's secret, and the environment variable it came from."""

    variable: str
    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The text itself, to be handed to the guest and nobody else."""
        return self._value

    def __str__(self) -> str:
        return REDACTED


def redacted(text: str, secrets: Iterable[Secret]) -> str:
    """The text with every secret taken out, the longest ones first."""
    values = sorted({secret.reveal() for secret in secrets}, key=len, reverse=True)
    pattern = "|".join(re.escape(value) for value in values if value)
    return re.sub(pattern, REDACTED, text) if pattern else text
