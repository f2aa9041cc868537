"""One opinion of what is a VM's configuration: lint, snapshot, diff and gate have the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pciabi.errors import InputError
from pciabi.lint import files
from pciabi.lint.engine import Settings, lint
from pciabi.source.content import Content, NoConfiguration, NotStarted, bytes_of, content_of
from pciabi.source.vms import vms_in
from pciabi.vm import reading
from pciabi.vm.formats import ConfigText
from pciabi.vm.reading import NoCommandLine

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests", "examples", "scenarios", "docs", "images", "script", "bench")
STARTED = {
    "qemu": Content.COMMAND_LINE,
    "scenario": Content.SCENARIO,
    "libvirt": Content.DOMAIN,
}
# What is larger is a recording.
MOST = 100_000


# Whoever starts QEMU, by what name, and what it is given.
STARTERS = ["", "exec ", "sudo -u vm ", "env A=1 ", "taskset -c 1 ", "nice -n 5 ", "nohup "]
STARTERS += ["sudo env LC_ALL=C taskset -c 0,1 ", "numactl -m 0 ", "LC_ALL=C ", "setsid "]
PROGRAMS = ["kvm", "/usr/bin/kvm", "qemu-kvm", "/usr/libexec/qemu-kvm", "qemu-system-x86_64"]
PROGRAMS += ["/opt/q/qemu-system-i386", "/usr/local/bin/qemu", "kvm-spice", "/usr/bin/qemu-kvm-9.2"]
PROGRAMS += ["qemu-system-x86_64.real", '"$QEMU"', "${QEMU_BIN}", "qemu-system-$ARCH"]
GIVEN = ["-hda a -net nic", "-M q35 -nodefaults", "--machine pc", "-enable-kvm -m 1", "-m 1 d.img"]


def every_kind() -> Iterator[Path]:
    """Whatever lies in this repository. Python is never a VM, takes the longest to read, and is
    much the same in every file: a few stand for all."""
    for folder in FOLDERS:
        paths = [path for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
        small = [path for path in paths if path.stat().st_size < MOST]
        yield from (path for path in small if path.suffix not in (".py", ".pyc"))
        yield from [path for path in small if path.suffix == ".py"][::12]


@pytest.mark.parametrize("path", list(every_kind()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_a_vm_for_lint_and_for_snapshot_or_for_neither(path: Path) -> None:
    told = content(path)
    if told in (Content.SNAPSHOT, Content.LSPCI):
        return
    result = lint(files.read(str(path), b""), Settings())
    if isinstance(told, NotStarted):
        # lint alone reads it, and snapshot says what it is.
        assert result.error is not None or result.format not in (None, *STARTED)
    elif not isinstance(told, InputError):
        assert result.format is None or STARTED[result.format] is told
        assert result.is_told is is_started(path)
    else:
        assert not result.is_told


def content(path: Path) -> Content | InputError:
    try:
        return content_of(path, bytes_of(path))
    except InputError as error:
        return error


def is_started(path: Path) -> bool:
    """Whether snapshot finds a VM. One that cannot be read is one, too."""
    try:
        return bool(vms_in(path, bytes_of(path), {}))
    except NoCommandLine:
        return False
    except InputError:
        return True


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_names_qemu_does_so_whoever_starts_it(
    program: str, given: str, tmp_path: Path
) -> None:
    for starter in STARTERS:
        path = tmp_path / "vm"
        path.write_text(f"{starter}{program} {given}\n")
        assert content(path) is Content.COMMAND_LINE, starter
        (line,) = reading.read_all(path)
        assert [option.word.text for option in line.options] == [
            word for word in given.split() if word.startswith("-") or word == "d.img"
        ]
        assert is_started(path)
        assert lint(ConfigText("vm", path.read_text()), Settings()).vms == 1


@pytest.mark.parametrize("given", GIVEN)
def test_arguments_alone_are_a_command_line(given: str, tmp_path: Path) -> None:
    path = tmp_path / "vm"
    for text in (f"{given}\n", f"# mine\n\n  {given}\n", given.replace(" ", "\n")):
        path.write_text(text)
        assert content(path) is Content.COMMAND_LINE
        assert lint(ConfigText("vm", text), Settings()).vms == 1


@pytest.mark.parametrize(
    "text",
    [
        "modprobe kvm\n",
        "# qemu-system-x86_64 -M pc is what runs it\n",
        "sudo apt-get install qemu-kvm libvirt-daemon\n",
        "echo the qemu folder is /etc/libvirt/qemu\n",
        "- a list\n- of qemu things\n",
        "[Unit]\nDescription=qemu\n",
        "image: debian\nsummary: about qemu\n",
    ],
)
def test_who_only_speaks_of_qemu_starts_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "vm"
    path.write_text(text)
    assert isinstance(content(path), NoConfiguration) or not is_started(path)
    assert not lint(ConfigText("vm", text), Settings()).is_told


def test_a_qemu_that_nobody_can_follow_is_a_vm_and_an_error(tmp_path: Path) -> None:
    path = tmp_path / "vm.sh"
    path.write_text('"$RUNNER" -machine pc -device e1000\n')
    assert lint(files.read(str(path), b""), Settings()).is_told
    with pytest.raises(InputError, match="may start a QEMU, and its arguments are not read"):
        vms_in(path, bytes_of(path), {})


def test_a_domain_that_windows_has_saved_in_utf_16_is_one_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "web.xml"
    text = (ROOT / "examples" / "libvirt" / "bare.xml").read_text()
    path.write_text(f'<?xml version="1.0" encoding="utf-16"?>{text}', encoding="utf-16")
    assert content(path) is Content.DOMAIN
    assert lint(files.read(str(path), b""), Settings()).vms == 1
    assert len(vms_in(path, bytes_of(path), {})) == 1
