"""Runs the rules over one file's text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from pciabi.errors import InputError
from pciabi.lint import on_each_family, suppression
from pciabi.lint.finding import Finding, Severity
from pciabi.lint.rule import LoadedRule, Rule, finding_of, matching
from pciabi.lint.rules import unknown_address
from pciabi.vm import formats
from pciabi.vm.formats import ConfigText
from pciabi.vm.pci_vm import PciVm


class Profile(StrEnum):
    """How the files are used. `REDEFINED`: the VM is made from the file each time.
    `DEFINED_ONCE`: libvirt is given it once and keeps the addresses it chose then."""

    REDEFINED = "redefined-each-time"
    DEFINED_ONCE = "define-once"


class Guest(StrEnum):
    """What system runs in the VMs, as far as rules look at it."""

    WINDOWS = "windows"


@dataclass(frozen=True)
class Settings:
    """What to look for. Words of `select` and `ignore` are codes, beginnings of codes, names or
    groups; `severities` are pairs with a rule's name; `path_ignores` are pairs of a pattern of
    file names and words to ignore there; `type` names a format instead of detecting it; `guest`
    says what runs in every VM whose text does not tell."""

    select: tuple[str, ...] = ("address",)
    ignore: tuple[str, ...] = ()
    severities: tuple[tuple[str, Severity], ...] = ()
    path_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    profile: Profile = Profile.REDEFINED
    type: str | None = None
    guest: Guest | None = None

    def rules_for(self, file: str) -> tuple[LoadedRule, ...]:
        """The rules that are on for a file, by code. Raises InputError for a word that means
        none."""
        chosen = {loaded.rule.code: loaded for word in self.select for loaded in matching(word)}
        here = [
            word
            for pattern, words in self.path_ignores
            for word in words
            if PurePath(file).match(pattern)
        ]
        for word in (*self.ignore, *here):
            for loaded in matching(word):
                chosen.pop(loaded.rule.code, None)
        return tuple(chosen[code] for code in sorted(chosen))


@dataclass(frozen=True)
class FileResult:
    """What was found in one file. `format` is None where it is not a VM's configuration;
    `error` says why it could not be read. One that has no place is about the path as a whole."""

    file: str
    format: str | None
    vms: int
    findings: tuple[Finding, ...]
    error: InputError | None = None
    suppressed: int = 0

    @property
    def is_told(self) -> bool:
        """Whether there is a VM in it, or an error to tell."""
        return self.vms > 0 or self.error is not None


def lint(source: ConfigText, settings: Settings) -> FileResult:
    """Everything the chosen rules find in a text, in the order of its lines."""
    try:
        format_ = formats.named(settings.type) if settings.type else formats.detect(source)
        if format_ is None:
            return FileResult(source.file, None, 0, ())
        vms = tuple(vm.places for vm in format_.read(source))
        if settings.guest is Guest.WINDOWS:
            vms = tuple(vm.with_windows("--guest windows") for vm in vms)
    except InputError as error:
        return FileResult(source.file, None, 0, (), error)
    rules = settings.rules_for(source.file)
    found = [finding for vm in vms for finding in _findings_of(vm, rules, settings)]
    # One element may belong to several VMs: a scenario's, on each machine.
    kept = suppression.apply(source, tuple(dict.fromkeys(found)))
    return FileResult(
        source.file, format_.name, len(vms), kept.findings, suppressed=kept.suppressed
    )


def _findings_of(vm: PciVm, rules: Sequence[LoadedRule], settings: Settings) -> Iterator[Finding]:
    """What the rules say of a VM; of one whose machine type is not known, what holds on each."""
    readings = [
        [finding for loaded in rules for finding in _findings(reading, loaded, settings)]
        for reading in vm.readings or (vm,)
    ]
    on = any(loaded.rule.code == unknown_address.RULE.code for loaded in rules)
    severity = _severity(unknown_address.RULE, settings) if on else None
    yield from on_each_family.combined(vm, readings, severity) if vm.readings else readings[0]


def _findings(vm: PciVm, loaded: LoadedRule, settings: Settings) -> Iterator[Finding]:
    for trouble in loaded.check(vm):
        severity = _severity(loaded.rule, settings, trouble.severity)
        yield finding_of(vm.name, loaded.rule, severity, trouble)


def _severity(rule: Rule, settings: Settings, of_this: Severity | None = None) -> Severity:
    wanted = dict(settings.severities)
    if rule.name in wanted:
        return wanted[rule.name]
    if rule.settled_at_define and settings.profile is Profile.DEFINED_ONCE:
        return Severity.ADVICE
    return of_this or rule.severity
