"""Disks: every image becomes null-co, which reads as zeros and opens nothing."""

from __future__ import annotations

from pciabi.abi.snapshot import Substitution
from pciabi.qemu.inert.statement import (
    Stated,
    Statement,
    Surroundings,
    fresh,
    left_out,
    replaced,
    written,
)
from pciabi.vm.command_line.parameters import Parameter, Parameters

DISK_BYTES = 64 << 20
FLOPPY_BYTES = 1_474_560

# What a drive says about the guest's side of it, or about how any driver is used.
_DRIVE_KEPT = frozenset(("if", "bus", "unit", "index", "media", "id", "readonly", "read-only"))
_DRIVE_KEPT |= {"discard", "detect-zeroes", "cache", "cache.writeback", "werror", "rerror"}
_NODE_KEPT = ("node-name", "read-only", "discard", "detect-zeroes")
_SHOWN = ("driver", "if", "index", "media", "format", "readonly", "read-only")
_GONE = ("addr", "cyls", "heads", "secs", "trans", "serial", "boot")
# A drive with none of these is an empty one, such as a CD-ROM drive without a medium.
_MEDIUM = ("file", "driver", "filename", "format")
_SHORT = {
    "fda": (("if", "floppy"), ("index", "0")),
    "fdb": (("if", "floppy"), ("index", "1")),
    "hda": (("index", "0"), ("media", "disk")),
    "hdb": (("index", "1"), ("media", "disk")),
    "hdc": (("index", "2"), ("media", "disk")),
    "hdd": (("index", "3"), ("media", "disk")),
    "disk image": (("index", "0"), ("media", "disk")),
    "cdrom": (("index", "2"), ("media", "cdrom")),
    "sd": (("if", "sd"), ("index", "0")),
    "mtdblock": (("if", "mtd"), ("index", "0")),
}


def drive(statement: Statement, around: Surroundings) -> Stated:
    """`-drive`: what the guest sees of it stays, the image goes."""
    for name in _GONE:
        if name in statement.parameters.names:
            raise statement.refused(f"no QEMU since 5.2 takes {name}=", at=name)
    kind = statement.get("if")
    shown = statement.shown(*_SHOWN)
    if kind == "pflash":
        return left_out(shown)
    kept = statement.parameters.keeping(*_DRIVE_KEPT)
    has_medium = any(
        item.value and item.name.partition(".")[0] in _MEDIUM for item in statement.parameters.items
    )
    if not has_medium:
        return replaced(statement, kept, shown) if kept.items else Stated()
    size = FLOPPY_BYTES if kind == "floppy" else DISK_BYTES
    users = around.of("drive", statement.get("id"))
    return replaced(statement, _null(kept, size), shown, users)


def short_drive(statement: Statement) -> Stated:
    """`-hda`, `-cdrom`, `-fda` and a bare disk image, as the `-drive` QEMU takes them for."""
    pairs = _SHORT[statement.name]
    parameters = Parameters(tuple(Parameter(name, value) for name, value in pairs), None)
    size = FLOPPY_BYTES if ("if", "floppy") in pairs else DISK_BYTES
    if statement.option.value is not None and statement.option.value.text:
        parameters = _null(parameters, size)
    word = "a disk image" if statement.name == "disk image" else f"-{statement.name}"
    arguments = ("-drive", written(parameters))
    return Stated(arguments, (Substitution(word, "-drive driver=null-co", None, ()),))


def blockdev(statement: Statement, around: Surroundings) -> Stated:
    """`-blockdev`: each named node becomes one of null-co, whatever was below it."""
    kept = statement.parameters.keeping(*_NODE_KEPT)
    node = statement.get("node-name")
    parameters = fresh(
        "null-co", ("size", DISK_BYTES), ("read-zeroes", True), like=statement.parameters
    )
    parameters = Parameters(
        (*parameters.items, *kept.items), parameters.implied, parameters.is_json
    )
    users = around.of("drive", node)
    return replaced(statement, parameters, statement.shown(*_SHOWN), users)


def _null(parameters: Parameters, size: int) -> Parameters:
    added = (("driver", "null-co"), ("size", str(size)), ("read-zeroes", "on"))
    items = tuple(Parameter(name, value) for name, value in added)
    return Parameters((*parameters.items, *items), None)
