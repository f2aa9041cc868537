"""The other devices, most of which name little or nothing of the host."""

from __future__ import annotations

from pciabi.abi.snapshot import ACPI_TABLES
from pciabi.libvirt.inert.allow_list import described
from pciabi.libvirt.inert.common import (
    NOWHERE,
    VIRTIO,
    Treatment,
    Turn,
    containing,
    device,
    having,
    left_out,
    made,
    whole,
    without,
)
from pciabi.libvirt.inert.record import LEFT_OUT
from pciabi.vm.xml_tree import Element

CONTROLLER: Treatment = device(
    f"""
    : type index model ports vectors
    model: name
    target: chassisNr chassis port busNr index hotplug memReserve
    target/node: #
    driver: queues cmd_per_lun max_sectors ioeventfd event_idx iothread {VIRTIO}
    driver/iothreads/iothread: id
    driver/iothreads/iothread/queue: id
    master: startport
    pcihole64: unit #
    serial: #*
    """,
    ": maxGrantFrames maxEventChannels",
)
HUB: Treatment = device(": type")
SOUND: Treatment = device(f": model streams multichannel\ncodec: type\ndriver: {VIRTIO}", "audio:")
WATCHDOG: Treatment = device(": model action")
MEMBALLOON: Treatment = device(
    f": model autodeflate freePageReporting\nstats: period\ndriver: {VIRTIO}"
)
NVRAM: Treatment = device("")
PANIC: Treatment = device(": model")
VSOCK: Treatment = device(f": model\ncid: auto address\ndriver: {VIRTIO}")
IOMMU: Treatment = device(
    f"""
    : model
    driver: intremap caching_mode eim iotlb aw_bits dma_translation passthrough xtsup {VIRTIO}
    """
)
VIDEO: Treatment = device(
    f"""
    :
    model: type ram vram vram64 vgamem heads primary blob edid device
    model/acceleration: accel3d accel2d
    model/resolution: x y
    driver: name vgaconf {VIRTIO}
    """,
    "model/acceleration: rendernode",
)


def _graphics(kept: Element, turn: Turn) -> Element:
    turn.record.tell(described(turn.element), "the same without an address")
    return kept


GRAPHICS: Treatment = device(
    ": type",
    """
    : port tlsPort autoport websocket listen socket keymap passwd passwdValidTo connected
    : sharePolicy powerControl wait display xauth fullscreen defaultMode replaceUser multiUser
    : address p2p
    listen:
    channel:
    gl:
    image:
    jpeg:
    zlib:
    playback:
    streaming:
    mouse:
    filetransfer:
    clipboard:
    audio:
    """,
    _graphics,
)


# On no bus: libvirt makes a silent one for the sound cards that have none.
AUDIO: Treatment = whole(left_out)


def _rng(kept: Element, turn: Turn) -> Element:
    backend = turn.element.child("backend")
    if backend is not None and backend.attributes.get("model") != "builtin":
        turn.record.tell(f"<rng>{described(backend)}", "<backend model='builtin'>")
    return containing(kept, made(kept, "backend", model="builtin"))


RNG: Treatment = device(
    f": model\ndriver: {VIRTIO}\nrate: bytes period",
    "backend:",
    _rng,
)


def _input(kept: Element, turn: Turn) -> Element | None:
    kind = turn.element.attributes.get("type")
    if kind == "evdev":
        turn.record.tell("<input type='evdev'>")
        return None
    if kind == "passthrough":
        turn.record.tell("<input type='passthrough'><source>", "a device that is not there")
        return containing(kept, made(kept, "source", evdev=f"{NOWHERE}/event0"))
    return kept


INPUT: Treatment = device(f": type bus model\ndriver: {VIRTIO}", "source:", _input)


def _shmem(kept: Element, turn: Turn) -> Element:
    """Its name is that of memory the host's processes share."""
    turn.record.tell("<shmem name=>", "a name of its own")
    renamed = having(kept, name=f"pciabi-{turn.ordinal}")
    if turn.element.child("server") is None:
        return renamed
    turn.record.tell("<shmem><server>", "a socket that is not there")
    return containing(renamed, made(kept, "server", path=f"{NOWHERE}/ivshmem"))


SHMEM: Treatment = device(
    ": role\nmodel: type\nsize: unit #\nmsi: enabled ioeventfd vectors", ": name\nserver:", _shmem
)


def _tpm(kept: Element, turn: Turn) -> None:
    """On no bus: libvirt refuses one where the program that emulates it is not installed."""
    del kept
    turn.record.tell(described(turn.element), LEFT_OUT, ACPI_TABLES)


TPM: Treatment = whole(_tpm)


def _memory(kept: Element, turn: Turn) -> Element | None:
    if kept.attributes.get("model") == "sgx-epc":
        turn.record.tell("<memory model='sgx-epc'>")
        return None
    written, source = turn.element.child("source"), kept.child("source")
    if written is None or source is None:
        return kept
    if written.child("path") is not None:
        turn.record.tell("<memory><source><path>", "a file that is not there")
        path = Element("path", {}, kept.start, text=f"{NOWHERE}/memory")
        source = containing(source, path)
    return containing(kept, source) if source.children else without(kept, "source")


MEMORY: Treatment = device(
    """
    : model access discard
    uuid: #
    target: dynamicMemslots
    target/size: unit #
    target/node: #
    target/block: unit #
    target/requested: unit #
    target/current: unit #
    target/label/size: unit #
    target/readonly:
    target/address: base
    source/alignsize: unit #
    """,
    """
    source/path:
    source/pagesize:
    source/nodemask:
    source/pmem:
    """,
    _memory,
)


def _crypto(kept: Element, turn: Turn) -> Element:
    del turn
    backend = kept.child("backend") or made(kept, "backend")
    return containing(kept, having(backend, model="builtin"))


CRYPTO: Treatment = device(
    f": model type\nbackend: queues\ndriver: {VIRTIO}", "backend: model", _crypto
)


def _pstore(kept: Element, turn: Turn) -> Element:
    turn.record.tell("<pstore><path>", "a file that is not there")
    path = Element("path", {}, kept.start, text=f"{NOWHERE}/pstore")
    return containing(kept, path)


PSTORE: Treatment = device(": backend\nsize: unit #", "path:", _pstore)
