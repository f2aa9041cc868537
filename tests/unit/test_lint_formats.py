"""Every input format: what is found where, and that no text whatever makes a reader fail."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi import resources
from pciabi.errors import InputError
from pciabi.lint.engine import FileResult, Settings, lint
from pciabi.lint.rule import rules
from pciabi.vm import formats
from pciabi.vm.formats import ConfigText

SHELL = """\
#!/bin/bash
# the web server
DISK=web.qcow2
options=(
  -nodefaults -machine pc-i440fx-7.2   # versioned
  -device virtio-net-pci,netdev=n0,id=net0,mac=52:54:00:00:00:01
  # pciabi: ignore unpinned-device it may move
  -device virtio-rng-pci,id=rng0
)
exec qemu-system-x86_64 "${options[@]}" -netdev user,id=n0 -device virtio-\\
balloon-pci,id=b0 -drive file="$DISK",if=virtio -device e1000,id=net1,addr="$SLOT"
"""
KUBEVIRT = """\
apiVersion: v1
kind: ConfigMap
---
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: win}
spec:
  template:
    spec:
      domain:
        devices:
          interfaces:
            - {name: a, bridge: {}, pciAddress: "0000:02:00.0"}
            - name: b
              bridge: {}
          disks:
            - name: data
              disk: {bus: virtio}
            - name: root
              bootOrder: 1
              disk: {bus: virtio}
            - name: iso
              cdrom: {bus: sata}
            - name: slow
              disk: {bus: sata}
          gpus:
            - {name: g, deviceName: vendor.com/GPU}
"""
PROXMOX = """\
args: -device virtio-rng-pci,id=extra -device pvpanic-pci,id=p,bus=pci.0,addr=0x9
machine: q35
name: win
net0: virtio=BC:24:11:00:00:01,bridge=vmbr0
ostype: win11
scsihw: virtio-scsi-single

[before-upgrade]
args: -device e1000
"""
CONFIG = """\
# what virt-tool wrote
[machine]
  type = "pc-q35-7.2"

[device "port1"]
  driver = "pcie-root-port"
  addr = "0x3"

[device "net0"]
  driver = "virtio-net-pci"
  bus = "port1"

[device "rng0"]
  driver = "virtio-rng-pci"
"""
SCENARIO = """\
summary: x
matrix:
  machine: [pc, q35]
  nic: [e1000]
machine: ${machine}
devices:
  - {driver: "${nic}", id: net0}
  - {driver: e1000, id: net1, addr: 0x4}
  - driver: pcie-root-port
    id: port0
    when: {machine: q35}
