"""QEMU started by a systemd unit: systemd's quoting and variables, which are not a shell's."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import InputError
from pciabi.vm import reading
from pciabi.vm.command_line.option import OPEN, QemuCommandLine
from pciabi.vm.command_line.systemd_unit import COMMANDS

QEMU = "/usr/bin/qemu-system-x86_64 -nodefaults"


def lines(unit: str) -> list[QemuCommandLine]:
    return list(reading.read_all(Path("vm.service"), raw=unit.encode()))


def line(*settings: str) -> QemuCommandLine:
    (found,) = lines("\n".join(["[Unit]", "Description=it's", "[Service]", *settings, ""]))
    return found


def said(*settings: str) -> list[str]:
    return [option.written for option in line(*settings).options[1:]]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["Environment=CPUS=2", f"ExecStart={QEMU} -smp ${{CPUS}}"], ["-smp 2"]),
        ([f"ExecStart={QEMU} -smp ${{CPUS}}", "Environment=CPUS=2"], ["-smp 2"]),
        (['Environment="A=1 2" B=3', f"ExecStart={QEMU} -m ${{B}} -name ${{A}}"],
         ["-m 3", "-name 1 2"]),
        (["Environment=A='1 2' B=\\x33", f"ExecStart={QEMU} -m ${{B}} -name ${{A}}"],
         ["-m 3", "-name 1 2"]),
        (["Environment=A=1", "Environment=B=2", f"ExecStart={QEMU} -smp ${{A}} -m ${{B}}"],
         ["-smp 1", "-m 2"]),
        (["Environment=A=1", "Environment=A=2", f"ExecStart={QEMU} -m ${{A}}"], ["-m 2"]),
        (["Environment=A=1 A=2", f"ExecStart={QEMU} -m ${{A}}"], ["-m 2"]),
        (["Environment=A=1 \\", "  # why \\", "  B=2", f"ExecStart={QEMU} -smp ${{A}} -m ${{B}}"],
         ["-smp 1", "-m 2"]),
        # $NAME as a word is parted, and quotes in it count; ${NAME} is one argument.
        (['Environment="O=-m 1 -name \'a b\'"', f"ExecStart={QEMU} $O"], ["-m 1", "-name a b"]),
        (['Environment="O=-m 1"', f"ExecStart={QEMU} '$O'"], ["-m 1"]),
        (['Environment="A=a b"', f"ExecStart={QEMU} -name x${{A}}y"], ["-name xa by"]),
        (["Environment=A=1 O=", f"ExecStart={QEMU} $O -m ${{A}}"], ["-m 1"]),
        (["Environment=A=1 O=", f"ExecStart={QEMU} -name ${{O}} -m ${{A}}"], ["-name ", "-m 1"]),
        # Within a word only ${NAME} is a variable, and $$ is a dollar.
        (["Environment=A=1", f"ExecStart={QEMU} -name x$A"], ["-name x$A"]),
        (["Environment=A=1", f"ExecStart={QEMU} -name $$A -m $${{A}}"], ["-name $A", "-m ${A}"]),
        (["Environment=A=$B B=1", f"ExecStart={QEMU} -name ${{A}}"], ["-name $B"]),
        (["Environment=A=1", f"ExecStart=:{QEMU} -name ${{A}}"], ["-name ${A}"]),
        # What a shell would take for its own is none of systemd's: two disk images follow.
        ([f"ExecStart={QEMU} -append a=b;c -name x|y&z -m 1 # not"],
         ["-append a=b;c", "-name x|y&z", "-m 1", "# #", "not not"]),
        ([f"ExecStart={QEMU} -name `id` -m 100%%"], ["-name `id`", "-m 100%"]),
        ([f"ExecStart={QEMU} -device '{{\"driver\":\"e1000\"}}'"], ['-device {"driver":"e1000"}']),
        ([f"ExecStart=-+{QEMU} -m 1"], ["-m 1"]),
        (["ExecStart=@/usr/bin/qemu-system-x86_64 vm -nodefaults -m 1"], ["-m 1"]),
        (["ExecStart=/usr/bin/taskset -c 0 /usr/bin/kvm -nodefaults -m 1"], ["-m 1"]),
        (["Environment=Q=/usr/bin/kvm", "ExecStart=/usr/bin/env ${Q} -nodefaults -m 1"], ["-m 1"]),
        (["Environment=M=1", 'ExecStart=/bin/sh -c "exec kvm -nodefaults -m $M"'], ["-m 1"]),
        (["Environment=M=1", "ExecStart=/bin/bash -ec 'kvm -nodefaults -m ${M}'"], ["-m 1"]),
        # An empty assignment takes back what stood before it.
        ([f"ExecStart={QEMU} -m 2", "ExecStart=", f"ExecStart={QEMU} -m 1"], ["-m 1"]),
        (["EnvironmentFile=/etc/vm", "EnvironmentFile=", "Environment=A=1",
          f"ExecStart={QEMU} -m ${{A}}"], ["-m 1"]),
        (["Environment=A=1 B=2", "UnsetEnvironment=B", f"ExecStart={QEMU} $B -m ${{A}}"],
         ["-m 1"]),
        (["Environment=A=1", "UnsetEnvironment=A=2", f"ExecStart={QEMU} -m ${{A}}"], ["-m 1"]),
        (["EnvironmentFile=/etc/vm", "UnsetEnvironment=B", f"ExecStart={QEMU} $B -m 1"],
         ["-m 1"]),
    ],
)  # fmt: skip
def test_what_a_unit_says(settings: list[str], expected: list[str]) -> None:
    assert said(*settings) == expected
    assert not any(o.value and o.value.unresolved for o in line(*settings).options)


@pytest.mark.parametrize(
    ("settings", "source", "reason"),
    [
        ([f"ExecStart={QEMU} -m ${{A}}"], "${A}", "not assigned in this unit"),
        (["EnvironmentFile=/etc/vm", "Environment=A=1", f"ExecStart={QEMU} -m ${{A}}"],
         "${A}", "EnvironmentFile= in line 4 may set it"),
        (["Environment=A=1", "EnvironmentFile=-/etc/vm", f"ExecStart={QEMU} -m ${{A}}"],
         "${A}", "EnvironmentFile= in line 5 may set it"),
        (["Environment=A=1", "Environment=", f"ExecStart={QEMU} -m ${{A}}"],
         "${A}", "not assigned in this unit"),
        (["Environment=A=/srv/%i.img", f"ExecStart={QEMU} -hda ${{A}}"],
         "%i", "systemd fills it in"),
        ([f"ExecStart={QEMU} -hda /srv/%i.img"], "%i", "systemd fills it in"),
    ],
)  # fmt: skip
def test_what_a_unit_leaves_open(settings: list[str], source: str, reason: str) -> None:
    value = line(*settings).options[1].value
    assert value is not None
    (part,) = value.unresolved
    assert (part.source, part.reason) == (source, reason)


@pytest.mark.parametrize("word", ["$MORE", "$A,addr=3"])
def test_a_word_that_is_a_variable_nobody_knows_is_an_open_option(word: str) -> None:
    found = line("Environment=A=e1000", f"ExecStart={QEMU} -m 1 {word} -S")
    assert [option.name for option in found.options[1:]] == ["m", OPEN, "S"]


def test_every_command_and_other_sections() -> None:
    unit = (
        f"[Unit]\nExecStart={QEMU} -m 9\n[Service]\nType=oneshot\n"
        f"ExecStart={QEMU} -m 1 ; {QEMU} -m 2\nExecStart={QEMU} -m 3\n[Install]\nEnvironment=A=1\n"
    )
    found = [[option.written for option in vm.options[1:]] for vm in lines(unit)]
    assert found == [["-m 1"], ["-m 2"], ["-m 3"]]


def test_what_a_variable_holds_stands_where_it_is_assigned() -> None:
    found = line(
        'Environment="NIC=e1000,id=a"',
        "Environment=\"MORE=-device 'rtl8139,id=b'\"",
        f"ExecStart={QEMU} \\",
        "  -device ${NIC},addr=3 $MORE",
    )
    first, second = found.options[1:]
    assert first.value is not None
    assert second.value is not None
    assert str(first.position) == "vm.service:7"
    assert [(first.value.at(at).line, first.value.at(at).column) for at in (0, 10)] == [
        (4, 18),
        (7, 17),
    ]
    assert (second.position.line, second.position.column) == (5, 19)
    assert (second.value.at(0).line, second.value.at(0).column) == (5, 28)


# Who asks QEMU for help starts no machine.
WORDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n\\%$?"), min_size=1).filter(
        lambda word: word != "help"
    ),
    max_size=5,
)


def quoted(word: str) -> str:
    return '"' + word.replace('"', '\\"').replace("\t", "\\t") + '"'


@given(WORDS)
def test_quoting_is_undone(values: list[str]) -> None:
    options = " ".join(f"-name {quoted(value)}" for value in values)
    assert said(f"ExecStart={QEMU} {options}") == [f"-name {value}" for value in values]
    assigned = [f"Environment={quoted(f'V{n}={value}')}" for n, value in enumerate(values)]
    used = " ".join(f"-name ${{V{n}}}" for n in range(len(values)))
    assert said(*assigned, f"ExecStart={QEMU} {used}") == [f"-name {value}" for value in values]


PIECES = ["[Service]", "ExecStart=", "Environment=", "EnvironmentFile=", QEMU, "$A", "${A}", "A=1"]
PIECES += [
    "'",
    '"',
    "\\",
    "%",
    "%i",
    ";",
    "#",
    "-m",
    "\n",
    "\\\n",
    " ",
    "$",
    "${",
    "\\x",
    "@",
    "$$",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_unit_ends_in_a_value_or_one_error(pieces: list[str]) -> None:
    with suppress(InputError):
        lines("[Service]\nExecStart=" + "".join(pieces))


def test_a_unit_that_expands_without_measure_is_refused() -> None:
    unit = f"Environment=A={'y' * 90_000}", f"ExecStart={QEMU} {'${A} ' * 9}"
    with pytest.raises(InputError, match=r"vm.service:5: the unit expands to too many arguments"):
        line(*unit)
    with pytest.raises(InputError, match=r"vm.service:4: too many variables in one word"):
        line(f"ExecStart={QEMU} -name {'${A}%i' * 100_000}")


@pytest.mark.parametrize("key", sorted(COMMANDS))
def test_every_command_of_a_unit_is_read(key: str) -> None:
    unit = f"[Service]\nExecStart={QEMU} -m 1\n{key}=-{QEMU} -m 2\n"
    assert [found.options[1].written for found in lines(unit)] == ["-m 1", "-m 2"]
    alone = f"[Service]\n{key}={QEMU} -m 2\n"
    assert [found.options[1].written for found in lines(alone)] == ["-m 2"]
    taken_back = f"{unit}{key}=\n"
    expected = [] if key == "ExecStart" else ["-m 1"]
    assert [found.options[1].written for found in lines(taken_back)] == expected


def test_the_unit_is_the_vm_of_its_service() -> None:
    unit = f"[Service]\nExecStartPre={QEMU} -m 2\nExecStart={QEMU} -m 1\n"
    assert reading.read(Path("vm.service"), raw=unit.encode()).options[1].written == "-m 1"


@pytest.mark.parametrize(
    ("command", "count"),
    [
        (f"/usr/bin/firejail {QEMU} -device e1000", 1),
        (f"/usr/bin/su me -c '{QEMU} -device e1000'", 1),
        (f"/bin/echo '{QEMU} -device e1000'", 0),
        (f"/usr/bin/pkill -f '{QEMU} -device e1000'", 0),
    ],
)
def test_what_a_unit_starts_in_a_roundabout_way(command: str, count: int) -> None:
    assert len(lines(f"[Service]\nExecStartPre={command}\n")) == count
