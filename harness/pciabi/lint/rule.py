"""What a rule is, and all rules: one module each in `lint/rules`, found by looking, in no list.

A rule's module holds its manual page as docstring, `RULE`, and `check`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from pciabi.errors import InputError
from pciabi.lint import rules as package
from pciabi.lint.finding import Finding, Severity, Trouble
from pciabi.vm.pci_vm import PciVm


class Group(StrEnum):
    """`ADDRESS` rules are always on; the others only where they are selected."""

    ADDRESS = "address"
    OTHER = "other"


@dataclass(frozen=True)
class Example:
    """A configuration in one of the formats, by the format's name."""

    format: str
    text: str


@dataclass(frozen=True)
class Rule:
    """What is known of a rule besides its check.

    `code` never changes once released. `settled_at_define` says that libvirt mends it by itself
    where a domain is defined once and its stored XML kept: there it is advice only.
    `bad` makes the rule speak, `good` is the same VM mended; `companions` are the rules that
    speak of `bad` as well, of necessity.
    """

    code: str
    name: str
    summary: str
    severity: Severity
    group: Group
    settled_at_define: bool
    source: str
    bad: Example
    good: Example
    companions: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoadedRule:
    """A rule with its check and its manual page."""

    rule: Rule
    check: Callable[[PciVm], Iterator[Trouble]]
    manual: str


@cache
def rules() -> tuple[LoadedRule, ...]:
    """All rules by code."""
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        found.append(LoadedRule(loaded.RULE, loaded.check, inspect.getdoc(loaded) or ""))
    return tuple(sorted(found, key=lambda loaded: loaded.rule.code))


def matching(word: str) -> tuple[LoadedRule, ...]:
    """The rules meant by a code, the beginning of one, a name, or a group. Raises InputError."""
    found = tuple(
        loaded
        for loaded in rules()
        if word in (loaded.rule.name, loaded.rule.group.value, "all")
        or loaded.rule.code.startswith(word.upper())
    )
    if not found:
        raise InputError(f"there is no rule '{word}'", advice="pciabi rules lists them")
    return found


def finding_of(vm: str, rule: Rule, severity: Severity, trouble: Trouble) -> Finding:
    """A trouble as a finding of a rule in the VM of that name."""
    return Finding(
        rule.code,
        rule.name,
        severity,
        trouble.span,
        vm,
        trouble.device,
        trouble.message,
        trouble.remedy,
    )
