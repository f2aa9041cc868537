"""Models that a domain leaves to libvirt and that libvirt has not always chosen alike.

`script/record-libvirt-drift` measures what 7.0, 9.0 and 11.3 choose; what other releases do is read
off libvirt's own news (NEWS.rst) and, of the video adapter, measured with 12.8 as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pciabi.vm.domain import kind
from pciabi.vm.libvirt_devices import model
from pciabi.vm.pci_vm import LeftOpen
from pciabi.vm.xml_tree import Element

_X86 = frozenset({"x86_64", "i686"})
_ARM_AND_RISCV = frozenset({"aarch64", "armv7l", "armv6l", "riscv64", "riscv32"})
_NOT_CHOSEN = frozenset({"", "auto", "default"})


@dataclass(frozen=True)
class DriftingModel:
    """A choice that has drifted. `what` is left open, `history` says which libvirt chooses what,
    `remedy` what to write. `is_left_open` tells of an element of `<devices>`, given the domain's
    architecture."""

    what: str
    history: str
    remedy: str
    source: str
    is_left_open: Callable[[Element, str], bool]


def _virtio_video(element: Element, _arch: str) -> bool:
    adapter = element.child("model")
    if element.name != "video" or adapter is None or model(element) != "virtio":
        return False
    return "device" not in adapter.attributes and adapter.attributes.get("primary") != "no"


def _scsi_controller(element: Element, arch: str) -> bool:
    return _is_controller(element, "scsi") and arch in _ARM_AND_RISCV


def _usb_controller(element: Element, arch: str) -> bool:
    # On x86 it is piix3-uhci with 7.0, 9.0, 11.3 and 12.8 alike: measured.
    return _is_controller(element, "usb") and bool(arch) and arch not in _X86


def _is_controller(element: Element, type_: str) -> bool:
    written = element.attributes
    is_one = element.name == "controller" and written.get("type") == type_
    return is_one and written.get("model", "") in _NOT_CHOSEN


MODELS = (
    DriftingModel(
        "the device of a virtio video adapter",
        "libvirt up to 12.4 takes virtio-vga or virtio-gpu-pci by the modules that QEMU has when "
        "the domain starts, and writes neither down; 12.5 and newer write it down when the domain "
        "is defined",
        "write into <model> what its guests have now, which libvirt 12.5 and newer keep to: "
        "device='virtio-vga' or 'virtio-gpu', with 3D acceleration 'virtio-vga-gl' or "
        "'virtio-gpu-gl'; or take a model that leaves no choice, such as vga",
        "libvirt, NEWS.rst, v12.5.0; measured: 11.3 passes over `device=`, 12.8 keeps to it",
        _virtio_video,
    ),
    DriftingModel(
        "the model of a SCSI controller",
        "libvirt up to 11.5 takes lsilogic on Arm and RISC-V, 11.6 and newer virtio-scsi",
        "write model='virtio-scsi'",
        "libvirt, NEWS.rst, v11.6.0",
        _scsi_controller,
    ),
    DriftingModel(
        "the model of a USB controller",
        "from libvirt 11.9 on it is another one on other machines than x86",
        "write model='qemu-xhci'",
        "libvirt, NEWS.rst, v11.9.0; measured: on x86 7.0, 9.0, 11.3 and 12.8 choose alike",
        _usb_controller,
    ),
)
"""Every choice that is known to have drifted."""


def left_open(domain: Element) -> Iterator[LeftOpen]:
    """What a domain leaves to libvirt of these choices, in its order. Of two virtio adapters the
    first alone may be either device."""
    os_type = kind.os_type(domain)
    arch = os_type.attributes.get("arch", "") if os_type is not None else ""
    devices = domain.merged("devices")
    seen_video = False
    for element in devices.children if devices is not None else ():
        is_second = element.name == "video" and seen_video
        seen_video = seen_video or element.name == "video"
        for one in MODELS:
            if not is_second and one.is_left_open(element, arch):
                yield LeftOpen(element.span, one.what, one.history, one.remedy)
