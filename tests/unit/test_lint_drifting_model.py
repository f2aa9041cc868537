"""Which choices left to libvirt lint speaks of, and where a domain says enough."""

from __future__ import annotations

import pytest

from pciabi.lint.rules import drifting_model
from pciabi.vm.config_text import ConfigText
from pciabi.vm.formats import libvirt
from pciabi.vm.pci_vm import PciVm

VIDEO = "<video><model type='virtio'{more}/></video>"
SCSI, USB = "<controller type='scsi'{more}/>", "<controller type='usb'{more}/>"


def vm(devices: str, arch: str = "x86_64", machine: str = "pc-q35-9.2") -> PciVm:
    """A domain of these devices."""
    text = (
        f"<domain type='kvm'><os><type arch='{arch}' machine='{machine}'>hvm</type></os>\n"
        f"<devices>\n{devices}</devices></domain>"
    )
    (found,) = libvirt.FORMAT.read(ConfigText("web.xml", text))
    return found.places


@pytest.mark.parametrize(
    ("devices", "arch", "says"),
    [
        (VIDEO.format(more=""), "x86_64", "libvirt up to 12.4 takes virtio-vga or virtio-gpu-pci"),
        (VIDEO.format(more=" primary='yes'"), "x86_64", "by the modules that QEMU has"),
        (VIDEO.format(more=""), "aarch64", "12.5 and newer write it down"),
        (SCSI.format(more=""), "aarch64", "11.6 and newer virtio-scsi"),
        (SCSI.format(more=" model='auto'"), "riscv64", "lsilogic on Arm and RISC-V"),
        (USB.format(more=""), "aarch64", "from libvirt 11.9 on it is another one"),
    ],
)
def test_a_choice_that_has_drifted_is_told(devices: str, arch: str, says: str) -> None:
    machine = "pc-q35-9.2" if arch == "x86_64" else "virt-9.2"
    (trouble,) = drifting_model.check(vm(devices, arch, machine))
    assert says in trouble.message
    assert trouble.remedy.startswith("write ")
    assert trouble.span.start.line == 3


@pytest.mark.parametrize(
    ("devices", "arch"),
    [
        (VIDEO.format(more=" device='virtio-vga'"), "x86_64"),
        ("<video><model type='vga'/></video>", "x86_64"),
        ("<video><model type='none'/></video>", "x86_64"),
        ("<video/>", "x86_64"),
        (VIDEO.format(more=" primary='no'"), "x86_64"),
        ("<video><model type='vga'/></video>" + VIDEO.format(more=""), "x86_64"),
        (SCSI.format(more=""), "x86_64"),
        (USB.format(more=""), "x86_64"),
        (SCSI.format(more=" model='virtio-scsi'"), "aarch64"),
        (USB.format(more=" model='qemu-xhci'"), "aarch64"),
        (USB.format(more=" model='none'"), "aarch64"),
    ],
)
def test_what_is_written_or_has_not_drifted_is_no_finding(devices: str, arch: str) -> None:
    machine = "pc-q35-9.2" if arch == "x86_64" else "virt-9.2"
    assert list(drifting_model.check(vm(devices, arch, machine))) == []
