"""The one error of whoever decodes ACPI's tables."""

from __future__ import annotations


class Undecodable(ValueError):
    """Bytes that are no ACPI table, or AML that says nothing before it is evaluated.

    Raised at the first of them. Whoever asked has not read what the tables would say.
    """
