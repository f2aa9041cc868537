"""Command lines in the styles people and libvirt write them, each started inertly on QEMU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pciabi.abi.snapshot import EVERY_FIELD, Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import InputError
from pciabi.probe import configuration
from pciabi.qemu import binary
from pciabi.qemu.inert import fields
from pciabi.qemu.inert.hardware import inert
from pciabi.vm import reading

EXAMPLES = Path(__file__).resolve().parent.parent / "golden" / "command_lines"

# Where the devices of each example that matter most turn up, by qdev id.
PLACES: Mapping[str, Mapping[str, str]] = {
    "libvirt-9.log": {
        "pci.1": "0/02.0",
        "pci.7": "0/02.6",
        "net0": "0/02.0/00.0",
        "virtio-disk0": "0/02.3/00.0",
        "hostdev0": "0/02.6/00.0",
        "video0": "0/01.0",
        "sound0": "0/1b.0",
    },
    "libvirt-4.args": {"usb": "0/01.2", "net0": "0/03.0", "scsi0": "0/05.0", "video0": "0/02.0"},
    "proxmox.sh": {"net0": "0/12.0", "virtioscsi0": "0/05.0/01.0", "qga0": "0/08.0"},
    "desktop.sh": {"spicepass": "0/05.0", "smartpass": "0/06.0", "pciabi-nic": "0/08.0"},
    "lab.sh": {"nic0": "0/06.0", "nic1": "0/07.0", "nic2": "0/07.1", "dog0": "0/04.0"},
    "ps.txt": {"pci.1": "0/01.0", "net0": "0/01.0/00.0"},
    "arguments.txt": {"panic0": "0/09.0"},
}


def probed(path: Path) -> Snapshot:
    made = inert(reading.read(path))
    return configuration.probe(made, binary.find(None), Cancellation(), Deadline.after(120))


def unknown_of(snapshot: Snapshot, qdev_id: str) -> set[str]:
    found = (one.unknown for one in snapshot.substitutions if one.qdev_id == qdev_id)
    return {field for unknown in found for field in unknown}


def test_every_example_has_its_places() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == set(PLACES)


@pytest.mark.parametrize("name", PLACES)
def test_an_example_starts_and_its_devices_are_where_they_belong(name: str) -> None:
    snapshot = probed(EXAMPLES / name)
    found = {function.qdev_id: str(function.path) for function in snapshot.functions}
    assert {qdev_id: found.get(qdev_id) for qdev_id in PLACES[name]} == PLACES[name]
    assert not any("/srv" in one.option or "/var" in one.option for one in snapshot.substitutions)


def test_what_the_host_decides_is_unknown() -> None:
    libvirt = probed(EXAMPLES / "libvirt-9.log")
    assert unknown_of(libvirt, "hostdev0") == {EVERY_FIELD}
    assert unknown_of(libvirt, "net0") == {fields.VIRTIO_FEATURES}
    assert unknown_of(libvirt, "virtio-disk0") == set()
    proxmox = probed(EXAMPLES / "proxmox.sh")
    assert fields.VIRTIO_FEATURES in unknown_of(proxmox, "net0")


def test_a_dump_of_a_process_starts_too(tmp_path: Path) -> None:
    words = (
        *("qemu-system-x86_64", "-name", "two words", "-machine", "pc-q35-7.2", "-nodefaults"),
        *("-device", "pcie-root-port,id=rp,slot=1", "-netdev", "tap,id=n,fds=20:21"),
        *("-device", "virtio-net-pci,netdev=n,id=net0,bus=rp,mq=on"),
    )
    path = tmp_path / "cmdline"
    path.write_bytes(b"".join(word.encode() + b"\0" for word in words))
    assert [f.qdev_id for f in probed(path).functions if f.qdev_id] == ["rp", "net0"]


def test_what_qemu_refuses_is_traced_to_the_line_that_says_it(tmp_path: Path) -> None:
    path = tmp_path / "vm.sh"
    path.write_text(
        "qemu-system-x86_64 -nodefaults \\\n -device e1000,id=a,addr=5 \\\n"
        ' -device \'{"driver":"rtl8139","id":"b","addr":"5"}\'\n'
    )
    with pytest.raises(InputError, match=r"vm.sh:3: QEMU refuses .*slot 5 function 0"):
        probed(path)


def test_a_machine_larger_than_the_host_starts(tmp_path: Path) -> None:
    path = tmp_path / "vm.sh"
    path.write_text("qemu-system-x86_64 -nodefaults -cpu host -m 2T -smp 2 -device e1000,id=a\n")
    assert probed(path).by_id("a") is not None
