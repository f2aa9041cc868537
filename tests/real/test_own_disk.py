"""A disk image of the user's own: booted by its own boot loader, read over its console and over
SSH, and never written to."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real import disk_image, own_disk
from tests.real.command import guests, pciabi, start, wait_for, wait_for_guest, workspaces
from tests.real.fault_table import FAULTS, provokes
from tests.real.foreign_guest import CONSOLE, ONE, SSH, fresh_secrets, scenario
from tests.real.own_disk import OwnDisk

# TCG on a busy machine is slow, and this is a whole distribution.
SLOW = "memory: 512M\ntimeout: 600\n"


@pytest.fixture(scope="module")
def disk() -> OwnDisk:
    """The disk, built once for as long as its packages stay the same."""
    return own_disk.ensure()


def recipe(name: str, image_format: str, login: str) -> str:
    return f"disk: {{path: {name}, format: {image_format}}}\n{login}"


def as_raw(image: Path, folder: Path) -> str:
    disk_image.copy(image, folder / "own.img")
    return "own.img"


def as_qcow2(image: Path, folder: Path) -> str:
    words = ("qemu-img", "convert", "-f", "raw", "-O", "qcow2", image, folder / "own.qcow2")
    subprocess.run(words, check=True)
    return "own.qcow2"


FORMATS: dict[str, Callable[[Path, Path], str]] = {"raw": as_raw, "qcow2": as_qcow2}
LOGINS = {"console": CONSOLE, "ssh": SSH}
WORDS = {
    ("two-nics-pinned", "pc"): "held: own[pc-virtio-net-pci]: net0 removed; net1 stays at "
    "0000:00:04.0, ens4",
    ("two-nics-pinned", "q35"): "held: own[q35-virtio-net-pci]: net0 removed; net1 stays at "
    "0000:00:04.0, enp0s4",
    ("two-nics-unpinned", "pc"): "moved as expected: own[pc-virtio-net-pci]: net0 removed; net1 "
    "0000:00:03.0 -> 0000:00:02.0, ens3 -> ens2",
    ("two-nics-unpinned", "q35"): "moved as expected: own[q35-virtio-net-pci]: net0 removed; net1 "
    "0000:00:02.0 -> 0000:00:01.0, enp0s2 -> enp0s1",
}
SAMPLE = {
    ("two-nics-pinned", "pc", "console", "qcow2", "seabios"),
    ("two-nics-unpinned", "q35", "ssh", "raw", "seabios"),
}
ALL = [
    (name, machine, login, image_format, "seabios")
    for name, machine in WORDS
    for login, image_format in (("console", "qcow2"), ("ssh", "raw"))
] + [("two-nics-pinned", "q35", "console", "raw", "ovmf")]


@pytest.mark.parametrize(
    ("name", "machine", "login", "image_format", "firmware"),
    [
        pytest.param(*case, id="-".join(case), marks=[] if case in SAMPLE else [pytest.mark.full])
        for case in ALL
    ],
)
def test_the_two_nic_plan_on_the_users_own_disk(
    disk: OwnDisk,
    tmp_path: Path,
    name: str,
    machine: str,
    login: str,
    image_format: str,
    firmware: str,
) -> None:
    image = FORMATS[image_format](disk.path, tmp_path)
    disk.secrets.write_keys(tmp_path)
    text = recipe(image, image_format, f"cpu: Nehalem\n{LOGINS[login]}")
    own = scenario(tmp_path, text, f"firmware: {firmware}\n{SLOW}", name)
    before = fingerprint(tmp_path / image)
    one = ("--select", f"machine={machine}", "--select", "nic=virtio-net-pci")
    environment = disk.secrets.environment() if login == "console" else {}
    done = pciabi("run", own, *one, cwd=tmp_path, **environment)
    output = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0, output
    assert WORDS[name, machine] in output
    assert fingerprint(tmp_path / image) == before
    must_not_show(disk.secrets.password, tmp_path, output)
    (report,) = (tmp_path / "reports").iterdir()
    document = (report / "report.json").read_text()
    assert f"guest (disk {image}), Linux " in document
    assert '"Nehalem"' in document
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


def fingerprint(path: Path) -> tuple[str, int, int]:
    """Content, and whether anybody wrote to it or changed its attributes."""
    status = path.stat()
    return hashlib.sha256(path.read_bytes()).hexdigest(), status.st_mtime_ns, status.st_ctime_ns


def must_not_show(secret: str, folder: Path, output: str) -> None:
    """Nothing that was printed or written holds a secret."""
    reports = [path for path in (folder / "reports").rglob("*") if path.is_file()]
    assert len(reports) > 3
    shown = [output.encode(), *(path.read_bytes() for path in reports)]
    assert not any(secret.encode() in text for text in shown)


@pytest.mark.parametrize("image_format", FORMATS)
def test_the_disk_is_open_for_reading_only_and_others_may_read_it_too(
    disk: OwnDisk, tmp_path: Path, image_format: str
) -> None:
    image = FORMATS[image_format](disk.path, tmp_path)
    disk.secrets.write_keys(tmp_path)
    (tmp_path / image).chmod(0o444)
    own = scenario(tmp_path, recipe(image, image_format, SSH), SLOW)
    running = start("run", own, *ONE, cwd=tmp_path)
    pid = wait_for_guest(tmp_path)
    # By then the machine runs: QEMU opens a file anew when the disk is plugged in.
    wait_for(lambda: processor_seconds(pid) > 1.5)
    opened = described(pid, tmp_path / image)
    reading = ("qemu-io", "-r", "-f", image_format, "-c", "read 0 512", tmp_path / image)
    read = subprocess.run(reading, capture_output=True, text=True, check=False)
    running.terminate()
    running.communicate(timeout=60)
    assert opened
    for information in opened.values():
        flags = next(line for line in information.splitlines() if line.startswith("flags:"))
        # O_ACCMODE is the last two bits, O_RDONLY is 0.
        assert int(flags.split()[1], 8) & 3 == 0, information
        assert " WRITE " not in information
    assert read.returncode == 0, read.stderr
    assert "read 512/512 bytes" in read.stdout


def processor_seconds(pid: int) -> float:
    """The user time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def described(pid: int, image: Path) -> dict[str, str]:
    """What the kernel says of a process's open descriptors of a file, by number."""
    found = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        if entry.is_symlink() and entry.readlink() == image:
            found[entry.name] = Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text()
    return found


