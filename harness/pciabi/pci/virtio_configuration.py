"""The device configuration of virtio devices: the fields of each type, and what decides them.

Sources: Virtual I/O Device (VIRTIO) 1.3, 5 (each type's device configuration layout). Types that
are not here keep their bytes without names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pciabi.pci.virtio_features import BALLOON, BLOCK, CONSOLE, GPU, INPUT, NET, NINEP, SCSI

UNNAMED = "bytes"
"""The name of all bytes of a type that is not here."""
UNNAMED_LENGTH = 64
_NOT_THERE = 0xFF


class FieldClass(StrEnum):
    """What decides the value of a field."""

    FIXED = "fixed"
    """The device's own properties."""
    WRITABLE = "writable"
    """The driver; out of reset it is the device's own."""
    BACKEND = "backend"
    """What the device is connected to, such as the size of an image."""
    RUNTIME = "runtime"
    """What happens while the machine runs, such as the state of a link."""
    ASSIGNED = "assigned"
    """The configuration, as something that identifies the device: another family's fact."""
    EVENTS = "events"
    """The device's catalogue of events that it may ever report."""
    UNNAMED = "unnamed"
    """Nobody here knows."""


@dataclass(frozen=True)
class ConfigurationField:
    """A field: `offset` and `size` in bytes; it is there where the device offers any of the
    `features`, or always where there are none."""

    name: str
    offset: int
    size: int
    field_class: FieldClass
    features: tuple[int, ...] = ()

    def is_there(self, offered: int) -> bool:
        """Whether a device with these features has it."""
        return not self.features or any(offered >> bit & 1 for bit in self.features)


def _layout(
    *rows: tuple[str, int, int, FieldClass, tuple[int, ...]],
) -> tuple[ConfigurationField, ...]:
    return tuple(ConfigurationField(*row) for row in rows)


_F, _W, _B = FieldClass.FIXED, FieldClass.WRITABLE, FieldClass.BACKEND
_R, _A = FieldClass.RUNTIME, FieldClass.ASSIGNED
_MAC = "mac"

FIELDS: Mapping[int, Sequence[ConfigurationField]] = MappingProxyType(
    {
        # 5.1.4. MQ is bit 22, RSS 60, HASH_REPORT 57.
        NET: _layout(
            (_MAC, 0, 6, _A, (5,)),
            ("status", 6, 2, _R, (16,)),
            ("max_virtqueue_pairs", 8, 2, _F, (22, 60)),
            ("mtu", 10, 2, _F, (3,)),
            ("speed", 12, 4, _F, (63,)),
            ("duplex", 16, 1, _F, (63,)),
            ("rss_max_key_size", 17, 1, _F, (57, 60)),
            ("rss_max_indirection_table_length", 18, 2, _F, (60,)),
            ("supported_hash_types", 20, 4, _F, (57, 60)),
        ),
        # 5.2.4. The geometry is QEMU's guess by the image's size and partition table.
        BLOCK: _layout(
            ("capacity", 0, 8, _B, ()),
            ("size_max", 8, 4, _F, (1,)),
            ("seg_max", 12, 4, _F, (2,)),
            ("cylinders", 16, 2, _B, (4,)),
            ("heads", 18, 1, _B, (4,)),
            ("sectors", 19, 1, _B, (4,)),
            ("blk_size", 20, 4, _F, (6,)),
            ("physical_block_exp", 24, 1, _F, (10,)),
            ("alignment_offset", 25, 1, _F, (10,)),
            ("min_io_size", 26, 2, _F, (10,)),
            ("opt_io_size", 28, 4, _F, (10,)),
            ("writeback", 32, 1, _W, (11,)),
            ("num_queues", 34, 2, _F, (12,)),
            ("max_discard_sectors", 36, 4, _F, (13,)),
            ("max_discard_seg", 40, 4, _F, (13,)),
            ("discard_sector_alignment", 44, 4, _F, (13,)),
            ("max_write_zeroes_sectors", 48, 4, _F, (14,)),
            ("max_write_zeroes_seg", 52, 4, _F, (14,)),
            ("write_zeroes_may_unmap", 56, 1, _F, (14,)),
            ("max_secure_erase_sectors", 60, 4, _F, (16,)),
            ("max_secure_erase_seg", 64, 4, _F, (16,)),
            ("secure_erase_sector_alignment", 68, 4, _F, (16,)),
            ("zone_sectors", 72, 4, _B, (17,)),
            ("max_open_zones", 76, 4, _B, (17,)),
            ("max_active_zones", 80, 4, _B, (17,)),
            ("max_append_sectors", 84, 4, _B, (17,)),
            ("write_granularity", 88, 4, _B, (17,)),
            ("zoned_model", 92, 1, _B, (17,)),
        ),
        # 5.3.4
        CONSOLE: _layout(
            ("cols", 0, 2, _R, (0,)),
            ("rows", 2, 2, _R, (0,)),
            ("max_nr_ports", 4, 4, _F, (1,)),
        ),
        # 5.5.4
        BALLOON: _layout(
            ("num_pages", 0, 4, _R, ()),
            ("actual", 4, 4, _R, ()),
            ("free_page_hint_cmd_id", 8, 4, _R, (3,)),
            ("poison_val", 12, 4, _R, (4,)),
        ),
        # 5.6.4
        SCSI: _layout(
            ("num_queues", 0, 4, _F, ()),
            ("seg_max", 4, 4, _F, ()),
            ("max_sectors", 8, 4, _F, ()),
            ("cmd_per_lun", 12, 4, _F, ()),
            ("event_info_size", 16, 4, _F, ()),
            ("sense_size", 20, 4, _W, ()),
            ("cdb_size", 24, 4, _W, ()),
            ("max_channel", 28, 2, _F, ()),
            ("max_target", 30, 2, _F, ()),
            ("max_lun", 32, 4, _F, ()),
        ),
        # The mount tag itself is identifying, and has a family of its own.
        NINEP: _layout(("tag_len", 0, 2, _A, (0,))),
        # 5.7.4. How many sets of capabilities there are is the renderer's.
        GPU: _layout(
            ("events_read", 0, 4, _R, ()),
            ("events_clear", 4, 4, _R, ()),
            ("num_scanouts", 8, 4, _F, ()),
            ("num_capsets", 12, 4, _B, ()),
        ),
        # 5.8.4: what else there is depends on what the driver selects (`INPUT_SELECTIONS`).
        INPUT: (),
    }
)

