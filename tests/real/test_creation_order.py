"""The order in which QEMU creates what a command line asks for, held against our reading of it."""

from __future__ import annotations

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.probe import configuration
from pciabi.qemu import binary
from pciabi.qemu.inert.hardware import inert
from pciabi.vm import reading
from pciabi.vm.qemu_machine import vm

# Each option that makes a device, and QEMU's type of it; the order here is nobody's.
OPTIONS = (
    (("-device", '{"driver": "rtl8139", "id": "json"}'), "rtl8139"),
    (("-audio", "none,model=hda"), "intel-hda"),
    (("-drive", "if=virtio,file=/nonexistent"), "virtio-blk-pci"),
    (("-device", "e1000,id=first"), "e1000"),
    (("-net", "nic,model=ne2k_pci"), "ne2k_pci"),
    (("-nic", "user,model=pcnet"), "pcnet"),
    (("-virtfs", "local,path=/nonexistent,mount_tag=x,security_model=none"), "virtio-9p-pci"),
    (("-device", "virtio-rng-pci,id=second"), "virtio-rng-pci"),
)


def test_devices_are_read_in_the_order_in_which_qemu_creates_them() -> None:
    argv = ["-nodefaults", "-machine", "pc"]
    # A line of an argument list is an argument's number.
    types = {}
    for words, kind in OPTIONS:
        types[len(argv) + 1] = kind
        argv += words
    line = reading.read_argv(argv)
    made = inert(line)
    snapshot = configuration.probe(made, binary.find(None), Cancellation(), Deadline.after(120))
    created = [f.device for f in snapshot.functions if f.path.hops[0][0] > 1]
    assert [types[device.span.start.line] for device in vm(line).devices] == created