LOST = {
    "own disk: emergency mode": "systemd.unit=emergency.target",
    "own disk: no root file system": "root=LABEL=nowhere",
}
LOST_SAMPLE = {
    ("own disk: emergency mode", "console"),
    ("own disk: no root file system", "ssh"),
}


@provokes(*LOST)
@pytest.mark.parametrize(
    ("fault", "login"),
    [
        pytest.param(*case, marks=[] if case in LOST_SAMPLE else [pytest.mark.full])
        for case in itertools.product(LOST, LOGINS)
    ],
)
def test_a_guest_that_stops_on_its_way_up_is_noticed_at_once(
    disk: OwnDisk, tmp_path: Path, fault: str, login: str
) -> None:
    image = as_raw(disk.path, tmp_path)
    text = own_disk.SYSLINUX_CFG.format(arguments=f"{own_disk.ARGUMENTS} {LOST[fault]}")
    disk_image.write_boot_file(tmp_path / image, "syslinux.cfg", text.encode(), tmp_path)
    disk.secrets.write_keys(tmp_path)
    own = scenario(tmp_path, recipe(image, "raw", LOGINS[login]), SLOW)
    done = pciabi("run", own, *ONE, cwd=tmp_path, **disk.secrets.environment())
    FAULTS[fault].must_be_in(done)
    assert not guests(tmp_path)


@provokes("own disk: in use")
def test_a_disk_that_another_vm_writes_to_is_refused(disk: OwnDisk, tmp_path: Path) -> None:
    image = as_raw(disk.path, tmp_path)
    disk.secrets.write_keys(tmp_path)
    own = scenario(tmp_path, recipe(image, "raw", SSH))
    program = ("qemu-io", "-f", "raw", tmp_path / image)
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        # Its prompt tells that it has the file.
        assert writer.stdout.read(8) == b"qemu-io>"
        done = pciabi("run", own, *ONE, cwd=tmp_path)
        writer.kill()
    FAULTS["own disk: in use"].must_be_in(done)


DISKS = {
    "own disk: nothing to boot": ("raw", "pc"),
    "own disk: another format": ("qcow2", "pc"),
    "own disk: no controller": ("raw", "q35,sata=off"),
}


@provokes(*DISKS)
@pytest.mark.parametrize("fault", DISKS)
def test_a_disk_that_cannot_be_booted(tmp_path: Path, fault: str) -> None:
    image_format, machine = DISKS[fault]
    (tmp_path / "own.img").write_bytes(bytes(1 << 20))
    own = scenario(tmp_path, recipe("own.img", image_format, CONSOLE))
    text = (tmp_path / own).read_text()
    (tmp_path / own).write_text(text.replace("machine: ${machine}", f'machine: "{machine}"'))
    done = pciabi("run", own, *ONE, cwd=tmp_path, **fresh_secrets().environment())
    FAULTS[fault].must_be_in(done)
