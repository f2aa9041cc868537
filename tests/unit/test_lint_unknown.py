"""What a text leaves open silences neither the VM nor what stands beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.lint.engine import FileResult, Settings, lint
from pciabi.lint.finding import Finding
from pciabi.vm.formats import ConfigText

SETTINGS = Settings()
ON_A_MACHINE = """\
#!/bin/bash
qemu-system-x86_64 -nodefaults -machine "${BOARD:-q35},smm=off" \\
  -device virtio-balloon -netdev user,id=n0 -device virtio-net,netdev=n0
"""
NEIGHBOUR = ("PCI101", "-device ne2k_pci")
DOMAIN = """\
<domain type='kvm'>
  <name>web</name>
  <os><type arch='x86_64' machine='${MACHINE}'>hvm</type></os>
  <devices><memballoon model='none'/></devices>
  <devices>
    <controller type='usb' model='none'/>
    <interface type='bridge'>
      <mac address='06:73:12:00:00:67'/>
    </interface>
  </devices>
</domain>
"""
TEMPLATE = """\
apiVersion: template.openshift.io/v1
kind: Template
parameters:
- {name: NAME, required: true}
objects:
- apiVersion: kubevirt.io/v1
  kind: VirtualMachine
  metadata: {name: "${NAME}"}
  spec:
    template:
      spec:
        domain:
          devices:
            disks:
            - name: root
              disk: {bus: virtio}
            - name: other
              disk: {bus: "${BUS}"}
            interfaces:
            - {name: default, masquerade: {}}
            - {name: second, bridge: {}, pciAddress: "${ADDRESS}"}
"""
MANIFEST_WORK = """\
apiVersion: work.open-cluster-management.io/v1
kind: ManifestWork
spec:
  workload:
    manifests:
    - apiVersion: kubevirt.io/v1
      kind: VirtualMachineInstance
      spec: {domain: {devices: {interfaces: [{name: a}]}}}
    - apiVersion: kubevirt.io/v1
      kind: VirtualMachineInstance
      spec: {architecture: arm64, domain: {devices: {interfaces: [{name: b}]}}}
"""
ENVSUBST = """\
<domain type='kvm'>
  <os><type arch='${ARCH}' machine='${MACHINE}'>hvm</type></os>
  <devices>
    <controller type='usb' model='none'/>
    <controller type='pci' model='pcie-root-port' index='{{ port }}'/>
    <controller type='${KIND}'/>
    <disk type='file'>
      <target dev='vda' bus='${DISK_BUS}'/>
      <boot order='${ORDER}'/>
    </disk>
    <disk type='file'><target dev='${DEV}' bus='ide'/></disk>
    <interface type='network'>
      <address type='pci' slot='@NIC_SLOT@'/>
    </interface>
    <interface type='network'><model type='${NIC_MODEL}'/></interface>
    <memballoon model='none'/>
  </devices>
