"""The words for what a comparison leaves open, the same in every report. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pciabi.abi.unknown import Unknown
from pciabi.pci.virtio_fields import FEATURE_PREFIX
from pciabi.pci.virtio_pins import pinning

_SHOWN = 4


@dataclass(frozen=True)
class Gap:
    """Things left open, for the same reason, of the same devices."""

    fields: tuple[str, ...]
    why_before: str
    why_after: str
    labels: tuple[str, ...]

    def __str__(self) -> str:
        """Such as `interface name of net0 (e1000), net1 (e1000): only a boot shows it`."""
        shown = ", ".join(self.labels[:_SHOWN])
        if len(self.labels) > _SHOWN:
            shown += f" and {len(self.labels) - _SHOWN} more"
        return f"{', '.join(self._folded())} of {shown}: {self.reason}{self._remedy}"

    def _folded(self) -> Iterator[str]:
        """The fields, the features of virtio among them together."""
        names = [
            field.removeprefix(FEATURE_PREFIX)
            for field in self.fields
            if field.startswith(FEATURE_PREFIX)
        ]
        if names:
            yield f"virtio feature{'s' if len(names) > 1 else ''} {', '.join(names)}"
        yield from (field for field in self.fields if not field.startswith(FEATURE_PREFIX))

    @property
    def _remedy(self) -> str:
        """What a configuration may say so that it is known."""
        pins = pinning(self.fields)
        return f" (known where the device has {','.join(pins)})" if pins else ""

    @property
    def reason(self) -> str:
        """Why it is open, and on which side where that is not the same."""
        if self.why_before == self.why_after:
            return self.why_before
        sides = (("before", self.why_before), ("after", self.why_after))
        return "; ".join(f"{side}: {why}" for side, why in sides if why)


def gaps(unknowns: Sequence[Unknown]) -> tuple[Gap, ...]:
    """What is left open, the same of the same devices together; what is not excused first."""
    by_field: dict[tuple[str, str, str], list[str]] = {}
    for unknown in sorted(unknowns, key=lambda unknown: unknown.excused):
        key = (unknown.why_before, unknown.why_after, unknown.field)
        by_field.setdefault(key, []).append(_who(unknown))
    by_devices: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (why_before, why_after, field), labels in by_field.items():
        by_devices.setdefault((why_before, why_after, tuple(labels)), []).append(field)
    return tuple(
        Gap(tuple(fields), why_before, why_after, labels)
        for (why_before, why_after, labels), fields in by_devices.items()
    )


def _who(unknown: Unknown) -> str:
    """The device in few words: lspci's own would fill the line."""
    return unknown.label if unknown.id or unknown.device else str(unknown.address_before)
