"""How long QEMU keeps a versioned machine type: from when on it is deprecated, and when deleted.

Source: QEMU include/hw/boards.h, MACHINE_VER_DEPRECATION and MACHINE_VER_DELETION (since 9.1). A
type of version X.Y is deprecated from QEMU X+3.Y and deleted from X+6.Y, three releases a year
being assumed: .0 in April, .1 in August, .2 in December (docs/about/deprecated.rst). Deletion was
held back until 10.1. Types up to 2.3 were removed one by one before there was a rule
(docs/about/removed-features.rst).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_YEARS_TO_DEPRECATION = 3
_YEARS_TO_DELETION = 6
_MINORS = 3
_MONTHS = ("April", "August", "December")
_YEAR_OF_RELEASE_0 = 2015
# Since when three releases a year count 0, 1, 2 below a major number of the year's own.
_FIRST_YEARLY = 4

# The families whose versions are QEMU's own. A downstream's version, as in pc-q35-rhel9.6.0, fits
# no number here; a Proxmox suffix (+pve0) and a tag such as -hpb or -sxxm do not either.
_VERSIONED = re.compile(
    r"(?:pc|pc-i440fx|pc-q35|virt|s390-ccw-virtio|pseries)-([0-9]{1,3})\.([0-9]{1,3})(?:\.[0-9]+)?"
)


@dataclass(frozen=True, order=True)
class Release:
    """A release of QEMU's, such as 11.2."""

    major: int
    minor: int

    def later(self, years: int) -> Release:
        """The release that comes so many years after it; the next one where a year has no release
        of this number, as 5.12 after 2.12."""
        if self.minor >= _MINORS:
            return Release(self.major + years + 1, 0)
        return Release(self.major + years, self.minor)

    @property
    def month(self) -> str:
        """When QEMU's schedule has it, such as `December 2026`; empty for 3.1 and older, which had
        another one."""
        if self.major < _FIRST_YEARLY or self.minor >= _MINORS:
            return ""
        return f"{_MONTHS[self.minor]} {_YEAR_OF_RELEASE_0 + self.major}"

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


# The release with which each half of the rule came into force.
_DEPRECATION_RULE = Release(9, 1)
_DELETION_RULE = Release(10, 1)
_LAST_BEFORE_RULES = Release(2, 3)


@dataclass(frozen=True)
class Life:
    """The releases between which QEMU has a machine type: `version` brought it, from `deprecated`
    on it is deprecated, `deleted` is the first that does not have it."""

    version: Release
    deprecated: Release
    deleted: Release

    def is_deprecated_in(self, release: Release) -> bool:
        """Whether a release has it and calls it deprecated."""
        return self.deprecated <= release < self.deleted

    def is_deleted_in(self, release: Release) -> bool:
        """Whether a release does not have it any more."""
        return self.deleted <= release


def version(machine: str) -> Release | None:
    """The version in a machine type's name, of a family that QEMU itself gives versions.

    None for a name without one, such as `q35` or `microvm`, and for a downstream's name.
    """
    match = _VERSIONED.fullmatch(machine)
    return Release(int(match[1]), int(match[2])) if match else None


def life(machine: str) -> Life | None:
    """How long QEMU keeps a machine type; None where its rule does not speak of that name."""
    born = version(machine)
    if born is None:
        return None
    deprecated = max(born.later(_YEARS_TO_DEPRECATION), _DEPRECATION_RULE)
    if born <= _LAST_BEFORE_RULES:
        return Life(born, _DEPRECATION_RULE, _DEPRECATION_RULE)
    return Life(born, deprecated, max(born.later(_YEARS_TO_DELETION), _DELETION_RULE))
