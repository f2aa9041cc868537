"""A gate held to a policy: what is waived, what is recorded, and what is new, on real QEMUs."""

from __future__ import annotations

import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from pciabi.abi.choice import chosen_by_default
from pciabi.cancellation import Cancellation
from pciabi.gate import policy_file
from pciabi.gate.configurations import named_by
from pciabi.gate.question import Question
from pciabi.gate.run import run
from pciabi.gate.waived import waived
from pciabi.gate.workers import threads
from pciabi.probe.host import Host
from pciabi.qemu.wish import Wish
from pciabi.result.result import Result
from pciabi.result.verdict import Verdict
from pciabi.source.request import Probe, Request
from tests.real.command import pciabi

pytestmark = pytest.mark.usefixtures("releases")

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "policy.yaml"
TODAY = date(2027, 1, 15)
START = "qemu-system-x86_64 -nodefaults -m 256 "
ATI = "-M pc-i440fx-9.2 -device ati-vga,id=vga0,addr=3\n"
# Its queues grew in 10.0, whatever the machine type says.
NET = "-M pc-q35-7.2 -device virtio-net-pci,id=net0,mac=52:54:00:00:00:01,addr=4\n"


def gate(folder: Path, old: str, new: str, policy: Path) -> Result:
    def on(qemu: str) -> Request:
        return Request("", qemu, None, (), Probe.COLD, Wish.AUTO, {}, chosen_by_default())

    terms, waivers = policy_file.read(policy).on(TODAY, frozenset())
    named = named_by([str(folder)], (), {})
    question = Question(named.judged, on(old), on(new), terms)
    host = Host(Cancellation())
    with threads(host, 2) as workers:
        return waived(run(question, named.skipped, host, workers), waivers)


