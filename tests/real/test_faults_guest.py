"""Guests that fail: each recognised for what it is, and all other cases of the run still run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pexpect
import pytest

from pciabi import resources
from pciabi.guest import cpio, image
from tests.real.command import PCIABI, environment, guests, pciabi, workspaces
from tests.real.fault_table import FAULTS, provokes

ONE = ("--select", "machine=pc", "--select", "nic=virtio-net-pci")
PINNED = resources.scenario("two-nics-pinned").read_text()
READY = "echo pciabi-ready >$events\n"
DROPBEAR = "dropbear -s -j -k -m -r $given/host_key"
HOST_KEY = (
    "mkdir -p /etc/dropbear; busybox rm -f /etc/dropbear/*; "
    "dropbear -s -j -k -m -R -P /run/dropbear.pid || fault"
)
# A public key of nobody's: the base64 of an ed25519 key of zeros.
NOBODY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43


@dataclass(frozen=True)
class Change:
    """What is changed in the shipped guest's init."""

    old: str
    new: str


def before_ready(line: str) -> Change:
    return Change(READY, f"{line}\n{READY}")


def lspci(body: str) -> Change:
    return before_ready(f"rm /usr/bin/lspci; {body} >/usr/bin/lspci; chmod +x /usr/bin/lspci")


CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "guest kernel panic": Change("mount_all\n", "exit 1\nmount_all\n"),
        "guest reboots": before_ready("reboot -f; sleep inf"),
        "emergency shell": before_ready(
            "echo 'You are in emergency mode. After logging in, type' >/dev/console; sleep inf"
        ),
        "no network": Change("host=10.0.2.2", "host=10.0.9.9"),
        "network lost": before_ready("ifconfig $control down"),
        "no link": Change("netmask 255.255.255.0 up", "netmask 255.255.255.0 down"),
        "no SSH server": before_ready("kill $(cat /run/dropbear.pid)"),
        "SSH key refused": before_ready(f"echo {NOBODY} >/pciabi/authorized_keys"),
        "wrong host key": Change(DROPBEAR, HOST_KEY + " 'dropbear did not start'; : ||"),
        "lspci missing": before_ready("rm /usr/bin/lspci"),
        "lspci fails": lspci(
            r"printf '#!/bin/sh\necho pcilib: Cannot open /sys/bus/pci/devices >&2\nexit 1\n'"
        ),
        "lspci prints nothing": lspci(r"printf '#!/bin/sh\n'"),
        "lspci is cut off": lspci(
            r"""printf '#!/bin/sh\nprintf "0000:00:00.0 Host bridge\\n00: 86 80 37"\n'"""
        ),
    }
)


def give_guest(folder: Path, change: Change | None, argument: str = "") -> None:
    """Put a recipe `guest.yaml` there: the shipped guest, with its init changed."""
    shipped = image.ensure(resources.image_recipe("debian"), lambda _progress: None)
    (folder / "vmlinux").symlink_to(shipped.kernel)
    initrd = shipped.initrd.read_bytes()
    if change is not None:
        init = (resources.image_recipe("debian").parent / "debian/init").read_text()
        assert init.count(change.old) == 1, change.old
        changed = cpio.file("init", init.replace(change.old, change.new).encode(), 0o755)
        initrd = cpio.padded(initrd) + cpio.archive([changed])
    (folder / "initrd").write_bytes(initrd)
    arguments = [*shipped.kernel_arguments.split(), *filter(None, [argument])]
    lines = ("kernel: vmlinux", "initrd: initrd", f"arguments: {json.dumps(arguments)}")
    (folder / "guest.yaml").write_text("\n".join(lines) + "\n")


