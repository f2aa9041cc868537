"""`<video>`: graphics devices.

Source: libvirt, src/qemu/qemu_command.c, qemuDeviceVideoGetModel and qemuBuildDeviceVideoCmd;
src/conf/domain_conf.c, virDomainVideoDefaultRAM.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, aliases, characters, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, missing, must_know
from pciabi.vm.domain.words import Property, Value, stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | virtio.DRIVER_OPTIONS
    | {"model", "model@type", "model@ram", "model@vram", "model@vram64", "model@vgamem"}
    | {"model@heads", "model@primary", "model@blob", "model/acceleration"}
    | {"model/acceleration@accel3d", "model/resolution", "model/resolution@x"}
    | {"model/resolution@y", "model@device", "driver@name", "driver@vgaconf"},
    {
        "model/acceleration@accel2d": "VirtualBox has it",
        "model/acceleration@rendernode": "which GPU of the host's renders",
    },
)
_VIRTIO, _QXL, _RAMFB, _NONE = "virtio", "qxl", "ramfb", "none"
_VHOST_USER, _SERVED_VGA = "vhostuser", "vhost-user-vga"
# The first one of a domain has VGA, where there is a form with it.
_PRIMARY: Mapping[str, str] = MappingProxyType(
    {
        "vga": "VGA",
        "cirrus": "cirrus-vga",
        "vmvga": "vmware-svga",
        _QXL: "qxl-vga",
        "bochs": "bochs-display",
        _RAMFB: "ramfb",
        _VIRTIO: "virtio-vga",
    }
)
_SECONDARY: Mapping[str, str] = MappingProxyType({_QXL: "qxl", _VIRTIO: "virtio-gpu-pci"})
_GL: Mapping[str, str] = MappingProxyType(
    {"virtio-vga": "virtio-vga-gl", "virtio-gpu-pci": "virtio-gpu-gl-pci"}
)
# The words of `<model device=>`, which leave libvirt no choice.
_STATED: Mapping[str, str] = MappingProxyType(
    {
        "virtio-vga": "virtio-vga",
        "virtio-vga-gl": "virtio-vga-gl",
        "virtio-gpu": "virtio-gpu-pci",
        "virtio-gpu-gl": "virtio-gpu-gl-pci",
        _SERVED_VGA: _SERVED_VGA,
        "vhost-user-gpu": "vhost-user-gpu-pci",
    }
)
# KiB, where the domain states none.
_VRAM: Mapping[str, int] = MappingProxyType(
    {**dict.fromkeys(("vga", "cirrus", "vmvga", "bochs"), 16 << 10), _QXL: 64 << 10}
)
_QXL_RAM, _QXL_VGA = 64 << 10, 16 << 10


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for each graphics device. Raises InputError."""
    videos = aliases.primary_first(list(domain.each("video")))
    for graphics in domain.each("graphics"):
        if not videos:
            raise missing(
                graphics,
                "there is no <video>: libvirt would add one",
                "<video><model type='none'/>",
            )
    for video in videos:
        must_know(video, _VOCABULARY)
    for video in videos:
        model = video.child("model")
        kind = model.attributes.get("type") if model is not None else None
        if model is None or kind in (None, "default"):
            raise missing(video, "has no model: libvirt would choose one that its QEMU has")
        if kind != _NONE:
            yield from _video(domain, video, model, is_primary=video is videos[0])


def in_modules(root: Element) -> frozenset[str]:
    """The drivers for a domain that a QEMU has in modules of its own, and in place of which libvirt
    takes others where they are not installed (qemuDomainSupportsVideoVga)."""
    devices = root.merged("devices")
    videos = aliases.primary_first(list(devices.all("video"))) if devices is not None else ()
    if not videos or videos[0].value("model", "type") != _VIRTIO:
        return frozenset()
    return frozenset({_SERVED_VGA if _is_served(videos[0]) else _PRIMARY[_VIRTIO]})


def _is_served(video: Element) -> bool:
    return video.value("driver", "name") == _VHOST_USER