steps: [boot, {remove: net0}, boot]
"""
JSON_WORDS = (
    *("/usr/bin/qemu-system-x86_64", "-nodefaults", "-machine", "pc-q35-9.2"),
    *("-device", json.dumps({"driver": "pcie-root-port", "id": "pci.1", "addr": "0x2"})),
    *("-device", json.dumps({"driver": "virtio-blk-pci", "id": "disk0", "bus": "pci.1"})),
    *("-device", json.dumps({"driver": "qemu-xhci", "id": "usb"})),
    *("-device", json.dumps({"driver": "usb-tablet", "bus": "usb.0"})),
)
JSON_STYLE = shlex.join(JSON_WORDS)


def found(text: str) -> FileResult:
    result = lint(ConfigText("vm", text), Settings())
    assert result.error is None, result.error
    return result


def told(text: str) -> list[tuple[str, str, int]]:
    return [(f.name, f.device, f.span.start.line) for f in found(text).findings]


@pytest.mark.parametrize(
    ("format_", "text", "expected"),
    [
        (
            "qemu",
            SHELL,
            [
                ("unpinned-nic", "net0", 6),
                ("unpinned-device", "b0", 10),
                ("unpinned-legacy-option", "-drive if=virtio", 11),
                ("unknown-address", "net1", 11),
            ],
        ),
        ("qemu", JSON_STYLE, [("unpinned-device", "usb", 1)]),
        ("qemu", "\0".join(JSON_WORDS) + "\0", [("unpinned-device", "usb", 9)]),
        (
            "kubevirt",
            KUBEVIRT,
            [
                ("unpinned-nic", "interface b", 14),
                ("unpinned-device", "disk data", 17),
                ("unpinned-boot-disk", "disk root", 19),
                ("unpinned-legacy-option", "gpus g", 27),
            ],
        ),
        (
            "proxmox",
            PROXMOX,
            [("unpinned-device", "extra", 1), ("machine-type-ends", "win", 2)],
        ),
        ("qemu-config", CONFIG, [("unpinned-device", "rng0", 13)]),
        ("scenario", SCENARIO, [("unpinned-nic", "net0", 7), ("unpinned-bridge", "port0", 9)]),
    ],
)
def test_what_is_found_where(format_: str, text: str, expected: list[tuple[str, str, int]]) -> None:
    assert found(text).format == format_
    assert told(text) == expected


def test_what_a_suppression_in_a_script_covers() -> None:
    assert found(SHELL).suppressed == 1


@pytest.mark.parametrize("path", resources.scenarios(), ids=lambda path: path.stem)
def test_the_shipped_scenarios_are_clean_or_say_that_they_are_controls(path: Path) -> None:
    result = lint(ConfigText(path.name, path.read_text()), Settings())
    assert result.format == "scenario"
    assert result.findings == ()
    assert (result.suppressed > 0) == ("unpinned" in path.stem)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("-nodefaults -M pc", set()),
        ("-M pc", {"implicit-nic"}),
        ("-M pc -net none", set()),
        ("-M pc -net none -device e1000,addr=2,id=a", {"address-occupied"}),
        ("-M pc -net none -vga none -device e1000,addr=2,id=a", set()),
        ("-M pc -net none -device VGA,addr=2,id=v", set()),
        ("-M q35 -net none -device e1000,addr=1,id=a", {"address-occupied"}),
        ("-nodefaults -M q35 -device e1000,addr=1d,id=a", set()),
        ("-nodefaults -M q35 -usb -device e1000,addr=1d,id=a", {"address-occupied"}),
        ("-nodefaults -M q35,usb=on -device e1000,addr=1d,id=a", {"address-occupied"}),
        ("-nodefaults -M pc -net nic,model=e1000,addr=7 -net user", set()),
        ("-nodefaults -M pc -net nic,model=e1000 -net user", {"unpinned-nic"}),
        ("-nodefaults -M pc -nic none", set()),
        ("-nodefaults -M pc -nic user", {"unpinned-legacy-option"}),
        ("-nodefaults -M pc -device e1000,id=a -set device.a.addr=5", set()),
        ("-nodefaults -M pc -device virtio-net,id=a,addr=5.1", {"missing-function-zero"}),
        ("-nodefaults -M pc -device lsi,id=a", {"unpinned-device"}),
        ("-nodefaults -M pc -device e1000,id=a,bus=nowhere,addr=1", {"unknown-bus"}),
        ("-nodefaults -M pc -device AC97,id=a,addr=5 -device e1000,id=b,addr=5",
         {"address-conflict"}),
        ("-nodefaults -M pc -device usb-tablet -device isa-serial,chardev=c", set()),
        ("-nodefaults -M microvm -device virtio-net-device", set()),
        ("-nodefaults -M pc -audio pa,model=hda", {"unpinned-legacy-option"}),
        ("-nodefaults -M pc -audio pa", set()),
        ("-nodefaults -M pc -soundhw pcspk", set()),
        ("-nodefaults -M pc -soundhw pcspk,ac97", {"unpinned-legacy-option"}),
        ("-nodefaults -M pc -soundhw pcspk -device AC97,id=s,addr=2", set()),
        ("-nodefaults -M pc-q35-rhel9.6.0 -device e1000e,id=a,addr=3", set()),
        ("-nodefaults -M pc-i440fx-jammy-hpb -device e1000,id=a,addr=3", set()),
    ],
)  # fmt: skip
def test_command_lines(options: str, expected: set[str]) -> None:
    assert {name for name, _, _ in told(f"qemu-system-x86_64 {options}\n")} == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("apiVersion: kubevirt.io/v1\nkind: [", "not valid YAML"),
        ("apiVersion: kubevirt.io/v1\nkind: !!python/object:os.system x", "is not allowed"),
        (
            "apiVersion: kubevirt.io/v1\na: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{n}: &{n} [{','.join([f'*{p}'] * 10)}]\n"
                for p, n in zip("abcdef", "bcdefg", strict=True)
            ),
            "too large or nested too deeply",
        ),
        ("apiVersion: kubevirt.io/v1\nx: " + "[" * 3000, "nested too deeply"),
        (KUBEVIRT.replace("0000:02:00.0", "two"), "pciAddress 'two' is not of the form"),
        ('[device "a"]\n  driver is e1000\n', "not a line of QEMU's configuration format"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_clear_error(text: str, words: str) -> None:
    result = lint(ConfigText("vm", text), Settings())
    assert result.error is not None
    assert words in str(result.error)
    assert "\n" not in str(result.error)
    assert result.error.place is not None


EXAMPLES = [
    *(SHELL, KUBEVIRT, PROXMOX, CONFIG, SCENARIO, JSON_STYLE),
    *(loaded.rule.bad.text for loaded in rules()),
]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """An example with a piece taken out, doubled, or replaced by anything."""
    text = draw(st.sampled_from(EXAMPLES))
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 60)))
    other = draw(st.sampled_from([st.just(""), st.just(text[start:end] * 2), st.text(max_size=8)]))
    return text[:start] + draw(other) + text[end:]


@given(damaged())
def test_no_damage_makes_a_reader_fail(text: str) -> None:
    result = lint(ConfigText("vm", text), Settings(select=("all",)))
    for finding in result.findings:
        assert 1 <= finding.span.start.line <= text.count("\n") + 2
        assert finding.span.last_line >= finding.span.start.line


@given(st.text(max_size=300), st.sampled_from(formats.formats()))
def test_any_text_is_read_or_refused(text: str, format_: formats.Format) -> None:
    format_.detects(ConfigText("vm", text))
    with suppress(InputError):
        format_.read(ConfigText("vm", text))
