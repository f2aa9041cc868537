"""What a file is taken for, told by its content, and what is said of one that is nothing."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from pciabi.abi.choice import chosen_by_default
from pciabi.cancellation import Cancellation
from pciabi.errors import InputError
from pciabi.qemu.wish import Wish
from pciabi.report.terminal.output import PlainOutput
from pciabi.report.terminal.watching import Lines
from pciabi.result.side import Side
from pciabi.scenario_files import find
from pciabi.source.content import Content, bytes_of, content_of
from pciabi.source.request import Probe, Request
from pciabi.source.take import take

CASES = Path(__file__).parents[1] / "cases"
FUNCTION = "00:03.0 Ethernet controller [0200]: Intel Corporation 82540EM [8086:100e] (rev 03)"
XML = "<!-- a comment -->\n<domain type='kvm'><name>a</name></domain>\n"
KUBEVIRT = "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nspec: {qemu: 1}\n"
INCUS = """architecture: x86_64
config:
  image.os: Debian
  volatile.eth0.hwaddr: 00:16:3e:00:00:01
devices:
  eth0: {name: eth0, type: nic}
"""
PROXMOX = "machine: q35\nmemory: 512\nnet0: virtio=02:00:00:00:00:01\nscsi0: a:b\nscsihw: x\n"


def told(tmp_path: Path, text: str, name: str = "vm.txt") -> Content:
    path = tmp_path / name
    path.write_text(text)
    return content_of(path, bytes_of(path))


@pytest.mark.parametrize(
    "text",
    [
        "/usr/bin/kvm -nodefaults",
        "kvm -M q35 -nodefaults",
        "qemu-kvm -M q35",
        "exec /usr/libexec/qemu-kvm \"${args[@]}\"",
        "sudo -u vm env A=1 taskset -c 1 kvm -M q35",
        "a=(-M q35)\nexec kvm $a\n",
        "kvm \\\n -M q35 \\\n -nodefaults\n",
        "/usr/bin/kvm\0-M\0q35\0",
        "-device e1000",
    ],
)  # fmt: skip
def test_whatever_names_qemu_is_a_command_line(text: str, tmp_path: Path) -> None:
    assert told(tmp_path, text) is Content.COMMAND_LINE


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (KUBEVIRT, "KubeVirt"),
        (PROXMOX, "Proxmox"),
        ('[device "n"]\n  driver = "e1000"\n', "QEMU configuration file"),
        ((CASES / "kinds/kubevirt.yaml").read_text(), "KubeVirt"),
        ((CASES / "kinds/proxmox.conf").read_text(), "Proxmox"),
        (INCUS, "Incus"),
    ],
)
def test_what_only_lint_reads_is_called_by_its_name(text: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        told(tmp_path, text)
    assert f"{name}" in caught.value.message
    assert "only `lint` reads (yet)" in caught.value.message
    assert "/proc/PID/cmdline" in caught.value.advice or "prints its" in caught.value.advice
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [XML, XML.replace("a</name>", "qemu</name>"), (CASES / "kinds/libvirt.xml").read_text()],
)
def test_a_domain_is_told_by_its_element(text: str, tmp_path: Path) -> None:
    assert told(tmp_path, text) is Content.DOMAIN


def test_a_scenario_stays_one_whatever_it_says(tmp_path: Path) -> None:
    assert told(tmp_path, PROXMOX, "a.pciabi.yaml") is Content.SCENARIO
    assert told(tmp_path, "machine: pc\ndevices: []\nsteps: [boot]\n") is Content.SCENARIO


@pytest.mark.parametrize(
    "prompt",
    [
        "root@home:~# lspci -nn",
        "$ lspci -nn",
        "[a@b ~]$ sudo lspci -D -nn -vvv",
        "% /usr/bin/lspci",
        "C:\\> lspci -nn",
    ],
)
def test_a_pasted_prompt_is_left_out_and_every_line_keeps_its_number(
    prompt: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    end = prompt.rpartition("lspci")[0].removesuffix("/usr/bin/").removesuffix("sudo ")
    path.write_text(f"{prompt}\n{FUNCTION}\n{end}\n")
    side = taken(path)
    (function,) = side.snapshot.functions
    assert str(function.address) == "0000:00:03.0"
    assert side.places["0000:00:03.0"].line == 2


def test_the_recorded_paste_is_read() -> None:
    side = taken(CASES / "kinds/lspci-with-prompt.txt")
    assert len(side.snapshot.functions) > 10
    assert side.places["0000:00:00.0"].line == 2


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ((CASES / "kinds/lspci-tree.txt").read_text(), 1, "lspci -t shows no ids"),
        ("\n-[00]-+-00.0  Host bridge\n       +-01.0  VGA\n", 2, "lspci -t shows no ids"),
        ("-+-[0000:40]---00.0\n \\-[0000:00]-+-00.0\n", 1, "lspci -t shows no ids"),
        ("# lspci -t\n-[0000:00]-+-00.0  Host\n", 2, "lspci -t shows no ids"),
        (f"output of the guest:\n{FUNCTION}\n", 1, "this line is none of lspci's"),
    ],
)
def test_what_lspci_text_lacks_is_named(text: str, line: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        told(tmp_path, text)
    assert caught.value.place is not None
    assert caught.value.place.line == line


@pytest.mark.parametrize("word", ["vm.json", "vm.sh", "no/such", "a.b", "guest.pciabi.yaml"])
def test_a_missing_file_is_a_missing_file(word: str) -> None:
    with pytest.raises(InputError, match=f"^there is no file {word}$"):
        find([word])


def test_a_word_may_be_a_shipped_scenario() -> None:
    assert find(["two-nics-pinned"])
    with pytest.raises(InputError, match="no shipped scenario is called 'nosuch'"):
        find(["nosuch"])


def taken(path: Path) -> Side:
    request = Request(str(path), None, None, (), Probe.COLD, Wish.AUTO, {}, chosen_by_default())
    return take(request, Cancellation(), lambda: nullcontext(Lines(PlainOutput(None))))
