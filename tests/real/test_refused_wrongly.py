"""What QEMU without KVM refuses and KVM guests have: read on every QEMU, with the same bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.probe.cold import Hardware, cold_probe
from pciabi.probe.configuration import probe
from pciabi.qemu import binary
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert import processors
from pciabi.qemu.inert.hardware import inert
from pciabi.qemu.inert.statement import Processors
from pciabi.vm import reading
from tests.real.command import pciabi
from tests.real.releases import emulator

CASES = Path(__file__).parents[1] / "cases" / "compare"
VERSIONS = ("5.2", "7.2", "10.0", "11.1")
SECONDS = 60.0
DISKS = (
    *("-nodefaults", "-drive", "if=virtio,driver=null-co", "-device", "virtio-scsi-pci"),
    *("-blockdev", "null-co,node-name=n", "-device", "virtio-blk-pci,drive=n"),
)


def read(arguments: tuple[str, ...], qemu: Binary) -> list[bytes]:
    hardware = Hardware(("-no-user-config", *arguments, *DISKS))
    found = cold_probe(hardware, qemu, Cancellation(), Deadline.after(SECONDS))
    return [placed.function.config for placed in found.functions]


def configured(text: str, folder: Path, qemu: Binary) -> Snapshot:
    path = folder / "vm.sh"
    path.write_text(text)
    made = inert(reading.read(path), qemu.banner)
    return probe(made, qemu, Cancellation(), Deadline.after(SECONDS))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("case", "option"),
    [("eim.sh", "-device intel-iommu,eim=on"), ("smp.sh", "-smp 288")],
)
def test_what_needs_kvm_is_read_and_told(
    version: str, case: str, option: str, tmp_path: Path
) -> None:
    found = configured((CASES / case).read_text(), tmp_path, emulator(version))
    nic = found.by_id("n0")
    assert nic is not None
    assert str(nic.path) == "0/03.0"
    (told,) = found.substitutions
    assert (told.option, told.unknown) == (option, ())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("machine", ["pc", "q35", "pc-q35-5.2"])
def test_stated_queues_are_those_that_so_many_processors_make(version: str, machine: str) -> None:
    qemu = emulator(version)
    # What is done above the limit is done here below it, where QEMU can be asked for both.
    stated = tuple(
        word.replace("=300", "=7").replace("=298", "=7")
        for word in processors.queues(Processors(300, 300), machine)
    )
    assert len(stated) == 4
    assert all(word.endswith("=7") for word in stated[1::2])
    alike = read(("-machine", machine, "-smp", "2", *stated), qemu)
    assert alike == read(("-machine", machine, "-smp", "7"), qemu)
    assert alike != read(("-machine", machine, "-smp", "2"), qemu)


def test_types_before_queues_have_none_whatever_the_processors() -> None:
    assert processors.queues(Processors(300, 300), "pc-q35-5.1") == ()
    old = ("-machine", "pc-q35-5.1")
    assert read((*old, "-smp", "2"), binary.find(None)) == read(
        (*old, "-smp", "7"), binary.find(None)
    )


@pytest.mark.parametrize("version", ["10.0", "11.1"])
def test_a_qemu_that_has_so_many_processors_shows_the_same_bytes(
    version: str, tmp_path: Path
) -> None:
    qemu = emulator(version)
    line = f"qemu-system-x86_64 -M q35 -smp 288 {' '.join(DISKS)}\n"
    found = configured(line, tmp_path, qemu)
    native = read(("-machine", "q35", "-cpu", "qemu64,x2apic=on", "-smp", "288"), qemu)
    assert [placed.function.config for placed in found.functions] == native


@pytest.mark.parametrize(("machine", "most"), [("q35", 288), ("pc", 255), ("pc-q35-5.1", 288)])
def test_more_than_the_machine_takes_is_refused(machine: str, most: int, tmp_path: Path) -> None:
    (tmp_path / "vm.sh").write_text(f"qemu-system-x86_64 -M {machine} -smp {most + 1}\n")
    done = pciabi("snapshot", "vm.sh", cwd=tmp_path)
    assert done.returncode == 2
    assert f"vm.sh:1: QEMU refuses -smp {most + 1}: " in done.stderr


@pytest.mark.parametrize("machine", ["pc-q35-7.2+pve0", "pc+pve1", "type=q35+pve0"])
def test_proxmox_s_machine_types_are_read_and_told(machine: str, tmp_path: Path) -> None:
    line = f"/usr/bin/kvm -id 100 -machine {machine} -nodefaults -device e1000,id=n0,addr=3\n"
    (tmp_path / "vm.sh").write_text(line)
    done = pciabi("snapshot", "vm.sh", "--format", "text", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    name = machine.removeprefix("type=")
    plain = name.partition("+")[0]
    assert f"substituted: -machine {plain} for -machine {name}\n" in done.stdout


def test_kvm_is_qemu(tmp_path: Path) -> None:
    shutil.copy(CASES.parent / "kinds/kvm.args", tmp_path / "kvm.args")
    done = pciabi("snapshot", "kvm.args", "--format", "text", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "0000:00:02.0 (path 0/02.0) e1000, line 1" in done.stdout