def _video(domain: Domain, video: Element, model: Element, *, is_primary: bool) -> Iterator[Option]:
    alias = domain.alias(video)
    kind = model.attributes["type"]
    if in_modules(domain.root) & domain.dialect.lacking:
        is_primary = False
    served: tuple[Property, ...] = ()
    if _is_served(video):
        yield characters.socket(video, alias)
        served = stated(video, ("chardev", characters.served(alias)))
    driver = _stated_driver(domain, video, model)
    if driver is None:
        driver = _chosen_driver(domain, video, model, is_primary=is_primary)
    yield domain.device(
        stated(model, ("driver", driver)),
        virtio.options(domain, video) if _heeds_driver(domain, kind, driver) else (),
        stated(video, ("id", alias)),
        _outputs(model, kind),
        served or tuple(_memory(domain, model, kind)),
        _resolution(model),
        () if kind == _RAMFB else addresses.pci(domain, video),
    )


def _stated_driver(domain: Domain, video: Element, model: Element) -> str | None:
    """The driver that a virtio adapter states and that libvirt heeds, if any."""
    word = model.attributes.get("device")
    if word is None or model.attributes["type"] != _VIRTIO:
        return None
    if not domain.dialect.has(Trait.VIDEO_DEVICE):
        return None
    return chosen(video, "model device", word, _STATED, model)


def _chosen_driver(domain: Domain, video: Element, model: Element, *, is_primary: bool) -> str:
    if _is_served(video):
        return _SERVED_VGA if is_primary else "vhost-user-gpu-pci"
    kind = model.attributes["type"]
    driver = chosen(video, "model type", kind, _PRIMARY if is_primary else _SECONDARY, model)
    if kind == _VIRTIO and _renders(model) and domain.dialect.has(Trait.GL_MODELS):
        return _GL[driver]
    return driver


def _heeds_driver(domain: Domain, kind: str, driver: str) -> bool:
    if driver == _SERVED_VGA:
        return not domain.dialect.has(Trait.VHOST_USER_VGA_ALONE)
    return kind == _VIRTIO


def _renders(model: Element) -> bool:
    return bool(switch(model.child("acceleration"), "accel3d"))


def _outputs(model: Element, kind: str) -> tuple[Property, ...]:
    heads = number(model, "heads", 1) if kind in (_QXL, _VIRTIO) else 0
    return stated(model, ("max_outputs", heads or None))


def _memory(domain: Domain, model: Element, kind: str) -> Iterator[Property]:
    """Sizes of memory that a guest maps; of a virtio GPU what it does with the host's."""
    vram = _power_of_two(number(model, "vram") or _VRAM.get(kind, 0))
    pairs: list[tuple[str, Value | None]] = []
    if kind == _QXL:
        ram = _power_of_two(number(model, "ram") or _QXL_RAM)
        pairs = [
            ("ram_size", ram << 10),
            ("vram_size", vram << 10),
            ("vram64_size_mb", number(model, "vram64") >> 10),
            ("vgamem_mb", (number(model, "vgamem") or _QXL_VGA) >> 10),
        ]
    elif kind in ("vga", "vmvga"):
        pairs = [("vgamem_mb", vram >> 10)]
    elif kind == "bochs":
        pairs = [("vgamem", vram << 10)]
    elif kind == _VIRTIO:
        has_blob = domain.dialect.has(Trait.VIDEO_BLOB)
        pairs = [("blob", switch(model, "blob") if has_blob else None)]
    yield from stated(model, *pairs)
    acceleration = model.child("acceleration")
    if kind == _VIRTIO and acceleration is not None and not domain.dialect.has(Trait.VIRGL_MODELS):
        yield from stated(acceleration, ("virgl", switch(acceleration, "accel3d")))


def _power_of_two(size: int) -> int:
    return 1 << (size - 1).bit_length() if size > 0 else 0


def _resolution(model: Element) -> tuple[Property, ...]:
    found = model.child("resolution")
    if found is None:
        return ()
    return stated(found, ("xres", number(found, "x") or None), ("yres", number(found, "y") or None))
