"""What a virtio device offers its driver: features, queues and device configuration.

A driver takes of the features what it knows, and a guest keeps what it took: a running one cannot
be migrated to where a feature is missing or a queue is smaller, and a booted one finds offloads
and queues gone. None of it is in configuration space. Where a backend decides a feature and
another stands in for it, the feature is unknown, unless the configuration switches it off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.family import Form, FunctionFamily
from pciabi.abi.judgement import Judgement, benign, breaking, notable
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci import virtio_fields as fields
from pciabi.pci.facts import UNREAD
from pciabi.pci.function import Stored
from pciabi.pci.virtio import (
    FEATURE_BITS,
    LARGEST_QUEUE,
    MOST_QUEUES,
    TYPE_NAMES,
    VIRTIO,
    VirtioDevice,
    is_virtio,
)
from pciabi.pci.virtio_configuration import FieldClass, class_of
from pciabi.pci.virtio_features import bits_of, name_of

CHANGED = Kind(
    "virtio",
    rank=115,
    advice=Advice(
        "Virtio device changed",
        "A virtio device offers its driver other features, queues or a configuration that it did "
        "not: a running guest cannot be migrated, and a booted one finds its device changed.",
        "State the property that decides it with its old value (`host_uso=`, `host_tunnel=`, "
        "`rx_queue_size=`, `num-queues=`, `queue-size=`, …). Where QEMU gave queues other sizes of "
        "its own accord no property brings them back: keep the old QEMU for existing guests.",
    ),
)

_TYPE = breaking("another type of device has another driver")
_FEATURE = breaking("a driver relies on what was offered, and migration refuses what is missing")
_QUEUE_COUNT = breaking("a driver spreads its work over the queues that there are")
_QUEUE_SIZE = breaking("migration refuses a queue of another size")
_OF_CLASS: Mapping[FieldClass, Judgement] = MappingProxyType(
    {
        FieldClass.FIXED: breaking("the device's own properties decide it, and a driver uses it"),
        FieldClass.WRITABLE: notable("a driver may set it; only what it finds at first differs"),
        FieldClass.BACKEND: benign("it is what the device is connected to, such as an image"),
        FieldClass.RUNTIME: benign("it changes while a machine runs"),
        FieldClass.ASSIGNED: benign("it identifies the device, which other facts tell"),
        FieldClass.EVENTS: notable(
            "a driver asks which events may come, and fails for none of them"
        ),
        FieldClass.UNNAMED: notable("what these bytes of the configuration mean is not known here"),
    }
)

_NAME = "virtio features, queues and configuration"
_MOST_FIELDS = 100
_LONGEST_VALUE = 1_000
_NUMBERED = re.compile(r"(\d{1,5})(?: [^\r\n]{0,80})?")


@dataclass(frozen=True)
class VirtioForm(Stored):
    """A virtio device: the number of its type, the numbers of the feature bits that it offers,
    each with a name for people, the largest size of each queue, and its configuration."""

    type: str
    features: tuple[str, ...]
    queue_sizes: tuple[int, ...]
    configuration: dict[str, str]


def _write(device: VirtioDevice | None) -> VirtioForm | None:
    if device is None:
        return None
    return VirtioForm(
        type=_numbered(device.type, TYPE_NAMES.get(device.type, "")),
        features=tuple(
            _numbered(bit, name_of(device.type, bit)) for bit in bits_of(device.features)
        ),
        queue_sizes=device.queue_sizes,
        configuration=dict(device.configuration),
    )


def _numbered(number: int, name: str) -> str:
    return f"{number} {name}".rstrip()


def _read(form: VirtioForm | None) -> VirtioDevice | None:
    if form is None:
        return None
    bits = [_number(text, FEATURE_BITS, "virtio feature") for text in form.features]
    if sorted(set(bits)) != bits:
        raise ValueError("the features of a virtio device are not each there once, in order")
    if len(form.queue_sizes) > MOST_QUEUES:
        raise ValueError(f"no virtio device has {len(form.queue_sizes)} queues")
    for size in form.queue_sizes:
        if not 0 <= size <= LARGEST_QUEUE:
            raise ValueError(f"no virtio queue has {size} entries")
    if len(form.configuration) > _MOST_FIELDS:
        raise ValueError(f"no virtio device has {len(form.configuration)} fields")
    if any(len(text) > _LONGEST_VALUE for pair in form.configuration.items() for text in pair):
        raise ValueError(f"a virtio device's field has more than {_LONGEST_VALUE} characters")
    return VirtioDevice(
        type=_number(form.type, 1 << 16, "virtio device type"),
        features=sum(1 << bit for bit in bits),
        queue_sizes=form.queue_sizes,
        configuration=tuple(form.configuration.items()),
    )


def _number(text: str, end: int, what: str) -> int:
    match = _NUMBERED.fullmatch(text)
    if match is None or int(match[1]) >= end:
        raise ValueError(f"{text[:40]!r} is no {what}: a number below {end}, then its name")
    return int(match[1])


def _differences(
    before: VirtioDevice | None, after: VirtioDevice | None, both: Both[PlacedFunction]
) -> Iterator[Difference]:
    """None where a side is no virtio device: then its ids tell."""
    if before is None or after is None:
        return
    if before.type != after.type:
        yield Difference(CHANGED, _TYPE, "virtio device type", _type(before), _type(after))
        return
    yield from (
        difference
        for difference in (
            *_features(before, after),
            *_queues(before, after, both),
            *_configuration(before, after),
        )
        if difference.field not in both.left_open
    )


def _type(device: VirtioDevice) -> str:
    return _numbered(device.type, TYPE_NAMES.get(device.type, ""))


def _features(before: VirtioDevice, after: VirtioDevice) -> Iterator[Difference]:
    words = {True: "offered", False: "not offered"}
    for bit in bits_of(before.features ^ after.features):
        field = fields.feature(name_of(before.type, bit))
        old, new = (words[device.offers(bit)] for device in (before, after))
        yield Difference(CHANGED, _FEATURE, field, old, new)


def _queues(
    before: VirtioDevice, after: VirtioDevice, both: Both[PlacedFunction]
) -> Iterator[Difference]:
    old, new = before.queue_sizes, after.queue_sizes
    if len(old) != len(new):
        yield Difference(CHANGED, _QUEUE_COUNT, fields.QUEUE_COUNT, str(len(old)), str(len(new)))
        if fields.QUEUE_COUNT in both.left_open:
            # Which of them is which is open as well.
            return
    alike: dict[tuple[int, int], list[int]] = {}
    for index, sizes in enumerate(zip(old, new, strict=False)):
        # One that is open takes none of the others with it.
        if sizes[0] != sizes[1] and fields.queue_sizes([index]) not in both.left_open:
            alike.setdefault(sizes, []).append(index)
    for sizes, indices in alike.items():
        field = fields.queue_sizes(indices)
        yield Difference(CHANGED, _QUEUE_SIZE, field, str(sizes[0]), str(sizes[1]))


def _configuration(before: VirtioDevice, after: VirtioDevice) -> Iterator[Difference]:
    old, new = dict(before.configuration), dict(after.configuration)
    for name in dict.fromkeys((*old, *new)):
        one, two = old.get(name, ABSENT), new.get(name, ABSENT)
        if one != two:
            judgement = _OF_CLASS[class_of(before.type, name)]
            yield Difference(CHANGED, judgement, fields.configuration(name), one, two)


def _openings(both: Both[PlacedFunction]) -> Iterator[Opening]:
    """What a side did not read of a device that is one of virtio on either."""
    sides = (both.before, both.after)
    before, after = (side.facts.get(VIRTIO) is UNREAD for side in sides)
    if (before or after) and any(is_virtio(side.function) for side in sides):
        yield both.silent(_NAME, before=before, after=after)


def _missing(function: PlacedFunction) -> Iterator[str]:
    if function.facts.get(VIRTIO) is UNREAD and is_virtio(function.function):
        yield _NAME


def _shown(device: VirtioDevice | None) -> Iterator[str]:
    if device is None:
        return
    yield f"virtio device type {_type(device)}"
    names = ", ".join(name_of(device.type, bit) for bit in bits_of(device.features))
    yield f"virtio features: {names or 'none'}"
    yield f"virtio queues: {_shown_sizes(device.queue_sizes)}"
    if device.configuration:
        values = ", ".join(f"{name} {value}" for name, value in device.configuration)
        yield f"virtio configuration: {values}"


def _shown_sizes(sizes: Sequence[int]) -> str:
    """Such as `3 (sizes 256, 256, 64)`, equal ones that follow each other together."""
    runs: list[tuple[int, int]] = []
    for size in sizes:
        if runs and runs[-1][0] == size:
            runs[-1] = (size, runs[-1][1] + 1)
        else:
            runs.append((size, 1))
    words = (f"{size}" if count == 1 else f"{count} of {size}" for size, count in runs)
    return f"{len(sizes)} (sizes {', '.join(words)})" if sizes else "none"


FAMILY = FunctionFamily(
    key=VIRTIO,
    title="virtio features, queues and device configuration",
    rank=115,
    form=Form(VirtioForm | None, _write, _read),
    kinds=(CHANGED,),
    judgements=(_TYPE, _FEATURE, _QUEUE_COUNT, _QUEUE_SIZE, *_OF_CLASS.values()),
    differences=_differences,
    openings=_openings,
    missing=_missing,
    shown=_shown,
    has_field=fields.is_one,
)
