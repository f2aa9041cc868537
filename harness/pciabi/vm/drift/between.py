"""What two libvirts make differently of one domain: what they store, and what they write."""

from __future__ import annotations

from collections.abc import Mapping

from pciabi.vm.drift.drift import Drift
from pciabi.vm.drift.made_domain import MadeDomain
from pciabi.vm.drift.stored import name_of, stored
from pciabi.vm.drift.written import written


def drifts(before: MadeDomain, after: MadeDomain) -> tuple[Drift, ...]:
    """Every difference: those of the XML first, then what only the command lines tell."""
    in_xml = tuple(stored(before, after))
    names = {**_names(before), **_names(after)}
    return (*in_xml, *written(before.line, after.line, names, in_xml))


def _names(made: MadeDomain) -> Mapping[str, str]:
    """What the owner calls the devices, by qdev id."""
    ids = ((made.id_of(device), device) for device in made.devices)
    return {one: name_of(device) for one, device in ids if one is not None}
