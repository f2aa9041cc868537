"""The words for what a verdict speaks of, the same in every report. Pure."""

from __future__ import annotations

from pciabi.abi.scope import NEVER, Scope, scope
from pciabi.result.result import Result

_ACCELERATORS = {"tcg": "TCG", "kvm": "KVM"}


def of(result: Result) -> Scope:
    """What everything that was read tells."""
    return scope(result.snapshots)


def line(scope: Scope) -> str:
    """Such as `Scope: topology, … as read under TCG. Not looked at: ACPI, …; CPU features, …`."""
    read = ", ".join(scope.read) or "nothing was compared"
    names = [_ACCELERATORS.get(name, name) for name in scope.accelerators]
    under = f", as read under {' and '.join(names)}" if names else ""
    return (
        f"Scope: {read}{under}. "
        f"Not looked at: {', '.join(scope.not_read)}; nor ever {', '.join(NEVER)}."
    )
