"""QEMUs that a script starts in a way its reader does not follow: never silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.lint.engine import Settings, lint
from pciabi.vm import reading
from pciabi.vm.formats import ConfigText

# `%` stands for it in the scripts below.
QEMU = "qemu-system-x86_64 -M pc -nodefaults -device e1000"
PINNED = f"{QEMU},addr=5\n"


def told(script: str) -> list[tuple[str, int, int]]:
    text = PINNED + script.replace("%", QEMU) + "\n"
    found = lint(ConfigText("vm.sh", text), Settings())
    assert found.error is None, found.error
    return [(f.code, f.span.start.line, f.span.start.column) for f in found.findings]


FOLLOWED = [
    "x=$(%)",
    'x="$(%)"',
    "cat < <(%)",
    "x=`%`",
    "coproc VM { %; }",
    "coproc %",
    'trap "%" EXIT',
    "alias q=qemu-system-x86_64; q -M pc -nodefaults -device e1000",
    "sh <<EOF\n%\nEOF",
    "sh <<'EOF'\n%\nEOF",
    "sh <<-EOF\n\t%\n\tEOF",
    'bash -c "%"',
    'su - me -c "%"',
    'script -c "%" x',
    "chroot /srv %",
    "runuser -u me -- %",
    "flock F %",
    "nsenter -n -t 3 %",
    "firejail %",
    "bwrap --ro-bind / / %",
    "pkexec %",
    "valgrind %",
    "busybox timeout 5 %",
    "builtin exec %",
    "start-stop-daemon --start --exec /usr/bin/kvm -- -M pc -nodefaults -device e1000",
    "docker run img %",
    "qemu-system-x86_64-custom -M pc -nodefaults -device e1000",
    'sh <<< "%"',
    'echo "%" | sh',
    "echo % | sudo bash",
    "cat <<EOF | sh\n%\nEOF",
    "cat <(%) x",
    "while read x; do :; done < <(%)",
    'if [ "$(%)" ]; then :; fi',
    "ssh host %",
    'ssh host "%"',
    "ssh h <<EOF\n%\nEOF",
    "tmux new -d '%'",
    "watch '%'",
    "find . -exec % \\;",
    "python3 -c \"import os; os.system('%')\"",
    'eval "chroot / %"',
    "eval 'x=$(%)'",
    "parallel ::: '%'",
    "time chroot / %",
    "for i in 1; do doas -u x firejail %; done",
    "case $x in a) y=$(%);; esac",
    'CMD="%"\nssh h "$CMD"',
    "env -i chroot / %",
    "echo $(%)",
    "bash -c \"bash -c '%'\"",
    "x=$(chroot / %)",
    "arr=( $(%) )",
    "[[ $(%) ]]",
    "dbus-run-session -- %",
    'su me -c "exec %"',
    "at now <<EOF\n%\nEOF",
]
UNKNOWN = [
    "alias q='%'",
    "bash -c 'qemu-system-x86_64 \"$QEMU\"' x -M pc -nodefaults -device e1000",
    "xargs %",
    "$BIN -M pc -nodefaults -device e1000",
    '"$1" -M pc -nodefaults -device e1000',
    'sudo "$BIN" -M pc -device e1000',
    "python3 - <<EOF\nsubprocess.run(['qemu-system-x86_64', '-M', 'pc', '-device', 'x'])\nEOF",
    "make run QEMU='%'",
    "timeout 5 $BIN -M pc -device e1000",
    "${1:-x} -nodefaults -device e1000",
]
SILENT = [
    "which qemu-system-x86_64",
    "apt-get install qemu-system-x86",
    "sudo apt-get install -y qemu-system-x86 --no-install-recommends",
    "if ! command -v qemu-system-x86_64; then exit; fi",
    'echo "usage: %"',
    "echo '%'",
    "echo %",
    'pgrep -f "qemu-system.*-device"',
    'pkill -f "qemu-system-x86_64 -M pc"',
    'sudo pkill -f "qemu-system-x86_64 -M pc"',
    'printf "%s\\n" "%"',
    "# %",
    'x=$(pgrep -f "qemu-system-x86_64.*-device")',
    "cat <<EOF\nUsage: %\nEOF",
    "grep -q '%' log",
    'die "cannot run %"',
    '[ "$x" = "%" ]',
    "if [[ $(qemu-system-x86_64 --version) ]]; then :; fi",
    "x=$(qemu-system-x86_64 -device help | grep e1000)",
    "$SSH -M -S sock host",
    '"$CC" -o x x.c',
    'echo "%" | tee log',
    'CMD="%"',
    "docker run --name qemu-kvm --device /dev/kvm img",
    "kill $(pidof qemu-system-x86_64)",
    "case $x in *qemu-system-x86_64*-device*) ;; esac",
    "ps aux | grep 'qemu-system-x86_64 -M' | wc -l",
    'usage() { echo "%"; }',
    "modprobe kvm nested=1",
    "systemctl start qemu-kvm",
    "$RUN --net host -d",
    "sudo dnf install -y qemu-kvm",
    "usermod -aG kvm me",
    'log "starting %"',
]


@pytest.mark.parametrize("script", FOLLOWED)
def test_what_is_certain_is_followed_and_judged_at_its_place(script: str) -> None:
    (finding,) = told(script)
    text = (PINNED + script.replace("%", QEMU)).split("\n")
    code, line, column = finding
    assert code == "PCI101"
    assert text[line - 1][column - 1 :].startswith("-device e1000")


@pytest.mark.parametrize("script", UNKNOWN)
def test_what_is_not_followed_is_unknown_at_its_word(script: str) -> None:
    found = told(script)
    assert ("PCI108", 2) in {(code, min(line, 2)) for code, line, _ in found}


@pytest.mark.parametrize("script", SILENT)
def test_what_only_names_qemu_is_no_vm(script: str) -> None:
    assert told(script) == []


def test_the_words_that_something_else_appends_are_unknown() -> None:
    assert [code for code, _, _ in told("xargs %,addr=6")] == ["PCI108"]


def test_a_branch_of_the_script_may_be_the_argument_of_a_followed_text() -> None:
    script = "bash -c 'qemu-system-x86_64 -M pc -nodefaults \"$@\"' x -device e1000,addr=7"
    assert told(script) == []


words = st.lists(st.sampled_from(["firejail", "a b", "-x", "--", "A=b", "/srv", "5"]), max_size=4)
wraps = st.lists(st.sampled_from(["$({})", "`{}`", '"$({})"', "<({})", "x=$({})"]), max_size=3)


@given(words, wraps)
def test_however_deep_it_stands_it_is_told(before: list[str], around: list[str]) -> None:
    command = " ".join(["wrapper", *(f"'{word}'" for word in before), QEMU])
    for wrap in around:
        command = wrap.format(command) if "`" not in command else command
    assert [code for code, _, _ in told(command)] == ["PCI101"]


@pytest.mark.parametrize(
    "beside",
    [
        "x=$(qemu-system-x86_64 -M none -nodefaults -qmp stdio)",
        '"$1" -M pc -device e1000',
        'ssh h "%"',
    ],
)
def test_a_file_with_one_clear_vm_still_has_one(tmp_path: Path, beside: str) -> None:
    path = tmp_path / "vm.sh"
    path.write_text(f"{beside.replace('%', QEMU)}\n{PINNED}")
    line = reading.read(path)
    assert [option.value.text for option in line.named("device") if option.value] == [
        "e1000,addr=5"
    ]


def test_a_vm_within_another_command_is_one_where_there_is_no_other(tmp_path: Path) -> None:
    path = tmp_path / "vm.sh"
    path.write_text(f"pid=$({QEMU})\n")
    assert len(reading.read(path).named("device")) == 1