@dataclass(frozen=True)
class Outcome:
    """One run over all the guests that fail, and one that does not, in the middle."""

    done: subprocess.CompletedProcess[str]
    folder: Path
    document: dict[str, Any]

    def said(self, name: str) -> str:
        """What was printed of one scenario: its line, and the console lines below it."""
        lines = self.done.stdout.splitlines()
        starts = [i for i, line in enumerate(lines) if f"{name}[pc-virtio-net-pci]: " in line]
        at = next(i for i in starts if i == max(starts))
        after = (i for i, line in enumerate(lines) if i > at and not line.startswith("    "))
        return "\n".join(lines[at : next(after)])


def file_name(fault: str) -> str:
    return fault.lower().replace(" ", "-")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("guests")
    names = [*CHANGES, "guest without an init"]
    for name in names:
        place = folder / file_name(name)
        place.mkdir()
        give_guest(place, CHANGES.get(name), "" if name in CHANGES else "rdinit=/nowhere")
        text = f"image: guest.yaml\n{PINNED}"
        (place / f"{file_name(name)}.pciabi.yaml").write_text(text)
    words = [f"{file_name(n)}/{file_name(n)}.pciabi.yaml" for n in names]
    words.insert(2, "two-nics-pinned")
    done = pciabi("run", *words, *ONE, cwd=folder)
    (run,) = (folder / "reports").iterdir()
    return Outcome(done, folder, json.loads((run / "report.json").read_text()))


@provokes(*CHANGES, "guest without an init")
@pytest.mark.parametrize("name", [*CHANGES, "guest without an init"])
def test_a_guest_that_fails_is_recognised(outcome: Outcome, name: str) -> None:
    FAULTS[name].must_show(outcome.said(file_name(name)), outcome.done.returncode)
    (case,) = [c for c in outcome.document["cases"] if c["scenario"] == file_name(name)]
    assert case["verdict"] == "error"


def test_every_other_case_is_still_run_and_nothing_is_left(outcome: Outcome) -> None:
    assert "held: two-nics-pinned[pc-virtio-net-pci]: net0 removed" in outcome.done.stdout
    assert f"1 held, 0 broke, {len(CHANGES) + 1} could not be tested" in outcome.done.stdout
    assert outcome.document["verdict"] == "error"
    assert not guests(outcome.folder)
    assert not workspaces(outcome.folder)


def test_the_last_console_lines_are_shown_where_they_help(outcome: Outcome) -> None:
    shown = outcome.said("guest-kernel-panic").splitlines()[1:]
    (log,) = outcome.folder.glob("reports/*/serial-*guest-kernel-panic*-failed.log")
    printed = [line.rstrip() for line in log.read_text().splitlines() if line.strip()]
    # A panic prints a trace behind its reason, which the error itself names.
    assert [line.strip() for line in shown] == [" ".join(line.split()) for line in printed[-12:]]
    assert any("Attempted to kill init" in line for line in printed)


def test_ctrl_c_while_the_guest_is_read(tmp_path: Path) -> None:
    give_guest(tmp_path, lspci(r"printf '#!/bin/sh\nsleep inf\n'"))
    (tmp_path / "own.pciabi.yaml").write_text(f"image: guest.yaml\n{PINNED}")
    own = {**environment(tmp_path), "TERM": "xterm"}
    terminal = pexpect.spawn(
        str(PCIABI), ["run", "own.pciabi.yaml", *ONE], cwd=tmp_path, env=own, timeout=180
    )
    terminal.expect_exact(b"reading")
    terminal.sendintr()
    terminal.expect_exact(b"pciabi: stopped by signal 2")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == FAULTS["Ctrl-C"].exit_code
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


@provokes("lspci never ends")
def test_a_guest_that_answers_a_little_at_a_time_is_bounded_by_the_time_limit(
    tmp_path: Path,
) -> None:
    body = r"printf '#!/bin/sh\nwhile :; do echo 00; sleep 1; done\n'"
    give_guest(tmp_path, lspci(body))
    (tmp_path / "own.pciabi.yaml").write_text(f"timeout: 25\nimage: guest.yaml\n{PINNED}")
    done = pciabi("run", "own.pciabi.yaml", *ONE, cwd=tmp_path)
    FAULTS["lspci never ends"].must_be_in(done)
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)
