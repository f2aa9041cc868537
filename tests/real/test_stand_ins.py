"""What a stand-in would start in place of: QEMU is asked whether it has it, and what is said of
it is compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.real.command import pciabi
from tests.real.fault_table import FAULTS, provokes

pytestmark = pytest.mark.usefixtures("releases")

PC = "-machine pc-i440fx-7.2"
SOCKET = "-chardev socket,id=c,path=/nowhere"


def vm(folder: Path, options: str, name: str = "vm.sh") -> str:
    (folder / name).write_text(f"qemu-system-x86_64 -nodefaults \\\n {options}\n")
    return name


@provokes("device one side's QEMU lacks, stood in for")
def test_a_driver_the_new_qemu_lacks(tmp_path: Path) -> None:
    vm(tmp_path, "-M pc -netdev user,id=n -device pvrdma,id=p,addr=3,netdev=n,ibdev=x")
    done = pciabi("diff", "vm.sh", "vm.sh", "--from", "7.2", "--to", "11.1", cwd=tmp_path)
    FAULTS["device one side's QEMU lacks, stood in for"].must_be_in(done)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("device", "old"),
    [
        (f"{SOCKET} -device vhost-user-i2c-pci,id=p,addr=3,chardev=c", "7.2"),
        ("-device virtio-gpu-gl-pci,id=p,addr=3", "7.2"),
        ("-device virtio-vga-gl,id=p,addr=3", "10.0"),
        # Left out, and so never seen either.
        ("-device guest-loader,addr=0", "7.2"),
        ("-object memory-backend-shm,id=m,size=1M", "10.0"),
    ],
)
def test_an_older_qemu_lacks_it_and_the_newer_ones_have_it(
    device: str, old: str, tmp_path: Path
) -> None:
    vm(tmp_path, f"-M pc-q35-5.2 {device}")
    done = pciabi("diff", "vm.sh", "vm.sh", "--from", old, "--to", "5.2", cwd=tmp_path)
    assert done.returncode == 2
    told = r"vm.sh:2: B \(after\): QEMU refuses .*: '\S+' is not a valid (device|object)"
    assert re.search(told, done.stderr), done.stderr
    assert "A (before)" not in done.stderr


@pytest.mark.parametrize("version", ["7.2", "10.0", "11.1"])
def test_drivers_that_are_modules_are_there(version: str, tmp_path: Path) -> None:
    devices = ("virtio-gpu-gl-pci", "virtio-vga-gl", "usb-host", "vhost-user-gpu-pci,chardev=c")
    options = " ".join(f"-device {device},id=d{at}" for at, device in enumerate(devices))
    vm(tmp_path, f"-M pc {SOCKET} {options}")
    done = pciabi("snapshot", "vm.sh", "-o", "vm.json", "--qemu", version, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@provokes("property of a device that another stands in for")
def test_a_property_that_qemu_does_not_know(tmp_path: Path) -> None:
    vm(tmp_path, f"{PC} -device vfio-pci,host=1:0.0,id=p,addr=3,nosuchthing=4")
    done = pciabi("snapshot", "vm.sh", cwd=tmp_path)
    FAULTS["property of a device that another stands in for"].must_be_in(done)
    vm(tmp_path, f"{PC} -device usb-host,hostbus=1,nosuchthing=4")
    done = pciabi("snapshot", "vm.sh", cwd=tmp_path)
    assert done.returncode == 2
    assert "Property 'usb-host.nosuchthing' not found" in done.stderr


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("vfio-pci,host=01:00.0,acpi-index=1", "vfio-pci,host=01:00.0,acpi-index=2", 1),
        ("vfio-pci,host=01:00.0,acpi-index=1", "vfio-pci,host=01:00.0,acpi-index=0x1", 0),
        ("vfio-pci,host=01:00.0", "vfio-pci,host=01:00.0,rombar=0,x-pci-vendor-id=0x8086", 3),
        ("vhost-user-blk-pci,num-queues=1", "vhost-user-blk-pci,num-queues=4,vectors=9", 3),
        ("vhost-user-fs-pci,tag=A", "vhost-user-fs-pci,tag=B", 1),
        ("vhost-vsock-pci,guest-cid=3", "vhost-vsock-pci,guest-cid=4", 3),
    ],
)
def test_what_is_stated_of_it_is_compared(
    before: str, after: str, code: int, tmp_path: Path
) -> None:
    for name, device in (("a.sh", before), ("b.sh", after)):
        vm(tmp_path, f"{PC} -device {device},id=d,addr=4", name)
    done = pciabi("diff", "a.sh", "b.sh", cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr


@provokes("machine type without a PCI bus")
@pytest.mark.parametrize("machine", ["microvm", "isapc", "none"])
def test_a_machine_type_without_a_pci_bus(machine: str, tmp_path: Path) -> None:
    vm(tmp_path, f"-machine {machine}")
    done = pciabi("snapshot", "vm.sh", cwd=tmp_path)
    FAULTS["machine type without a PCI bus"].must_be_in(done)
    assert f"machine type {machine} has" in done.stderr


def test_proxmox_s_revision_in_a_scenario_is_taken_off_and_told(tmp_path: Path) -> None:
    scenario = (
        "summary: x\nmachine: pc-i440fx-7.2+pve0\ndevices: [{driver: e1000, id: n, addr: 3}]\n"
        "steps: [boot, boot, {expect: {n: {address: changed}}}]\n"
    )
    (tmp_path / "vm.pciabi.yaml").write_text(scenario)
    other = ("--machine-b", "pc-i440fx-7.2+pve1")
    for options, code in (((), 0), (other, 3)):
        names = ("vm.pciabi.yaml", "vm.pciabi.yaml")
        done = pciabi("diff", *names, *options, cwd=tmp_path)
        assert done.returncode == code, done.stdout + done.stderr
        assert "-machine pc-i440fx-7.2 for -machine pc-i440fx-7.2+pve0" in done.stdout
