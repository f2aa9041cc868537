"""Hot-plug on real QEMU: what a pin is worth, and every way in which it can go wrong."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from pciabi import resources
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.probe import hotplug
from pciabi.qemu import binary, monitor, process
from pciabi.vm.config import Device
from tests.real.command import guests, pciabi, workspaces
from tests.real.test_run import report

SHIPPED = resources.scenario("hotplug-then-cold-boot")


def own(folder: Path, *replacements: tuple[str, str]) -> tuple[str, list[str]]:
    """The shipped scenario changed, and its lines."""
    text = SHIPPED.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    (folder / "own.pciabi.yaml").write_text(text)
    return "own.pciabi.yaml", text.splitlines()


@pytest.mark.parametrize(
    ("machine", "pin", "moved"),
    [
        ("pc", ", addr: 0x5, before", "new0 moved from 0000:00:03.0 to 0000:00:02.0"),
        ("q35", "    addr: 0x5\n", "new0 moved from path 0/02.0/00.0 to 0/01.0/00.0"),
    ],
)
def test_a_hot_plugged_device_without_its_pin_is_a_break(
    tmp_path: Path, machine: str, pin: str, moved: str
) -> None:
    scenario, _ = own(tmp_path, (pin, ", before" if "before" in pin else ""))
    wanted = ("--select", f"machine={machine}", "--select", "added=virtio-net-pci")
    done = pciabi("run", scenario, *wanted, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert moved in done.stdout
    document = report(tmp_path)
    hot, cold = document["cases"][0]["boots"]
    assert (hot["hot_plugged"], cold["hot_plugged"]) == (["new0"], [])
    assert not any("id=new0" in word for word in hot["command_line"])
    (found,) = [f for f in hot["functions"] if f["id"] == "new0"]
    assert found["driver"] == "virtio-pci"
    assert "new0 hot-plugged; rng0 removed; " in done.stdout
    assert "new0 (virtio-net-pci)" in next(tmp_path.glob("reports/*/report.html")).read_text()


@pytest.mark.parametrize(
    ("machine", "old", "new", "code", "words"),
    [
        ("q35", "bus: port0, ", "", 2, "QEMU refuses to hot-plug new0: Bus 'pcie.0' does not"),
        ("pc", "addr: 0x5, before", "addr: 0x4, before", 2, "slot 4 function 0 not available"),
        ("pc", '"${added}", id: new0, addr', "pci-testdev, id: new0, addr", 3, "no driver for"),
    ],
)
def test_a_device_that_qemu_or_the_guest_does_not_take(
    tmp_path: Path, machine: str, old: str, new: str, code: int, words: str
) -> None:
    scenario, lines = own(tmp_path, (old, new))
    wanted = ("--select", f"machine={machine}", "--select", "added=virtio-net-pci")
    done = pciabi("run", scenario, *wanted, cwd=tmp_path)
    output = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == code, output
    assert words in output
    if code == 2:
        line = next(n for n, text in enumerate(lines, 1) if "hotplug:" in text and machine in text)
        assert f"{scenario}:{line}: own[{machine}-virtio-net-pci]: " in output
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


@pytest.mark.parametrize("serial", ["plain", 'a"b', "a\\", "a,b=c", "a b", "x\ndevice_del net0"])
def test_the_human_monitor_reads_what_was_meant(serial: str) -> None:
    ours, theirs = socket.socketpair()
    device = Device("usb-storage", "new0", properties=(("serial", serial), ("drive", "d0")))
    argv = [
        *binary.find(None).command,
        "-S",
        "-nodefaults",
        "-display",
        "none",
        "-device",
        "qemu-xhci",
    ]
    argv += ["-blockdev", "null-co,node-name=d0"]
    argv += ["-chardev", f"socket,id=m,fd={theirs.fileno()}", "-mon", "chardev=m,mode=control"]
    with (
        ours,
        theirs,
        process.running(argv, [theirs.fileno()], Cancellation()),
        monitor.session(ours, Deadline.after(30)) as qmp,
    ):
        line = f"device_add {hotplug._quoted(device.argument)}"
        assert qmp.hmp(line) == ""
        assert qmp.get("/machine/peripheral/new0", "serial") == serial
