"""How long a gate will still take, as far as what has ended tells. Pure."""

from __future__ import annotations

# Before that, what was read tells little of the rest.
_FIRST_SECONDS = 1.0
_MINUTE = 60


def remaining(elapsed: float, ended: int, planned: int) -> str:
    """`about 8 s to go`; empty as long as nothing can be said. `elapsed` is in seconds."""
    if not ended or elapsed < _FIRST_SECONDS or ended >= planned:
        return ""
    seconds = round(elapsed * (planned - ended) / ended)
    if seconds < _MINUTE:
        return f"about {max(1, seconds)} s to go"
    return f"about {round(seconds / _MINUTE)} min to go"
