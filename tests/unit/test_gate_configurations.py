"""Which VMs a gate judges, and that nothing that was named is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.errors import InputError
from pciabi.gate.configurations import Unusable, named_by
from pciabi.source.content import NotStarted

LINE = "qemu-system-x86_64 -M pc -device e1000,id=net0\n"
SCENARIO = """\
summary: Of two machines one NIC is taken away
matrix: {machine: [pc, q35]}
machine: ${machine}
devices:
  - {driver: e1000, id: net0, addr: 0x3}
  - {driver: e1000, id: net1, addr: 0x4}
steps:
  - boot: two NICs
  - remove: net0
  - boot: one NIC
  - expect: {net1: {address: unchanged}}
"""
PROXMOX = "machine: q35\nmemory: 512\nnet0: virtio=02:00:00:00:00:01\nscsi0: a:b\nscsihw: x\n"
DOMAIN = "<domain type='kvm'><name>a</name></domain>\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    vms = tmp_path / "vms"
    (vms / "more").mkdir(parents=True)
    (vms / "a.sh").write_text(LINE)
    (vms / "b.sh").write_text("echo hello\n")
    (vms / "c.pciabi.yaml").write_text(SCENARIO)
    (vms / "more" / "d.conf").write_text(PROXMOX)
    (vms / "more" / "e.sh").write_text(LINE)
    return tmp_path


def titles(*words: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{one.subject.title}{' (unusable)' if isinstance(one, Unusable) else ''}"
        for one in named_by(words, exclude, {}).judged
    ]


def test_a_folder(here: Path) -> None:
    assert titles("vms") == [
        "vms/a.sh",
        "vms/c.pciabi.yaml[pc]",
        "vms/c.pciabi.yaml[q35]",
        "vms/more/d.conf (unusable)",
        "vms/more/e.sh",
    ]
    assert [one.file for one in named_by(["vms"], (), {}).skipped] == ["vms/b.sh"]


def test_each_domain_of_a_file_is_a_vm_by_its_name(here: Path) -> None:
    (here / "vms" / "one.xml").write_text(DOMAIN)
    (here / "vms" / "two.xml").write_text(DOMAIN + DOMAIN.replace(">a<", ">b<"))
    assert titles("vms/one.xml", "vms/two.xml") == [
        "vms/one.xml",
        "vms/two.xml[a]",
        "vms/two.xml[b]",
    ]


@pytest.mark.parametrize("type_", ["lxc", "xen", "vmware"])
def test_a_domain_of_another_hypervisor_is_refused_at_its_line(type_: str, here: Path) -> None:
    (here / "vms" / "other.xml").write_text("<!-- x -->\n" + DOMAIN.replace("kvm", type_))
    (one,) = named_by(["vms/other.xml"], (), {}).judged
    assert isinstance(one, Unusable)
    assert str(one.error) == f"vms/other.xml:2: a domain of {type_}, which is no QEMU"


def test_each_file_once_in_the_order_named(here: Path) -> None:
    assert titles("vms/more/e.sh", "vms/**/*.sh", "vms/a.sh") == [
        "vms/more/e.sh",
        "vms/a.sh",
        "vms/b.sh (unusable)",
    ]


def test_a_case_of_a_scenario(here: Path) -> None:
    named = named_by(["vms/c.pciabi.yaml"], (), {"machine": frozenset({"q35"})})
    assert [vm.subject.name for vm in named.vms] == ["q35"]


def test_what_is_not_started_is_named_with_how_to_get_its_command_line(here: Path) -> None:
    (one,) = named_by(["vms/more/d.conf"], (), {}).judged
    assert isinstance(one, Unusable)
    assert isinstance(one.error, NotStarted)
    assert "vms/more/d.conf:1" in str(one.error)
    assert "prints its command line" in str(one.error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n", "the file is empty"),
        ("echo hello\n", "neither a scenario, a QEMU command line nor a libvirt domain"),
    ],
)
def test_what_holds_no_vm_is_told_in_words_of_the_gate(text: str, said: str, here: Path) -> None:
    (here / "vms" / "b.sh").write_text(text)
    (one,) = named_by(["vms/b.sh"], (), {}).judged
    assert isinstance(one, Unusable)
    assert said in str(one.error)
    assert "snapshot" not in str(one.error)
    (skipped,) = named_by(["vms"], (), {}).skipped
    assert (skipped.file, skipped.why) == ("vms/b.sh", "no VM's configuration")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vms/nothing.sh"], "no file or folder vms/nothing.sh"),
        (["vms/*.qemu"], "nothing matches"),
        (["empty"], "no VM's configuration in empty"),
        (["vms", "empty"], "no VM's configuration in empty"),
    ],
)
def test_nothing_is_no_pass(words: list[str], said: str, here: Path) -> None:
    (here / "empty").mkdir()
    (here / "empty" / "b.sh").write_text("echo hello\n")
    with pytest.raises(InputError, match=said.replace("*", ".")):
        named_by(words, (), {})


def test_what_is_left_out(here: Path) -> None:
    assert titles("vms", exclude=("more/", "*.yaml")) == ["vms/a.sh"]
    (here / "vms" / ".gitignore").write_text("a.sh\n")
    with pytest.raises(InputError):
        named_by(["vms"], ("more/", "*.yaml"), {})


def test_what_only_speaks_of_qemu_is_no_vm_s_unless_it_is_named(here: Path) -> None:
    talks = here / "vms" / "convert.sh"
    talks.write_text("qemu-img convert a.qcow2 b.raw  # as for qemu-system-x86_64 -drive\n")
    found = named_by(["vms"], (), {})
    assert [one.subject.title for one in found.judged if "convert" in one.subject.title] == []
    (skipped,) = (one for one in found.skipped if "convert" in one.file)
    assert skipped.why == "it speaks of QEMU, and starts none"
    (named,) = named_by([str(talks)], (), {}).judged
    assert isinstance(named, Unusable)
    assert "no QEMU command line found" in str(named.error)


def test_a_file_that_is_named_in_several_ways_is_one_vm(here: Path) -> None:
    (here / "way").symlink_to("vms")
    (here / "vms" / "link.sh").symlink_to("a.sh")
    named = ("vms/a.sh", str(here / "vms" / "a.sh"), "vms/../vms/a.sh", "way/a.sh", "vms/link.sh")
    assert titles(*named) == ["vms/a.sh", "vms/link.sh"]


def test_a_link_beside_its_file_is_no_vm_of_its_own(here: Path) -> None:
    (here / "vms" / "autostart").mkdir()
    (here / "vms" / "autostart" / "a.sh").symlink_to("../a.sh")
    assert "vms/autostart/a.sh" not in titles("vms")
    assert titles("vms/autostart") == ["vms/autostart/a.sh"]


def test_what_is_named_beside_its_folder_is_not_passed_over(here: Path) -> None:
    judged = named_by(["vms", str(here / "vms" / "b.sh")], (), {}).judged
    assert [one.subject.title for one in judged if isinstance(one, Unusable)] == [
        "vms/b.sh",
        "vms/more/d.conf",
    ]
