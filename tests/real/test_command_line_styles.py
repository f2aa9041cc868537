"""Command lines in the styles people and libvirt write them, each started inertly on QEMU."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.abi.snapshot import EVERY_FIELD, Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import InputError
from pciabi.pci.virtio_fields import feature
from pciabi.probe import configuration
from pciabi.qemu import binary
from pciabi.qemu.inert.hardware import inert
from pciabi.vm import reading
from tests.unit.command_line_examples import EXAMPLES, PLACES


def probed(path: Path) -> Snapshot:
    made = inert(reading.read(path))
    return configuration.probe(made, binary.find(None), Cancellation(), Deadline.after(120))


def unknown_of(snapshot: Snapshot, qdev_id: str) -> set[str]:
    found = (one.unknown for one in snapshot.substitutions if one.qdev_id == qdev_id)
    return {field for unknown in found for field in unknown}


@pytest.mark.parametrize("name", PLACES)
def test_an_example_starts_and_its_devices_are_where_they_belong(name: str) -> None:
    snapshot = probed(EXAMPLES / name)
    found = {function.qdev_id: str(function.path) for function in snapshot.functions}
    assert {qdev_id: found.get(qdev_id) for qdev_id in PLACES[name]} == PLACES[name]
    assert not any("/srv" in one.option or "/var" in one.option for one in snapshot.substitutions)


def test_what_the_host_decides_is_unknown() -> None:
    libvirt = probed(EXAMPLES / "libvirt-9.log")
    assert unknown_of(libvirt, "hostdev0") == {EVERY_FIELD}
    offloads = {feature(name) for name in ("CSUM", "GUEST_TSO4", "HOST_UFO")}
    assert unknown_of(libvirt, "net0") > offloads
    assert unknown_of(libvirt, "virtio-disk0") == set()
    proxmox = probed(EXAMPLES / "proxmox.sh")
    assert unknown_of(proxmox, "net0") > offloads


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