def policy(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def vms(tmp_path: Path) -> Path:
    folder = tmp_path / "vms"
    folder.mkdir()
    (folder / "ati.sh").write_text(START + ATI)
    return folder


def test_the_example_waives_the_aperture_and_the_machine_type_that_is_gone(vms: Path) -> None:
    (vms / "gone.sh").write_text(START + "-M pc-i440fx-4.2\n")
    result = gate(vms, "10.0", "11.1", EXAMPLE)
    ati, gone = result.entries
    assert ati.verdict is Verdict.COMPATIBLE
    (comparison,) = ati.comparisons
    (excused,) = [one for one in comparison.judged_changes if one.excuse]
    assert (excused.change.device, excused.change.field) == ("ati-vga", "BAR 0")
    assert excused.excuse.startswith(f"{EXAMPLE}:7: ati-vga's aperture grew")
    assert gone.will_not_start is not None
    assert gone.will_not_start.excuse.startswith(f"{EXAMPLE}:")
    assert gone.will_not_start.excuse.endswith("(until 2099-06-30)")
    assert result.exit_code == 0
    assert result.coverage is not None
    assert [remark.position.line for remark in result.coverage.remarks] == [15]


def test_no_policy_waives_bad_input(vms: Path) -> None:
    (vms / "gone.sh").write_text(START + "-M pc-i440fx-1.0\n")
    text = "  - {why: x, fact: will-not-start, until: 2099-01-01}\n"
    result = gate(vms, "5.2", "11.1", policy(vms.parent, f"waivers:\n{text}"))
    assert [entry.verdict for entry in result.entries] == [Verdict.ERROR, Verdict.ERROR]
    assert result.exit_code == 2


def test_a_waiver_of_another_upgrade_excuses_nothing_and_is_named(vms: Path) -> None:
    result = gate(vms, "7.2", "11.1", EXAMPLE)
    # 7.2 has no such machine type: nothing was compared, so of no waiver is anything said.
    assert result.exit_code == 2
    assert result.coverage is not None
    assert result.coverage.failures == ()
    assert len(result.coverage.remarks) == 3


WAIVERS = """\
waivers:
  - why: the aperture grew
    device: ati-vga
    fact: bar
    until: {until}
  - why: its ROM grew
    device: ati-vga
    fact: rom
    until: 2099-01-01
"""


def test_what_expired_and_what_nothing_needed_fail_at_their_lines(vms: Path) -> None:
    where = policy(vms.parent, WAIVERS.format(until="2027-01-15"))
    result = gate(vms, "10.0", "11.1", where)
    assert result.coverage is not None
    (unused,) = result.coverage.failures
    assert (unused.position.line, unused.position.file) == (6, str(where))
    assert [entry.verdict for entry in result.entries] == [Verdict.COMPATIBLE]
    assert (result.verdict, result.exit_code) == (Verdict.BREAK, 1)

    policy(vms.parent, WAIVERS.format(until="2027-01-14"))
    result = gate(vms, "10.0", "11.1", where)
    assert result.coverage is not None
    assert [failure.position.line for failure in result.coverage.failures] == [2, 6]
    assert [entry.verdict for entry in result.entries] == [Verdict.BREAK]
    assert result.coverage.remarks == ()


def test_the_command_line_takes_a_policy(vms: Path) -> None:
    ways = "--from", "10.0", "--to", "11.1", vms / "ati.sh"
    assert pciabi("gate", *ways, cwd=vms).returncode == 1
    waiver = "waivers:\n  - {why: x, field: BAR 0, from: 10.0, to: 11.1}\n"
    good = policy(vms.parent, waiver)
    done = pciabi("gate", *ways, "--policy", good, cwd=vms)
    assert done.returncode == 0, done.stdout
    assert f"waived: {good}:2: x" in done.stdout
    wrong = pciabi("gate", *ways, "--policy", policy(vms.parent, "fail-on: [x]\n"), cwd=vms)
    assert wrong.returncode == 2
    assert "policy.yaml:1: fail-on.0: Input should be" in wrong.stderr


def git(folder: Path, *words: str) -> str:
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def repository(vms: Path) -> Path:
    (vms / "net.sh").write_text(START + NET)
    (vms / "ati.sh").write_text(START + ATI.replace("9.2", "7.2"))
    git(vms.parent, "init", "-q", "-b", "main")
    git(vms.parent, "add", "vms")
    git(vms.parent, "commit", "-q", "-m", "VMs")
    return vms.parent


def test_a_baseline_is_recorded_held_and_renewed_and_git_shows_it(repository: Path) -> None:
    recorded = pciabi("gate", "--record", "baselines", "--from", "7.2", "vms", cwd=repository)
    assert recorded.returncode == 0, recorded.stderr
    assert "2 baselines recorded in baselines" in recorded.stdout
    git(repository, "add", "baselines")
    git(repository, "commit", "-q", "-m", "Baselines")
    # What is there is left as it is, from wherever the gate is run.
    again = pciabi("gate", "--record", "../baselines", ".", cwd=repository / "vms")
    assert "0 baselines recorded in ../baselines; 2 had one and kept it" in again.stdout
    held = pciabi("gate", "--against", "../baselines", "--to", "7.2", ".", cwd=repository / "vms")
    assert held.returncode == 0, held.stdout
    assert git(repository, "status", "--short", "baselines") == ""

    upgrade = "gate", "--from", "baselines", "--to", "10.0", "vms"
    broken = pciabi(*upgrade, cwd=repository)
    assert broken.returncode == 1
    assert git(repository, "status", "--short", "baselines") == ""
    accepted = pciabi(*upgrade, "--accept", cwd=repository)
    assert accepted.returncode == 0, accepted.stderr
    assert "accepted: baselines/vms/net.sh.json" in accepted.stdout
    assert "net0 (virtio-net-pci) at 0000:00:04.0: queue 2 size 64 -> 1024 (breaking)" in (
        accepted.stdout
    )
    assert pciabi(*upgrade, cwd=repository).returncode == 0
    shown = git(repository, "diff", "-U0", "baselines/vms/net.sh.json").splitlines()
    assert '-  "qemu_version": "7.2.22",' in shown
    assert '-    "virtio queues: 3 (sizes 2 of 256, 64)",' in shown
    assert '+    "virtio queues: 3 (sizes 3 of 1024)",' in shown
    # Each line of it says something: no bytes moved, and nothing was reordered.
    assert len(shown) < 150


def test_a_vm_without_a_baseline_and_a_baseline_without_a_vm_are_named(repository: Path) -> None:
    (repository / "vms/net.sh").rename(repository / "net.sh")
    recorded = pciabi("gate", "--record", "baselines", "vms", cwd=repository)
    assert recorded.returncode == 0, recorded.stderr
    (repository / "vms/ati.sh").rename(repository / "vms/other.sh")
    ways = "gate", "--against", "baselines", "--to", "10.0", "vms"
    done = pciabi(*ways, "--accept", cwd=repository)
    assert done.returncode == 2
    assert "pciabi gate --record baselines vms/other.sh" in done.stdout.replace("\n", " ")
    assert "baselines/vms/ati.sh.json" in done.stdout
    assert "nothing was accepted: vms/other.sh" in done.stderr


def test_nothing_is_recorded_where_one_vm_cannot_be_read(repository: Path) -> None:
    (repository / "vms/wrong.sh").write_text(START + "-M pc -device no-such-device\n")
    done = pciabi("gate", "--record", "baselines", "vms", cwd=repository)
    assert done.returncode == 2
    assert "vms/wrong.sh:1" in done.stderr
    assert not (repository / "baselines").exists()


def test_only_what_is_new_fails(repository: Path) -> None:
    upgrade = "gate", "--from", "7.2", "--to", "10.0"
    held = pciabi(*upgrade, "vms", "--new-since", "main", cwd=repository)
    assert held.returncode == 0, held.stdout
    assert "waived: already so at main" in held.stdout
    # A second NIC, and a file that was not there.
    second = NET.replace("net0", "net1").replace(":01,addr=4", ":02,addr=5")
    path = repository / "vms/net.sh"
    path.write_text(START + NET.rstrip() + " " + second.partition("pc-q35-7.2 ")[2])
    ways = *upgrade, "vms/net.sh", "--new-since"
    done = pciabi(*ways, "main", cwd=repository)
    assert done.returncode == 1
    assert "net1" in done.stdout
    git(repository, "commit", "-q", "-a", "-m", "A second NIC")
    assert pciabi(*ways, "main", cwd=repository).returncode == 0
    assert pciabi(*ways, "HEAD~1", cwd=repository).returncode == 1
    (repository / "vms/new.sh").write_text(START + NET)
    assert pciabi(*ways, "main", "vms/new.sh", cwd=repository).returncode == 1
    unknown = pciabi(*ways, "no-such-branch", cwd=repository)
    assert unknown.returncode == 2
    assert "--new-since no-such-branch: there is no such revision" in unknown.stderr


def test_what_is_new_beside_baselines(repository: Path) -> None:
    assert (
        pciabi("gate", "--record", "baselines", "--from", "7.2", "vms", cwd=repository).returncode
        == 0
    )
    ways = "gate", "--against", "baselines", "--to", "10.0", "vms"
    assert pciabi(*ways, cwd=repository).returncode == 1
    held = pciabi(*ways, "--new-since", "main", cwd=repository)
    assert held.returncode == 0, held.stdout
