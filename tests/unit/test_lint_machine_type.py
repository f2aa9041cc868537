"""`machine-type-ends`: quiet on what stays, advice on what goes, loud for Windows up to 5.1."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pciabi.lint.engine import Guest, Settings, lint
from pciabi.lint.finding import Severity
from pciabi.vm.formats import ConfigText

PCIABI = Path(sys.executable).with_name("pciabi")
RULE = "machine-type-ends"
HYPERV = "<features><hyperv mode='custom'>{}</hyperv></features>"
LIBOSINFO = (
    "<metadata><libosinfo:libosinfo xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'>"
    "<libosinfo:os id='{}'/></libosinfo:libosinfo></metadata>"
)
WIN10 = "http://microsoft.com/win/10"


def said(text: str, settings: Settings | None = None) -> list[Severity]:
    result = lint(ConfigText("vm", text), settings or Settings())
    assert result.error is None
    assert result.vms == 1
    return [finding.severity for finding in result.findings if finding.name == RULE]


def libvirt(machine: str, head: str = "") -> str:
    return (
        f"<domain type='kvm'><name>vm</name>{head}"
        f"<os><type arch='x86_64' machine='{machine}'>hvm</type></os><devices/></domain>"
    )


def qemu(machine: str, cpu: str) -> str:
    return f"qemu-system-x86_64 -nodefaults -M {machine} -cpu {cpu}\n"


def proxmox(machine: str, ostype: str) -> str:
    return f"machine: {machine}\nostype: {ostype}\nscsihw: lsi\nnet0: e1000,bridge=vmbr0\n"


def kubevirt(machine: str, features: str) -> str:
    return (
        "apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstance\nmetadata: {name: vm}\n"
        f"spec:\n  domain:\n    machine: {{type: {machine}}}\n    features: {features}\n"
    )


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("pc-i440fx-2.0", [Severity.ADVICE]),
        ("pc-i440fx-4.2", [Severity.ADVICE]),
        ("pc-q35-4.0.1", [Severity.ADVICE]),
        ("pc-q35-5.1", [Severity.ADVICE]),
        ("pc-q35-5.2", [Severity.ADVICE]),
        ("pc-q35-6.1", [Severity.ADVICE]),
        ("pc-i440fx-5.1+pve0", [Severity.ADVICE]),
        ("pc-q35-6.2", []),
        ("pc-i440fx-9.2+pve1", []),
        ("pc-q35-11.1", []),
        ("pc", []),
        ("q35", []),
        # Whoever gives these names says for himself when they end.
        ("pc-i440fx-rhel7.6.0", []),
        ("pc-q35-rhel9.6.0", []),
        ("rhel6.6.0", []),
        ("pc-i440fx-xenial", []),
        ("pc-i440fx-jammy-hpb", []),
        ("pc-q35-${VERSION}", []),
        ("isapc", []),
    ],
)
def test_what_ends_is_advice_and_what_stays_or_nobody_knows_is_silent(
    machine: str, expected: list[Severity]
) -> None:
    assert said(libvirt(machine)) == expected
    if "$" not in machine:
        assert said(qemu(machine, "qemu64")) == expected


@pytest.mark.parametrize(
    "windows",
    [
        libvirt("MACHINE", LIBOSINFO.format(WIN10)),
        libvirt("MACHINE", HYPERV.format("<relaxed state='on'/>")),
        libvirt("MACHINE", "<features><hyperv mode='passthrough'/></features>"),
        qemu("MACHINE", "host,hv_relaxed,hv_spinlocks=0x1fff"),
        qemu("MACHINE", "host,hv-vendor-id=whatever,+hv-time"),
        qemu("""'{"type":"MACHINE"}'""", "Nehalem,hv-vapic=on"),
        proxmox("MACHINE+pve0", "win10"),
        proxmox("MACHINE", "w2k8"),
        kubevirt("MACHINE", "{hyperv: {relaxed: {}}}"),
    ],
)
def test_windows_up_to_5_1_is_an_error_whatever_the_format(windows: str) -> None:
    def on(machine: str) -> list[Severity]:
        return said(windows.replace("MACHINE", machine))

    assert on("pc-i440fx-5.1") == [Severity.ERROR]
    assert on("pc-q35-2.11") == [Severity.ERROR]
    assert on("pc-i440fx-5.2") == [Severity.ADVICE]
    assert on("pc-q35-9.2") == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("ostype: win10", [Severity.ERROR]),
        ("machine: pc\nostype: win11", [Severity.ERROR]),
        ("machine: type=q35,viommu=virtio\nostype: w2k8", [Severity.ERROR]),
        (
            "machine: q35\nostype: win10\nmeta: creation-qemu=8.1.5,ctime=1700000000",
            [Severity.ERROR],
        ),
        ("machine: q35\nostype: win10\nmeta: creation-qemu=9.1.2,ctime=1700000000", []),
        ("machine: q35\nostype: win10\nmeta: ctime=1700000000,creation-qemu=10.0.2", []),
        ("machine: pc-q35-9.2+pve1\nostype: win10", []),
        ("machine: q35\nostype: l26", []),
        ("ostype: other", []),
    ],
)
def test_proxmox_makes_a_5_1_of_a_windows_guest_without_a_version(
    lines: str, expected: list[Severity]
) -> None:
    text = f"{lines}\nscsihw: lsi\nnet0: e1000,bridge=vmbr0\n"
    every = Settings(select=("all",))
    assert said(text, every) == expected
    floats = [f.name for f in lint(ConfigText("vm", text), every).findings]
    is_pinned = "win" in lines or "w2k8" in lines
    assert ("floating-machine-type" in floats) is not is_pinned


@pytest.mark.parametrize(
    "other",
    [
        libvirt("pc-i440fx-5.1", LIBOSINFO.format("http://debian.org/debian/12")),
        libvirt(
            "pc-i440fx-5.1",
            LIBOSINFO.format("http://debian.org/debian/12")
            + HYPERV.format("<relaxed state='on'/>"),
        ),
        libvirt("pc-i440fx-5.1", LIBOSINFO.format("http://microsoft.com/msdos/6.22")),
        libvirt("pc-i440fx-5.1", HYPERV.format("<relaxed state='off'/>")),
        # To keep a driver from seeing that it is in a VM, under any system.
        libvirt("pc-i440fx-5.1", HYPERV.format("<vendor_id state='on' value='none'/>")),
        qemu("pc-i440fx-5.1", "host,kvm=off,hv_vendor_id=none"),
        qemu("pc-i440fx-5.1", "host,hv-relaxed=off"),
        proxmox("pc-i440fx-5.1", "l26"),
        kubevirt("pc-i440fx-5.1", "{acpi: {}}"),
    ],
)
def test_another_guest_is_not_taken_for_windows(other: str) -> None:
    assert said(other) == [Severity.ADVICE]


def test_whoever_runs_it_may_say_that_it_is_windows() -> None:
    settings = Settings(guest=Guest.WINDOWS)
    assert said(libvirt("pc-i440fx-5.1"), settings) == [Severity.ERROR]
    scenario = (
        "machine: pc-i440fx-5.1\ndevices: [{driver: e1000, id: net0, addr: 3}]\nsteps: [boot]\n"
    )
    assert said(scenario, settings) == [Severity.ERROR]
    readconfig = (
        '[machine]\n  type = "pc-q35-4.2"\n[device "d"]\n  driver = "e1000"\n  addr = "3"\n'
    )
    assert said(readconfig, settings) == [Severity.ERROR]
    assert said(libvirt("pc-q35-9.2"), settings) == []


def test_a_severity_that_is_set_holds_for_windows_too() -> None:
    settings = Settings(severities=((RULE, Severity.WARNING),), guest=Guest.WINDOWS)
    assert said(libvirt("pc-i440fx-5.1"), settings) == [Severity.WARNING]
    assert said(libvirt("pc-i440fx-5.2"), settings) == [Severity.WARNING]


@pytest.mark.parametrize(
    ("options", "written", "code"),
    [((), "", 0), (("--guest", "windows"), "", 1), ((), 'guest = "windows"\n', 1)],
)
def test_the_option_and_the_setting_decide_the_exit_code(
    options: tuple[str, ...], written: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / ".pciabi.toml").write_text(written)
    (tmp_path / "vm.sh").write_text(qemu("pc-i440fx-4.2", "qemu64"))
    done = subprocess.run(
        [PCIABI, "lint", "--format", "json", *options, "vm.sh"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    (finding,) = json.loads(done.stdout)["findings"]
    assert done.returncode == code
    assert (finding["name"], finding["line"]) == (RULE, 1)
