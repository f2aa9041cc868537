"""QEMU command lines read from every form people keep them in."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import InputError
from pciabi.vm import reading
from pciabi.vm.command_line.option import MAX_ARGUMENTS, OPEN, QemuCommandLine

# A question mark asks for help, and such a command line is left out.
words = st.text(st.characters(codec="utf-8", exclude_characters="\0\r?"), min_size=1, max_size=20)


def read(folder: Path, text: str | bytes, name: str = "vm") -> QemuCommandLine:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return reading.read(path)


def said(line: QemuCommandLine) -> list[tuple[str, str | None]]:
    return [(option.name, option.value.text if option.value else None) for option in line.options]


def places(line: QemuCommandLine) -> list[tuple[str, int, int]]:
    return [(option.name, option.position.line, option.position.column) for option in line.options]


@st.composite
def written(draw: st.DrawFn, word: str) -> str:
    """The word as a shell script may write it: quoted piece by piece, wrapped anywhere."""
    pieces = []
    for char in word:
        way = draw(st.integers(0, 3))
        if way == 0 and char != "'":
            pieces.append(f"'{char}'")
        elif way == 1:
            pieces.append('"' + ("\\" if char in '"\\$`' else "") + char + '"')
        elif way == 2 and char not in "'\\\n":
            pieces.append(f"$'{char}'")
        elif char == "\n":
            pieces.append("$'\\n'")
        else:
            pieces.append("\\" + char)
        if draw(st.integers(0, 5)) == 0:
            pieces.append("\\\n")
    return "".join(pieces)


@given(st.lists(words, min_size=1, max_size=8), st.data())
def test_shell_quoting_is_undone_whatever_way_a_word_is_written(
    values: list[str], data: st.DataObject
) -> None:
    script = "exec qemu-system-x86_64"
    for value in values:
        script += " -name " + data.draw(written(value))
    script += " # the end\n"
    (line,) = reading.read_all(Path("x.sh"), raw=script.encode())
    assert said(line) == [("name", value) for value in values]


@given(st.lists(st.text(st.sampled_from("abc0=,.-"), min_size=1), max_size=6), st.data())
def test_every_argument_knows_its_place(values: list[str], data: st.DataObject) -> None:
    script = "qemu-system-x86_64"
    for value in values:
        gap = data.draw(st.sampled_from([" ", "  ", " \\\n", " \\\n\t"]))
        script += f"{gap}-name{gap}{value}"
    (line,) = reading.read_all(Path("x.sh"), raw=script.encode())
    lines = script.split("\n")
    for option in line.options:
        assert option.value is not None
        for offset, char in enumerate(option.value.text):
            place = option.value.at(offset)
            assert lines[place.line - 1][place.column - 1] == char


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_end_in_a_value_or_one_error(raw: bytes) -> None:
    for content in (raw, b"qemu-system-x86_64 " + raw, b"qemu-system-x86_64\0" + raw):
        with suppress(InputError):
            reading.read_all(Path("x"), raw=content)


SHELL_PIECES = ["if a; then", "fi", "x=(", ")", "x+=(-m 1", "$x", '"${x[@]}"', "case y in", "esac"]
SHELL_PIECES += [
    "a)",
    ";;",
    "f() {",
    "}",
    "done",
    "while b; do",
    "&&",
    "||",
    "|",
    "'",
    '"',
    "$(",
    "`",
]
SHELL_PIECES += [
    "<<E",
    "E",
    "[[",
    "]]",
    "((",
    "))",
    "${",
    "\\",
    "qemu-system-x86_64 -m 1",
    "set --",
]


@given(st.lists(st.sampled_from([*SHELL_PIECES, "\n", "\n", " "]), max_size=40))
def test_any_mixture_of_shell_syntax_ends_in_a_value_or_one_error(pieces: list[str]) -> None:
    with suppress(InputError):
        reading.read_all(Path("x"), raw=" ".join(pieces).encode())


def test_a_script_with_arrays_conditions_and_variables(tmp_path: Path) -> None:
    line = read(
        tmp_path,
        """#!/bin/bash
