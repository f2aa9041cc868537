"""What virtio devices of version 1.0 and later offer, read from a paused machine.

Only what selects is written, and selects the first again in the end. Sources: Virtual I/O Device
(VIRTIO) 1.3, 4.1.4.3 (common configuration), 5.8.4 (input devices).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pciabi.errors import QemuError
from pciabi.pci import virtio_configuration as configuration
from pciabi.pci.function import PciFunction
from pciabi.pci.virtio import (
    FEATURE_BITS,
    LARGEST_QUEUE,
    MOST_QUEUES,
    ModernLayout,
    Region,
    VirtioDevice,
    type_of,
)
from pciabi.pci.virtio_features import INPUT
from pciabi.qemu.config_access import ConfigAccess
from pciabi.qemu.virtio_window import Get, Put, Talk, talk, window

# Registers of the common configuration: offset and size.
_FEATURE_SELECT, _FEATURES = (0x00, 4), (0x04, 4)
_QUEUE_COUNT, _QUEUE_SELECT, _QUEUE_SIZE = (0x12, 2), (0x16, 2), (0x18, 2)
_WORD_BITS = 32
_NOT_THERE = 0xFF


def read(
    access: ConfigAccess, devices: Sequence[tuple[PciFunction, ModernLayout]]
) -> list[VirtioDevice]:
    """What these functions offer, in their order.

    Raises QemuError, also for more queues, or larger ones, than a device can have.
    """
    return talk(
        access,
        [
            (window(function.address, function.config, layout.window), _device(function, layout))
            for function, layout in devices
        ],
    )


def _device(function: PciFunction, layout: ModernLayout) -> Talk[VirtioDevice]:
    common, device_type = layout.common, type_of(function)
    words = range(FEATURE_BITS // _WORD_BITS)
    first: list[Get | Put] = []
    for word in words:
        first += [Put(common, *_FEATURE_SELECT, word), Get(common, *_FEATURES)]
    first += [Put(common, *_FEATURE_SELECT, 0), Get(common, *_QUEUE_COUNT)]
    fields = _readable(layout.device, configuration.accesses(device_type))
    first += fields
    selections = _selections(layout.device) if device_type == INPUT else []
    answers = list((yield [*first, *selections]))
    features = sum(answers.pop(0) << _WORD_BITS * word for word in words)
    count = answers.pop(0)
    if count > MOST_QUEUES:
        raise QemuError(f"QEMU says that {function.address}, a virtio device, has {count} queues")
    seen = _bytes(fields, answers[: len(fields)])
    sizes = answers[len(fields) :]
    read = yield [*_queue_accesses(common, count), *_input_accesses(layout.device, sizes)]
    queue_sizes, items = tuple(read[:count]), read[count:]
    if any(size > LARGEST_QUEUE for size in queue_sizes):
        raise QemuError(
            f"QEMU says that {function.address}, a virtio device, has queues of "
            f"{max(queue_sizes)} entries"
        )

    def byte_at(offset: int) -> int:
        return seen.get(offset, _NOT_THERE)

    named = configuration.decode(device_type, features, byte_at)
    return VirtioDevice(
        type=device_type,
        features=features,
        queue_sizes=queue_sizes,
        configuration=(*named, *_input_items(sizes, items)),
    )


def _readable(region: Region | None, accesses: Sequence[tuple[int, int]]) -> list[Get]:
    """The reads that lie within the structure."""
    if region is None:
        return []
    return [
        Get(region, offset, size) for offset, size in accesses if offset + size <= region.length
    ]


def _bytes(gets: Sequence[Get], numbers: Sequence[int]) -> Mapping[int, int]:
    return {
        get.offset + index: byte
        for get, number in zip(gets, numbers, strict=True)
        for index, byte in enumerate(number.to_bytes(get.size, "little"))
    }


def _queue_accesses(common: Region, count: int) -> list[Get | Put]:
    accesses: list[Get | Put] = []
    for index in range(count):
        accesses += [Put(common, *_QUEUE_SELECT, index), Get(common, *_QUEUE_SIZE)]
    return [*accesses, Put(common, *_QUEUE_SELECT, 0)] if accesses else []


def _selections(region: Region | None) -> list[Get | Put]:
    """The size of each thing that an input device may be asked for."""
    if region is None or region.length < configuration.INPUT_DATA:
        return []
    accesses: list[Get | Put] = []
    for selection in configuration.INPUT_SELECTIONS:
        accesses += [_select(region, selection), Get(region, configuration.INPUT_SIZE, 1)]
    return [*accesses, _select(region, (0, 0))]


def _input_accesses(region: Region | None, sizes: Sequence[int]) -> list[Get | Put]:
    accesses: list[Get | Put] = []
    for selection, size in zip(configuration.INPUT_SELECTIONS, sizes, strict=False):
        if region is not None and size:
            accesses += [_select(region, selection), *_item(region, size)]
    return [*accesses, _select(region, (0, 0))] if region is not None and accesses else []


def _select(region: Region, selection: tuple[int, int]) -> Put:
    return Put(region, configuration.INPUT_SELECT, 2, selection[0] | selection[1] << 8)


def _item(region: Region, size: int) -> list[Get]:
    """Reads of all bytes of what is selected."""
    length = min(size, configuration.INPUT_LONGEST)
    return [Get(region, configuration.INPUT_DATA + index, 1) for index in range(length)]


def _input_items(sizes: Sequence[int], data: Sequence[int]) -> list[tuple[str, str]]:
    """What an input device has been asked for and has, each with its bytes."""
    items = []
    start = 0
    for (name, _), size in zip(configuration.INPUT_SELECTIONS.values(), sizes, strict=False):
        if size:
            length = min(size, configuration.INPUT_LONGEST)
            items.append((name, bytes(data[start : start + length]).hex(" ")))
            start += length
    return items