</domain>
"""


def result(text: str, file: str = "vm") -> FileResult:
    found = lint(ConfigText(file, text), SETTINGS)
    assert found.error is None, found.error
    return found


def told(text: str) -> list[tuple[str, str, int]]:
    return [(f.name, f.device, f.span.start.line) for f in result(text).findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            ON_A_MACHINE,
            [
                ("unpinned-device", "-device virtio-balloon-pci", 3),
                ("unpinned-nic", "-device virtio-net-pci", 3),
            ],
        ),
        (DOMAIN, [("unpinned-nic", "interface 06:73:12:00:00:67", 7)]),
        (
            TEMPLATE,
            [
                ("unpinned-boot-disk", "disk root", 15),
                ("unknown-address", "disk other", 17),
                ("unpinned-nic", "interface default", 20),
                ("unknown-address", "interface second", 21),
            ],
        ),
        (MANIFEST_WORK, [("unpinned-nic", "interface a", 8)]),
        (
            ENVSUBST,
            [
                ("unpinned-bridge", "controller pci {{ port }}", 5),
                ("unknown-address", "controller", 6),
                ("unknown-address", "disk vda", 7),
                ("unknown-address", "interface", 12),
                ("unpinned-nic", "interface", 15),
            ],
        ),
        (
            'qemu-system-x86_64 -machine "$MACHINE",accel=kvm -nodefaults -device e1000\n',
            [("unpinned-nic", "-device e1000", 1)],
        ),
        (
            "/usr/bin/kvm -id 100 -nodefaults -device 'virtio-net-pci,id=net0' "
            "-machine 'type=q35+pve0'\n",
            [("unpinned-nic", "net0", 1)],
        ),
        (
            "/usr/libexec/qemu-kvm -M rhel6.6.0 -nodefaults -device e1000\n",
            [("unpinned-nic", "-device e1000", 1)],
        ),
        (
            "qemu-system-x86_64 -M pc -nodefaults -device virtio-gpu-rutabaga-pci,id=gpu0 "
            "-device no-such-driver-pci\n",
            [
                ("unknown-address", "gpu0", 1),
                ("unknown-address", "-device no-such-driver-pci", 1),
            ],
        ),
        (
            "qemu-system-x86_64 -M pc -nodefaults -readconfig /usr/share/vendor/missing.cfg "
            "-device e1000\n",
            [
                ("unknown-address", "-readconfig /usr/share/vendor/missing.cfg", 1),
                ("unpinned-nic", "-device e1000", 1),
            ],
        ),
        (
            "#!/bin/sh\nqemu-system-x86_64 \\\n    -m 512M \\\n    -kernel ./bzImage \\\n"
            "    -net nic,model=e1000 -net user \\\n    -nographic\n",
            [("unpinned-nic", "-net nic e1000", 5)],
        ),
    ],
)
def test_what_is_certain_is_told_and_the_rest_is_unknown(
    text: str, expected: list[tuple[str, str, int]]
) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # A driver nobody knows lands where the text says, and its bus is what its name says.
        ("-M pc -device no-such,id=a,addr=5", []),
        ("-M pc -device no-such,id=a,addr=5 -device e1000,addr=5", ["address-conflict"]),
        ("-M pc -device no-such,id=a,bus=pci.0", ["unpinned-device"]),
        ("-M pc -device no-such,id=a,addr=5 -device e1000,bus=a,addr=1", []),
        ("-M pc -device no-such,id=a,addr=5 -device e1000,bus=a", ["unknown-address"]),
        # Options that are not in the text may bring a bus; others are told as always.
        ("-M pc $MORE -device e1000,bus=x,addr=1", ["unknown-address"]),
        ("-M pc $MORE -device e1000,bus=x", ["unknown-address", "unknown-address"]),
        ("-M pc -device e1000,bus=x,addr=1", ["unknown-bus"]),
        ("-M pc -readconfig $FILE -device e1000", ["unknown-address", "unpinned-nic"]),
        # An option's variable may make a device.
        ('-M pc -net "$NET"', ["unknown-address"]),
        ('-M pc -drive "$DRIVE"', ["unknown-address"]),
        ("-M pc -drive if=$IF,file=x", ["unknown-address"]),
        ("-M pc -drive if=ide,file=$FILE", []),
        ("-M pc -soundhw $SOUND", ["unknown-address"]),
        ("-M pc -audio pa,model=$SOUND", ["unknown-address"]),
        ("-M pc -audio $AUDIO,model=hda", ["unpinned-legacy-option"]),
        ("-M pc -balloon $BALLOON", ["unknown-address"]),
        ("-M pc -device e1000,$MORE", ["unknown-address"]),
        ("-M pc -device e1000,$MORE,addr=5", []),
        # Of several types the last one counts, and what else -machine says is merged.
        ("-M q35 -M accel=kvm -device e1000,addr=1", []),
        ("-M q35 -M pc -device e1000,addr=1", ["address-occupied"]),
        ("-M $M -M pc -device e1000,addr=1", ["address-occupied"]),
        ("-M microvm -device virtio-net-pci", []),
        ("-M microvm,pcie=on -device virtio-net-pci", ["unpinned-nic"]),
        ("-M isapc -device ne2k_isa", []),
        # What depends on the chipset is unknown, what does not is as it is on both.
        ("-M $M -device e1000,addr=1", ["unknown-address"]),
        ("-M $M -device e1000,addr=0", ["address-occupied"]),
        ("-M $M -device e1000,addr=3", []),
        ("-M $M -device e1000,addr=3 -device e1000,addr=3", ["address-conflict"]),
        ("-M $M -device e1000,bus=pcie.0,addr=3", ["unknown-address"]),
        ("-M some-vendor-1.0 -device e1000", ["unpinned-nic"]),
        ("-M pc-$VERSION -device e1000", ["unpinned-nic"]),
        ("-M pc-q35-$VERSION -device e1000,addr=1", []),
        ("$MORE -device e1000,addr=1", ["unknown-address", "unknown-address"]),
    ],
)
def test_command_lines(options: str, expected: list[str]) -> None:
    text = f"qemu-system-x86_64 -nodefaults {options}\n"
    assert [name for name, _, _ in told(text)] == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # -set speaks of a device in front of it, and QEMU refuses any other.
        ("-device e1000,id=n -set device.n.addr=5", []),
        ("-device e1000,id=n,addr=4 -set device.n.addr=5 -device e1000,addr=4", []),
        ("-set device.n.addr=5 -device e1000,id=n", [("PCI108", "-set"), ("PCI101", "n")]),
        ("-device e1000,id=m,addr=4 -set device.n.addr=5", [("PCI108", "-set")]),
        (
            '-device \'{"driver":"e1000","id":"n"}\' -set device.n.addr=5',
            [("PCI101", "n"), ("PCI108", "-set")],
        ),
        ("-set drive.n.file=x -device e1000,addr=5", []),
        # What no QEMU has, and words that only begin like an option.
        ('"-device e1000"', [("PCI108", "-device e1000")]),
        ("-no-such -device ne2k_pci", [("PCI108", "-no-such"), NEIGHBOUR]),
        # Braces are several words in bash, and one in dash.
        (
            "-device{,} e1000 -device ne2k_pci",
            [("PCI108", "-device{,}"), NEIGHBOUR],
        ),
        (
            "-device {e1000,ne2k_pci} -device ne2k_pci",
            [("PCI108", "-device {e1000,ne2k_pci}"), NEIGHBOUR],
        ),
        (
            "-device e1000,addr={3,4} -device ne2k_pci",
            [("PCI108", "-device e1000"), NEIGHBOUR],
        ),
        ("-device e1000,addr={3..4}", [("PCI108", "-device e1000")]),
        ("-device e1000,addr={${A},4}", [("PCI108", "-device e1000")]),
        ("{-device,-nic} e1000", [("PCI108", "{-device,-nic}")]),
        ("-name '{a,b}' -device e1000,addr=3", []),
        # JSON that is none ends in a finding of its own.
        *(
            (
                f"-device '{text}' -device ne2k_pci",
                [("PCI108", f"-device {text}"), NEIGHBOUR],
            )
            for text in (
                '{"driver":"e1000","addr":"5","addr":"6"}',
                '{"driver":"e1000","x":NaN}',
                '{"driver":"e1000","addr":0x18}',
                '{"driver":"e1000"',
            )
        ),
        ("-netdev '{' -device ne2k_pci", [("PCI108", "-netdev {"), NEIGHBOUR]),
        ("-device ''", [("PCI108", "-device ''")]),
        ("-device '{}'", [("PCI108", "-device {}")]),
        ("-device driver=", [("PCI108", "-device driver=")]),
        ("-device e1000,addr=", [("PCI123", "-device e1000")]),
    ],
)
def test_what_qemu_would_not_take_is_told_and_silences_no_neighbour(
    options: str, expected: list[tuple[str, str]]
) -> None:
    findings = result(f"qemu-system-x86_64 -M pc -nodefaults {options}\n").findings
    assert [f.code for f in findings] == [code for code, _ in expected]
    assert all(
        f.device.startswith(device) for f, (_, device) in zip(findings, expected, strict=True)
    )


def test_a_variable_of_a_unit_that_stays_one_word_is_no_option() -> None:
    start = "ExecStart=/usr/bin/qemu-system-x86_64 -M pc -nodefaults ${D}"
    text = f'[Service]\nEnvironment="D=-device e1000"\n{start}\n'
    (finding,) = result(text).findings
    assert (finding.code, finding.device) == ("PCI108", "-device e1000")


@pytest.mark.parametrize("open_part", ["$MORE", "-readconfig missing.cfg"])
def test_nodefaults_may_be_in_what_is_not_in_the_text(open_part: str) -> None:
    names = [name for name, _, _ in told(f"qemu-system-x86_64 -M pc {open_part}\n")]
    assert names == ["unknown-address"]
    assert [name for name, _, _ in told("qemu-system-x86_64 -M pc\n")] == ["implicit-nic"]


def test_a_machine_type_of_a_branch_leaves_the_family_open() -> None:
    head = 'args=(-nodefaults -M pc)\n[ "$1" ] && args+=(-M q35)\n'
    text = f'{head}qemu-system-x86_64 "${{args[@]}}" -device e1000,addr=1 -device e1000\n'
    assert [name for name, _, _ in told(text)] == ["unknown-address", "unpinned-nic"]
    same = text.replace("-M q35", "-M pc-i440fx-7.2")
    assert [name for name, _, _ in told(same)] == ["address-occupied", "unpinned-nic"]


def test_what_depends_on_the_machine_type_says_on_which() -> None:
    (finding,) = result("qemu-system-x86_64 -nodefaults -M $M -device e1000,addr=1f\n").findings
    assert finding.code == "PCI108"
    assert "the machine type, $M, tells nothing of its chipset, and on q35" in finding.message
    assert "(PCI122)" in finding.message
    assert "machine type" in finding.remedy


DEVICES = st.lists(
    st.builds(
        lambda driver, addr: f"-device {driver}{addr}",
        st.sampled_from(["e1000", "virtio-rng-pci", "no-such-driver", "usb-tablet"]),
        st.sampled_from(
            ["", "", ",addr=0", ",addr=1", ",addr=1.2", ",addr=2", ",addr=3", ",addr=1f"]
        ),
    ),
    max_size=5,
)
EXTRAS = st.sampled_from(["-nodefaults", "", "-vga std -net none", "-usb -nodefaults"])


@given(DEVICES, EXTRAS)
def test_an_unknown_machine_type_says_what_both_families_say(
    devices: list[str], extra: str
) -> None:
    def on(machine: str) -> dict[tuple[str, str, int], Finding]:
        words = f"qemu-system-x86_64 {extra} -M {machine} \\\n" + " \\\n".join(devices) + "\n"
        return {(f.code, f.device, f.span.start.line): f for f in result(words).findings}

    pc, q35, either = on("pc-i440fx-7.2"), on("pc-q35-7.2"), on("$MACHINE")
    both = pc.keys() & q35.keys()
    assert both <= either.keys()
    some = {(device, line) for _, device, line in pc.keys() ^ q35.keys()}
    unknown = {(device, line) for code, device, line in either if code == "PCI108"}
    assert {key for key in either if key[0] != "PCI108"} == {k for k in both if k[0] != "PCI108"}
    assert some <= unknown


@pytest.mark.parametrize(
    ("program", "machine"),
    [
        *(("qemu-kvm", m) for m in ("s390-ccw-virtio-rhel9.6.0", "virt-rhel9.6.0", "virt")),
        ("kvm", "pseries-8.2"),
        ("$QEMU", "virt,gic-version=3"),
        ("qemu-system-aarch64", "$MACHINE"),
        ("qemu-system-s390x", "s390-ccw-virtio"),
        ("/opt/bin/qemu-system-ppc64", "pseries"),
    ],
)
def test_what_is_no_pc_stays_silent(program: str, machine: str) -> None:
    assert told(f"{program} -nodefaults -M {machine} -device virtio-net-pci\n") == []


@pytest.mark.parametrize(
    ("program", "machine"),
    [
        *(("kvm", m) for m in ("pc+pve0", "q35+pve3", "pc-q35-7.2+pve1", "pc-i440fx-9.2+pve1")),
        *(("qemu-kvm", m) for m in ("rhel6.0.0", "rhel5.4.0", "pc-q35-rhel9.6.0", "pc-rhel")),
        *(("kvm-spice", m) for m in ("ubuntu", "ubuntu-q35", "pc-i440fx-jammy-hpb", "xenfv")),
        ("qemu-system-x86_64", "virt"),
        ("qemu-system-i386", "$MACHINE"),
        ("qemu-system-$ARCH", "$MACHINE"),
        ("$QEMU", "vendor-9"),
    ],
)
def test_what_may_be_a_pc_is_linted(program: str, machine: str) -> None:
    text = f"{program} -nodefaults -M {machine} -device virtio-net-pci -device e1000,addr=5\n"
    assert [name for name, _, _ in told(text)] == ["unpinned-nic"]


@pytest.mark.parametrize(
    ("machine", "floats"),
    [("pc+pve0", True), ("q35+pve2", True), ("pc-q35-7.2+pve1", False), ("rhel6.6.0", False)],
)
def test_proxmoxs_suffix_says_nothing_of_a_version(machine: str, floats: bool) -> None:
    settings = Settings(select=("floating-machine-type",))
    text = f"kvm -nodefaults -machine type={machine} -device e1000,addr=5\n"
    assert bool(lint(ConfigText("vm.sh", text), settings).findings) is floats


@pytest.mark.parametrize("type_", ["lxc", "xen", "vmware"])
def test_domains_that_no_qemu_runs_stay_silent(type_: str) -> None:
    assert told(DOMAIN.replace("type='kvm'", f"type='{type_}'")) == []


def test_a_configuration_file_without_a_machine_may_be_of_either() -> None:
    text = '[device "a"]\n  driver = "e1000"\n  bus = "pcie.0"\n  addr = "0x3"\n'
    other = '[device "b"]\n  driver = "e1000"\n'
    assert told(text + other) == [("unpinned-nic", "b", 5)]


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("q35", ["unpinned-device"]),
        ("pc-i440fx-9.2+pve1,viommu=virtio", ["unpinned-device"]),
        ("${MACHINE}", ["unpinned-device"]),
        ("viommu=intel", ["unpinned-device"]),
        ("virt", []),
    ],
)
def test_a_proxmox_configuration(machine: str, expected: list[str]) -> None:
    text = f"args: -device virtio-rng-pci\nmachine: {machine}\nostype: l26\nagent: 1\nsockets: 1\n"
    assert [name for name, _, _ in told(text)] == expected


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("qemu-system-x86_64 -hda disk.img\n", True),
        ("sudo kvm \\\n  -cdrom x.iso\n", True),
        ("qemu-system-x86_64 disk.img\n", True),
        ("QEMU=/opt/bin/qemu-system-x86_64\n$QEMU -hda x\n", True),
        ('export VM="sudo /usr/bin/kvm"\n$VM -m 1\n', True),
        ('#!/bin/sh\nrun() { qemu-system-x86_64 -m 1 "$@"; }\n', True),
        ("# qemu-system-x86_64 -hda x\n", False),
        ("apt-get install -y qemu-kvm\nmodprobe kvm\n", False),
        ("qemu-system-x86_64 is a program\n", False),
        ("MODULE=kvm\nls -l\n", False),
        ("kvmtool -m 1\n", False),
    ],
)
def test_a_command_of_qemus_is_seen_whatever_its_options_are(text: str, is_one: bool) -> None:
    found = lint(ConfigText("vm.sh", text), SETTINGS)
    assert (found.format, found.error) == ("qemu" if is_one else None, None)
    assert bool(found.findings) is is_one