# doesn't matter
MEM=4G
args=(
  -m "$MEM"   # how much
  -device e1000,id=a -device e1000,id=b # two on a line
)
[ -e /dev/kvm ] && args+=(-enable-kvm)
cat <<'END'
it's (not read
END
EXTRA="-vga none -dis\\
play none"
sudo -u vm env A=b qemu-system-x86_64 "${args[@]}" $EXTRA -smp $(nproc) -name "$1" "$@" >log 2>&1 &
""",
    )
    assert line.program is not None
    assert line.program.text == "qemu-system-x86_64"
    assert places(line) == [
        ("m", 5, 3),
        ("device", 6, 3),
        ("device", 6, 22),
        ("enable-kvm", 8, 27),
        ("vga", 12, 8),
        ("display", 12, 18),
        ("smp", 14, 59),
        ("name", 14, 73),
    ]
    assert said(line)[0] == ("m", "4G")
    assert [str(o.condition) for o in line.options if o.condition] == [f"{tmp_path / 'vm'}:8"]
    unresolved = [(o.name, o.value.unresolved) for o in line.options if o.value]
    assert [(name, open_[0].source) for name, open_ in unresolved if open_] == [
        ("smp", "$(nproc)"),
        ("name", "$1"),
    ]


@pytest.mark.parametrize(
    "script",
    [
        "if a; then M=1; fi; qemu-system-x86_64 -m $M",
        "M=1; if a; then M=2; fi; qemu-system-x86_64 -m $M",
        "M=1; . ./settings; qemu-system-x86_64 -m $M",
        "M=1; read M; qemu-system-x86_64 -m $M",
        "M=1; for M in 1 2; do true; done; qemu-system-x86_64 -m $M",
        "f() { qemu-system-x86_64 -m $M; }; f; M=2",
        "M=1; while a; do qemu-system-x86_64 -m $M; M=2; done",
        "M=1; a || M=2; qemu-system-x86_64 -m $M",
        "qemu-system-x86_64 -m ${M:-1}",
        "M=1; f() { if a; then M=2; fi; }; f; qemu-system-x86_64 -m $M",
    ],
)
def test_a_variable_that_may_hold_something_else_is_unknown(tmp_path: Path, script: str) -> None:
    (option,) = read(tmp_path, script).options
    assert option.value is not None
    assert option.value.unresolved


@pytest.mark.parametrize(
    "script",
    [
        "M=1; qemu-system-x86_64 -m $M",
        "if a; then M=1; qemu-system-x86_64 -m $M; fi",
        "f() { local M=1; qemu-system-x86_64 -m $M; }; f",
        'M=0; M=1; c="qemu-system-x86_64 -m"; $c ${M}',
        "M=1 && qemu-system-x86_64 -m ${M:-2}",
        'set -- -m 1; exec qemu-system-x86_64 "$@"',
        'a=(-m); a+=(1); $QEMU "${a[@]}"',
        'q="$(realpath .)/qemu-system-x86_64"; nohup "$q" -m 1 & echo $!',
        'a="-m"; a="$a 1"; eval "qemu-system-x86_64 $a" &',
        "a='-m \"1\"'; eval exec qemu-system-x86_64 $a '$@'",
        "SUDO=; $SUDO qemu-system-x86_64 -m 1",
        "$SUDO qemu-system-x86_64 -m 1",
        "SUDO='sudo -E'; $SUDO /usr/bin/kvm -m 1",
        "/usr/bin/sudo -u vm qemu-system-x86_64 -m 1",
        "qemu-system-$(uname -m) -m 1",
        "echo qemu-system-x86_64 -m 2; qemu-system-x86_64 --version; qemu-system-x86_64 -m 1",
    ],
)
def test_a_variable_that_can_hold_one_thing_only_is_known(tmp_path: Path, script: str) -> None:
    line = read(tmp_path, script)
    assert said(line) == [("m", "1")]
    assert line.options[0].value is not None
    assert not line.options[0].value.unresolved


def test_an_option_only_a_run_would_tell_is_kept_as_such(tmp_path: Path) -> None:
    line = read(tmp_path, "qemu-system-x86_64 -m 1 $EXTRA -vga none\n")
    assert [option.name for option in line.options] == ["m", OPEN, "vga"]


@pytest.mark.parametrize(
    "start", ["exec", "sudo -E", "env A=b", "$SUDO", "nohup nice", "exec /usr/bin/taskset -c0"]
)
def test_a_program_behind_a_starter_whose_options_are_not_known(tmp_path: Path, start: str) -> None:
    line = read(tmp_path, f"command -v kvm $X\n{start} qemu-system-x86_64 $OPTS\n")
    assert [option.name for option in line.options] == [OPEN]


def test_the_script_s_own_arguments_are_none_but_where_a_value_is_due(tmp_path: Path) -> None:
    line = read(tmp_path, 'qemu-system-x86_64 -m 1 "$@" -vga none $* -cdrom "$@"')
    assert said(line) == [("m", "1"), ("vga", "none"), ("cdrom", "$@")]
    assert line.options[2].value is not None
    assert line.options[2].value.unresolved[0].source == "$@"


def test_a_systemd_unit(tmp_path: Path) -> None:
    line = read(
        tmp_path,
        "[Unit]\nDescription=it's a VM\n[Service]\nUser=vm\n"
        "ExecStart=-/usr/bin/qemu-system-x86_64 \\\n"
        "  -name 'a b' \\\n# not \\ this\n; nor this\n  -drive file=/srv/%i.img -m 100%% \\\n"
        "  -device e1000\nRestart=no\n",
    )
    assert places(line) == [("name", 6, 3), ("drive", 9, 3), ("m", 9, 27), ("device", 10, 3)]
    assert said(line)[0] == ("name", "a b")
    assert [o.name for o in line.options if o.value and o.value.unresolved] == ["drive"]


def test_what_a_comment_cut_off_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"vm:3: '-device' is not part of QEMU's command"):
        read(tmp_path, "qemu-system-x86_64 -m 1 \\\n # -vga none \\\n -device e1000\n")


def test_the_log_of_a_libvirt_domain(tmp_path: Path) -> None:
    start = "2025-01-0{} 10:00:00.123+0000: starting up libvirt version: 9.0.0, package: 1 (x)\n"
    command = (
        "LC_ALL=C \\\nHOME=/x \\\n/usr/bin/qemu-system-x86_64 \\\n-name guest=a,debug-threads=on "
    )
    rest = '\\\n-device \'{{"driver":"e1000","addr":"0x{}"}}\' \\\n-msg timestamp=on\n'
    ended = "char device redirected to /dev/pts/0 (label x)\n2025-01-01 11:00:00.1+0000: end\n"
    log = start.format(1) + command + rest.format(1) + ended + start.format(2) + command
    line = read(tmp_path, log + rest.format(2) + ended)
    assert said(line) == [
        ("name", "guest=a,debug-threads=on"),
        ("device", '{"driver":"e1000","addr":"0x2"}'),
        ("msg", "timestamp=on"),
    ]
    assert places(line)[1] == ("device", 15, 1)


def test_old_libvirt_wraps_in_the_middle_of_a_word(tmp_path: Path) -> None:
    line = read(tmp_path, "LC_ALL=C /usr/bin/kvm -device e1000,\\\nid=a,bus=pci.0,\\\naddr=0x3\n")
    assert said(line) == [("device", "e1000,id=a,bus=pci.0,addr=0x3")]
    value = line.options[0].value
    assert value is not None
    assert (value.at(value.text.index("addr")).line, value.at(6).column) == (3, 1)


def test_a_process_s_arguments_and_what_ps_prints(tmp_path: Path) -> None:
    dump = read(tmp_path, b"qemu-system-x86_64\0-name\0a b\0-append\0\0-m\0001\0")
    assert said(dump) == [("name", "a b"), ("append", ""), ("m", "1")]
    device = '{"driver":"e1000","id":"n"}'
    text = f"    PID TTY CMD\n  12 ? 0:00 /usr/bin/kvm -name a b -device {device}\n 13 ? grep kvm\n"
    assert said(read(tmp_path, text)) == [("name", "a b"), ("device", device)]
    with pytest.raises(InputError, match="may be an argument or the rest of one"):
        read(tmp_path, "  12 ? 0:00 /usr/bin/kvm -m 1 a b\n")


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/bash\nQEMU=/usr/local/bin/qemu-system-x86_64\nM='-m 1'\nexec $QEMU $M\n",
        "QEMU=/opt/qemu/bin/qemu-system-x86_64\n$QEMU -m 1\n",
        "KVM_BIN+=/usr/bin/kvm\n$KVM_BIN -m 1\n",
        "#!/bin/sh\n/srv/prepare/network\n/usr/bin/kvm -m 1\n",
        "QEMU=/x/qemu-system-x86_64 ./other -m 2\nkvm -m 1\n",
        "env QEMU=/x/qemu-system-x86_64 kvm -m 1\n",
    ],
)
def test_a_path_at_the_beginning_of_a_script_makes_it_no_argument_list(
    tmp_path: Path, script: str
) -> None:
    assert said(read(tmp_path, script)) == [("m", "1")]


def test_a_program_alone_on_the_first_line_of_a_script_is_a_command(tmp_path: Path) -> None:
    assert said(read(tmp_path, "#!/bin/sh\n/usr/bin/kvm\necho -m 1\n")) == []
    assert said(read(tmp_path, "/usr/bin/kvm\n-m\n1\n")) == [("m", "1")]


def test_a_file_of_arguments(tmp_path: Path) -> None:
    expected = [("m", "1G"), ("device", '{"driver":"e1000"}'), ("append", "a  b")]
    one_each = 'qemu-system-x86_64\n-m\n1G\n\n-device\n{"driver":"e1000"}\n# no\n-append\na  b\n'
    assert said(read(tmp_path, one_each)) == expected
    pairs = '-m 1G\n-device \'{"driver":"e1000"}\'\n# no\n--append "a  b"\n'
    assert said(read(tmp_path, pairs)) == expected
    assert said(read(tmp_path, "-m 1G -device e1000")) == [("m", "1G"), ("device", "e1000")]


def test_aliases_of_options_and_a_bare_disk_image(tmp_path: Path) -> None:
    line = read(tmp_path, "qemu-system-x86_64 -M q35 --smp 2 disk.img -no-such 1")
    assert said(line) == [
        ("machine", "q35"),
        ("smp", "2"),
        ("disk image", "disk.img"),
        ("no-such", None),
        ("disk image", "1"),
    ]
    assert [option.known for option in line.options] == [True, True, True, False, True]


def test_a_configuration_file_becomes_options_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "more.cfg").write_text(
        '# ours\n[device "net0"]\n  driver = "e1000"\n  addr = "0x5"\n\n[machine]\n  type = "a,b"\n'
    )
    line = read(tmp_path, "qemu-system-x86_64 -m 1 -readconfig more.cfg -vga none")
    assert said(line) == [
        ("m", "1"),
        ("device", "id=net0,driver=e1000,addr=0x5"),
        ("machine", "type=a,,b"),
        ("vga", "none"),
    ]
    value = line.options[1].value
    assert value is not None
    place = value.at(value.text.index("addr"))
    assert (place.file, place.line, place.column) == (str(tmp_path / "more.cfg"), 4, 3)
    (tmp_path / "more.cfg").write_text("rubbish\n")
    with pytest.raises(InputError, match=r"more.cfg:1: not a line of QEMU's configuration"):
        read(tmp_path, "qemu-system-x86_64 -readconfig more.cfg")
    with pytest.raises(InputError, match=r"vm:1: -readconfig /dev/zero: not a regular file"):
        read(tmp_path, "qemu-system-x86_64 -readconfig /dev/zero")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "no QEMU command line"),
        (b"#!/bin/sh\necho hello\n", "no QEMU command line"),
        (b"qemu-system-x86_64 -m", "-m needs an argument"),
        (b"qemu-system-x86_64 -m '1", "never closed"),
        (b"qemu-system-x86_64 -name \xff", "not UTF-8"),
        (b"rubbish\0", "NUL bytes"),
        (
            b"qemu-system-x86_64 -m 1\nqemu-system-x86_64 -m 2\n",
            "2 QEMU command lines, in lines 1, 2",
        ),
        (b"qemu-system-x86_64" + b" -S" * (MAX_ARGUMENTS + 1), "too many|more than 10000"),
        (b"qemu-system-x86_64" + b"\0-S" * 100_000, "more than 10000"),
        (b"qemu-system-x86_64 -m " + b"$(" * 100_000, "nested too deeply"),
        (b"a=x\n" + b"a=$a$a\n" * 600 + b"qemu-system-x86_64 -m $a", "too many"),
        (b" " * 2_000_000, "larger than 1000000 bytes"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(tmp_path: Path, raw: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, raw)
    assert "\n" not in str(caught.value)
    assert caught.value.place is not None


def test_an_argument_list_of_a_program() -> None:
    line = reading.read_argv(["-m", "1", "-device", json.dumps({"driver": "e1000"})])
    assert said(line) == [("m", "1"), ("device", '{"driver": "e1000"}')]
    assert str(line.options[1].position) == "command line:3"
    with pytest.raises(InputError, match="NUL"):
        reading.read_argv(["-name", "\0"])