INPUT_SELECT, INPUT_SIZE, INPUT_DATA, INPUT_LONGEST = 0, 2, 8, 128
"""5.8.4: where the driver selects (two bytes, `select` and `subsel`), where the size of what was
selected stands, and where that begins, which has at most so many bytes."""

INPUT_SELECTIONS: Mapping[tuple[int, int], tuple[str, FieldClass]] = MappingProxyType(
    {
        (0x01, 0): ("ID_NAME", _F),
        (0x02, 0): ("ID_SERIAL", _A),
        (0x03, 0): ("ID_DEVIDS", _F),
        (0x10, 0): ("PROP_BITS", _F),
        (0x11, 0x01): ("EV_BITS KEY", FieldClass.EVENTS),
        (0x11, 0x02): ("EV_BITS REL", FieldClass.EVENTS),
        (0x11, 0x03): ("EV_BITS ABS", FieldClass.EVENTS),
        (0x11, 0x04): ("EV_BITS MSC", FieldClass.EVENTS),
        (0x11, 0x11): ("EV_BITS LED", FieldClass.EVENTS),
        (0x11, 0x14): ("EV_BITS REP", FieldClass.EVENTS),
        (0x12, 0x00): ("ABS_INFO X", _F),
        (0x12, 0x01): ("ABS_INFO Y", _F),
    }
)
"""5.8.4: what a driver may ask of an input device, by `select` and `subsel`: of events the kinds
that QEMU's devices have, of axes the first two."""


def class_of(device_type: int, name: str) -> FieldClass:
    """What decides a field of a type."""
    found = [field.field_class for field in FIELDS.get(device_type, ()) if field.name == name]
    if device_type == INPUT:
        found += [field_class for named, field_class in INPUT_SELECTIONS.values() if named == name]
    return next(iter(found), FieldClass.UNNAMED)


def accesses(device_type: int) -> tuple[tuple[int, int], ...]:
    """Which reads, as pairs of offset and size, show all fields of a type: of a field with 1, 2
    or 4 bytes as a whole, as 4.1.3.1 wants it, of others by parts."""
    if device_type not in FIELDS:
        return tuple((offset, 4) for offset in range(0, UNNAMED_LENGTH, 4))
    return tuple(
        access for field in FIELDS[device_type] for access in _parts(field.offset, field.size)
    )


def decode(
    device_type: int, features: int, byte_at: Callable[[int], int]
) -> Iterator[tuple[str, str]]:
    """The fields of a device that offers these features, each with its value as text; `byte_at`
    gives a byte by its offset, for all that `accesses` reads."""
    if device_type not in FIELDS:
        whole = bytes(map(byte_at, range(UNNAMED_LENGTH)))
        # What the device does not have reads as ones: nobody can tell it from ones at the end.
        if there := whole.rstrip(bytes([_NOT_THERE])):
            yield UNNAMED, there.hex(" ")
        return
    for field in FIELDS[device_type]:
        if field.is_there(features):
            data = bytes(byte_at(field.offset + index) for index in range(field.size))
            yield field.name, _shown(field.name, data)


def _parts(offset: int, size: int) -> Iterator[tuple[int, int]]:
    if size in (1, 2, 4):
        yield offset, size
    else:
        width = 4 if size % 4 == 0 else 1
        yield from ((place, width) for place in range(offset, offset + size, width))


def _shown(name: str, data: bytes) -> str:
    return data.hex(":") if name == _MAC else str(int.from_bytes(data, "little"))
