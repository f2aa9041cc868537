"""What a QEMU that refuses a VM says, brought back to the user's own words and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import InputError, QemuError, Refusal
from pciabi.probe import complaint, refusal
from pciabi.probe.ending import ENDED
from pciabi.qemu.binary import Binary
from pciabi.qemu.inert.hardware import InertHardware, inert
from pciabi.vm import reading

QEMU = Binary("qemu", ("qemu",), Path("/"), (7, 2, 22), "QEMU emulator version 7.2.22")
RNG = "virtio-rng-pci"

# A command line, an option a line; what QEMU says, recorded from 5.2, 7.2 and 11.1; the line it
# is about, and what a user reads.
CASES = [
    (
        "-m 1G -smp 4,sockets=3",
        "Invalid CPU topology deprecated: sockets (3) * dies (1) != maxcpus (4)",
        (2, "-smp 4,sockets=3: Invalid CPU topology deprecated"),
    ),
    ("-smp foo", "Parameter 'cpus' expects a number", (1, "-smp foo: ")),
    ("-smp foo", "Parameter 'smp.cpus' expects integer", (1, "-smp foo: ")),
    ("-smp 4,maxcpus=2", "maxcpus must be equal to or greater than smp", (1, "-smp 4,maxcpus=2: ")),
    (
        "-smp 2 -m 512,slots=300,maxmem=4G",
        "unsupported amount of memory slots: 300",
        (2, "-m 512,slots=300,maxmem=4G: unsupported"),
    ),
    ("-m x", "-m x: Parameter 'size' expects a non-negative number", (1, "-m x: Parameter")),
    ("-smp 2 -cpu no", "unable to find CPU model 'no'", (2, "-cpu no: unable")),
    ("-cpu a,+no", "Property 'a-x86_64-cpu.no' not found", (1, "-cpu a,+no: Property")),
    ("-M q35,sata=x", "Parameter 'sata' expects 'on' or 'off'", (1, "-M q35,sata=x: Parameter")),
    (
        "-M q35 -machine memory-backend=z",
        "Memory backend 'z' not found",
        (2, "-machine memory-backend=z: Memory"),
    ),
    (
        "-device e1000 -global e1000.vectors=x",
        "-device e1000: can't apply global e1000.vectors=x: Parameter 'vectors' expects uint64",
        (2, "-global e1000.vectors=x: can't apply"),
    ),
    ("-boot order=z", "Invalid boot device 'z'", (1, "-boot z: Invalid")),
    ("-vga no", "unknown vga type: no", (1, "-vga no: unknown")),
    (
        "-nic user,model=a -nic user,model=b",
        "Unsupported NIC model: a",
        (1, "-nic user,model=a: Unsupported"),
    ),
    ("-rtc base=no", "invalid datetime format", (1, "-rtc base=no: invalid")),
    (
        "-drive index=0,file=/secret -drive index=0,file=/secret",
        "-drive index=0,driver=null-co,size=67108864,read-zeroes=on: drive with bus=0 exists",
        (2, "-drive index=0: drive with bus=0 exists"),
    ),
    (
        "-netdev tap,id=a,ifname=x -netdev tap,id=a,ifname=y",
        "-netdev user,id=a,restrict=on: Duplicate ID 'a' for netdev",
        (2, "-netdev tap,id=a: Duplicate ID"),
    ),
    ("-soundhw no", "-soundhw: invalid option", (1, "-soundhw no: -soundhw: invalid option")),
    (
        "-device e1000,addr=99",
        "-device e1000,addr=99: Property 'e1000.addr' doesn't take value '99'",
        (1, "device e1000, line 1: Property 'e1000.addr'"),
    ),
    (
        "-device e1000,addr=3 -device rtl8139,addr=4 -device e1000,addr=3",
        "-device e1000,addr=3: PCI: slot 3 function 0 not available for e1000, in use by "
        "e1000,id=(null)",
        (3, "device e1000, line 3: PCI: slot 3 function 0 not available for e1000, in use by "
         "e1000, line 1"),
    ),
    # The one that is told apart by its slot, not the first of its kind.
    (
        "-device e1000,addr=5 -device e1000,addr=6 -device rtl8139,addr=6,id=r",
        "-device rtl8139,addr=6,id=r: PCI: slot 6 function 0 not available for rtl8139, in use by "
        "e1000,id=(null)",
        (3, "device r (rtl8139): PCI: slot 6 function 0 not available for rtl8139, in use by "
         "e1000, line 2"),
    ),
    # One in JSON form is created after the others, wherever it stands.
    (
        '-device {"driver":"e1000","addr":"5"} -device e1000,addr=5',
        '-device {"driver": "e1000", "addr": "5"}: PCI: slot 5 function 0 not available for e1000, '
        "in use by e1000,id=(null)",
        (1, "device e1000, line 1: PCI: slot 5 function 0 not available for e1000, in use by "
         "e1000, line 2"),
    ),
    (
        "-device vfio-pci,host=1:0.0,id=h,addr=2 -device vfio-pci,host=2:0.0,addr=2",
        f"-device {RNG},addr=2,id=pciabi-2_0.0: PCI: slot 2 function 0 not available for {RNG}, "
        f"in use by {RNG},id=h",
        (2, "device vfio-pci, line 2: PCI: slot 2 function 0 not available for vfio-pci, in use "
         "by h (vfio-pci), line 1"),
    ),
    # QEMU 5.2 tells no id.
    (
        "-device vfio-pci,host=1:0.0,id=h,addr=2 -device e1000,addr=2",
        f"-device e1000,addr=2: PCI: slot 2 function 0 not available for e1000, in use by {RNG}",
        (2, "device e1000, line 2: PCI: slot 2 function 0 not available for e1000, in use by "
         "h (vfio-pci), line 1"),
    ),
    (
        "-device e1000,addr=2",
        "-device e1000,addr=2: PCI: slot 2 function 0 not available for e1000, in use by VGA,"
        "id=(null)",
        (1, "in use by VGA, which QEMU adds itself"),
    ),
    (
        "-vga std -device e1000,addr=2",
        "-device e1000,addr=2: PCI: slot 2 function 0 not available for e1000, in use by VGA,"
        "id=(null)",
        (2, "in use by VGA, line 1"),
    ),
]  # fmt: skip


def made(options: str) -> InertHardware:
    """A command line with an option, and what belongs to it, on each line."""
    words: list[str] = []
    for word in options.split(" "):
        words.append(word if word.startswith("-") or not words else f" '{word}'")
    text = "".join(f" \\\n{word}" if word.startswith("-") else word for word in words)
    (line,) = reading.read_all(Path("vm.sh"), raw=f"qemu-system-x86_64{text}\n".encode())
    return inert(line)


@pytest.mark.parametrize(("options", "said", "expected"), CASES)
def test_a_refusal_names_the_user_s_option_and_line(
    options: str, said: str, expected: tuple[int, str]
) -> None:
    line, words = expected
    # The program stands on the first line.
    words = shifted(words)
    if "invalid option" in said:
        error: InputError | QemuError = QemuError(f"{ENDED}with status 1: qemu: {said}")
    else:
        error = InputError(f"QEMU refuses this hardware: {said}")
    found = refusal.of_command_line(error, made(options), QEMU)

    assert isinstance(found, InputError)
    assert found.place is not None
    assert found.place.line == line + 1
    assert words in found.message
    by = "machine type q35" if "q35" in options else "its default machine type"
    assert found.advice == f"QEMU 7.2.22, {by}"
    for ours in ("pciabi-", "null-co", "restrict", RNG, "secret"):
        assert ours not in str(found)


def shifted(words: str) -> str:
    """The words with every line one further down."""
    head, *rest = words.split("line ")
    return head + "".join(f"line {int(part[0]) + 1}{part[1:]}" for part in rest)


def test_a_machine_type_qemu_does_not_have_is_that_of_the_last_option() -> None:
    found = refusal.of_command_line(
        InputError("QEMU refuses this hardware: -machine q35: unsupported machine type"),
        made("-M q35 -M pc-q35-99"),
        QEMU,
    )
    assert "unknown machine type 'pc-q35-99'" in found.message
    assert str(found.place) == "vm.sh:3"


@pytest.mark.parametrize(
    ("said", "is_of_the_vm"),
    [
        ("-device e1000: PCI: no slot/function available for e1000", True),
        ("Invalid SMP CPUs 999999. The max CPUs supported by machine 'pc-q35-7.2' is 288", True),
        ("-accel tcg: invalid accelerator tcg", False),
        ("-chardev socket,id=qtest,fd=7: no", False),
        ("cannot set up guest memory 'pc.ram': Cannot allocate memory", False),
        ('-device e1000: failed to find romfile "efi-e1000.rom"', False),
        ("-nonsense: invalid option", False),
    ],
)
def test_what_the_host_or_qemu_lacks_is_no_fault_of_the_vm(said: str, is_of_the_vm: bool) -> None:
    text = f"qemu-system-x86_64: warning: a\nqemu-system-x86_64: {said}\nTry this instead.\n"
    words = complaint.spoken(text)
    assert words == said
    assert complaint.is_of_the_vm(words) is is_of_the_vm


def test_another_program_s_words_are_no_refusal() -> None:
    assert complaint.spoken("boom\nvm.sh: line 3: qemu: not found") is None
    assert complaint.spoken("qemu-kvm: warning: only that\n") is None


@pytest.mark.parametrize(("memory", "kind", "code"), [("200T", Refusal, 2), ("2G", QemuError, 3)])
def test_memory_nobody_has_is_the_user_s_fault(memory: str, kind: type, code: int) -> None:
    said = "cannot set up guest memory 'pc.ram': Cannot allocate memory"
    error = QemuError(f"{ENDED}with status 1: qemu-system-x86_64: {said}")
    found = refusal.of_command_line(error, made(f"-m {memory}"), QEMU)
    assert (type(found), found.exit_code) == (kind, code)
    assert f"-m {memory}" in found.message
    assert str(found.place) == "vm.sh:2"


@given(st.text(max_size=200), st.sampled_from([case[0] for case in CASES]))
def test_whatever_qemu_says_is_one_error(said: str, options: str) -> None:
    hardware = made(options)
    for origin in (None, *hardware.origins):
        words = f"{origin.given}: {said}" if origin else said
        error = InputError(f"QEMU refuses this hardware: {words}")
        found = refusal.of_command_line(error, hardware, QEMU)
        assert isinstance(found, (InputError, QemuError))
        assert found.place is not None
