"""Commands in surroundings that fail them, and with inputs and outputs that are no files: one
clear line each, and nothing is lost."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.real.command import PCIABI, environment, pciabi, wait_for
from tests.real.fault_table import FAULTS, provokes

VM = "qemu-system-x86_64 -nodefaults -machine pc -device e1000,id=n0\n"
NOBODY = 54321
# An ordinary user who may read the checkout, wherever it lies: without a name and a home.
AS_NOBODY = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    "--bounding-set=-all,+dac_read_search", "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vm.sh").write_text(VM)
    return tmp_path


def run(
    folder: Path,
    *command: str | Path,
    before: Callable[[], None] | None = None,
    stdout: int = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    # As people have it: what is printed waits for the end.
    variables = {k: v for k, v in environment(folder).items() if k != "PYTHONUNBUFFERED"}
    return subprocess.run(
        list(map(str, command)), cwd=folder, env=variables, stdin=subprocess.DEVNULL,
        stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=300, check=False,
        preexec_fn=before,
    )  # fmt: skip


def must_be_one_line(done: subprocess.CompletedProcess[str], code: int = 3) -> None:
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if ": QEMU emulator" not in line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("pciabi: ")
    assert "fault in pciabi itself" not in done.stderr


EVERY_COMMAND = (
    ("lint", "vm.sh"), ("lint", "vm.sh", "--format", "sarif"), ("rules",), ("run", "--list"),
    ("snapshot", "vm.sh"), ("diff", "vm.sh", "vm.sh"),
    ("diff", "vm.sh", "vm.sh", "--format", "json"), ("schema", "snapshot"), ("qemu", "list"),
    ("image", "list"), ("--help",), ("lint", "--explain", "PCI101"),
)  # fmt: skip


@provokes("output cannot be written")
@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_a_full_standard_output(folder: Path, command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(folder, PCIABI, *command, stdout=full.fileno())
    if command == ("image", "list") and done.returncode == 0:
        # Where no image is there it has nothing to say.
        return
    must_be_one_line(done)
    FAULTS["output cannot be written"].must_show(done.stderr, done.returncode)


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_a_reader_that_goes_away_is_no_break(folder: Path, command: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run(folder, PCIABI, *command, stdout=writing)
    os.close(writing)
    assert done.returncode == 3 or command == ("image", "list"), done.stderr
    assert "Traceback" not in done.stderr


@provokes("standard input closed", "standard output closed")
@pytest.mark.parametrize(
    ("descriptor", "command", "row"),
    [(0, ("lint", "-"), "standard input closed"), (1, ("rules",), "standard output closed")],
)
def test_a_closed_stream(folder: Path, descriptor: int, command: tuple[str, ...], row: str) -> None:
    done = run(folder, PCIABI, *command, before=lambda: os.close(descriptor))
    must_be_one_line(done)
    FAULTS[row].must_be_in(done)


def test_a_probe_with_all_streams_closed(folder: Path) -> None:
    def close() -> None:
        for descriptor in (0, 2):
            os.close(descriptor)

    done = run(folder, PCIABI, "snapshot", "vm.sh", "-o", "vm.json", before=close)
    assert done.returncode == 0
    assert json.loads((folder / "vm.json").read_text())["functions"]


@provokes("working folder gone")
@pytest.mark.parametrize("command", [("lint", "vm.sh"), ("rules",), ("run", "--list")])
def test_a_working_folder_that_is_gone(folder: Path, command: tuple[str, ...]) -> None:
    words = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    done = run(folder, "sh", "-c", words, "sh", PCIABI, *command)
    must_be_one_line(done)
    FAULTS["working folder gone"].must_be_in(done)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_that_cannot_show_everything(folder: Path, encoding: str) -> None:
    (folder / "vm.sh").write_text(VM.replace("n0", "\u017car\u00f3wka"))

    def printed(*command: str) -> tuple[int, bytes, bytes]:
        done = subprocess.run(
            [PCIABI, *command], cwd=folder, capture_output=True, check=False,
            env=environment(folder) | {"PYTHONIOENCODING": encoding},
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    code, output, complaint = printed("lint", "vm.sh")
    assert (code, complaint) == (1, b"")
    if encoding != "ascii":
        # In place of ASCII, click writes UTF-8.
        assert "\\u017car" in output.decode(encoding)
    assert printed("rules", "--markdown")[0::2] == (0, b"")
    # What a program reads is in UTF-8, whatever the locale.
    assert "\u017car\u00f3wka" in printed("lint", "vm.sh", "--format", "github")[1].decode()


@provokes("too few descriptors")
@pytest.mark.parametrize("most", [6, 8, 10])
def test_few_descriptors(folder: Path, most: int) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    done = run(folder, PCIABI, "snapshot", "vm.sh", before=limit)
    must_be_one_line(done)
    FAULTS["too few descriptors"].must_be_in(done)


@provokes("no more processes")
@pytest.mark.parametrize("most", [1, 2])
def test_no_more_processes(folder: Path, most: int) -> None:
    # The limit counts all processes of the user, who has no others; and binds no root.
    words = ("prlimit", f"--nproc={most}", *AS_NOBODY, PCIABI, "snapshot", "vm.sh")
    done = run(folder, *words)
    must_be_one_line(done)
    FAULTS["no more processes"].must_be_in(done)


@provokes("no home")
def test_a_user_without_a_home(folder: Path) -> None:
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "tmp").chmod(0o777)
    folder.chmod(0o755)
    bare = ("env", "-u", "HOME", "-u", "XDG_CACHE_HOME")
    done = run(folder, *AS_NOBODY, *bare, PCIABI, "qemu", "list")
    FAULTS["no home"].must_be_in(done)
    assert (folder / "tmp" / f"pciabi-cache-{NOBODY}").stat().st_mode & 0o777 == 0o700
    # What somebody else has put there is not used.
    (folder / "tmp" / f"pciabi-cache-{NOBODY}").rmdir()
    (folder / "tmp" / f"pciabi-cache-{NOBODY}").mkdir()
    must_be_one_line(run(folder, *AS_NOBODY, *bare, PCIABI, "qemu", "list"))


def test_an_output_is_what_it_was(folder: Path) -> None:
    assert pciabi("snapshot", "vm.sh", "-o", "good.json", cwd=folder).returncode == 0
    good = (folder / "good.json").read_text()
    node, link, private = folder / "node", folder / "link", folder / "private"
    os.mknod(node, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    link.symlink_to("target.json")
    private.write_text("old")
    private.chmod(0o600)
    for path in (node, link, private):
        done = pciabi("snapshot", "good.json", "-o", path, cwd=folder)
        assert (done.returncode, done.stderr) == (0, "")
        done = pciabi("lint", "vm.sh", "--write-baseline", path, cwd=folder)
        assert (done.returncode, done.stderr) == (0, "")
        done = pciabi("snapshot", "good.json", "-o", path, cwd=folder)
    assert stat.S_ISCHR(node.stat().st_mode)
    assert link.is_symlink()
    assert (folder / "target.json").read_text() == private.read_text() == good
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


@pytest.mark.parametrize("user", [(), AS_NOBODY], ids=["root", "ordinary"])
def test_standard_output_by_its_name(folder: Path, user: tuple[str, ...]) -> None:
    assert pciabi("snapshot", "vm.sh", "-o", "good.json", cwd=folder).returncode == 0
    words = 'echo first; "$@" -o /dev/stdout; echo last'
    good = str(folder / "good.json")
    command = (*user, "sh", "-c", words, "sh", str(PCIABI), "snapshot", good)
    expected = f"first\n{(folder / 'good.json').read_text()}last\n"
    # A file that an ordinary user could not open, and a pipe.
    (folder / "out").touch(0o600)
    with (folder / "out").open("w") as out:
        run(folder, *command, stdout=out.fileno())
    assert (folder / "out").read_text() == expected
    assert run(folder, *command).stdout == expected


def test_pipes_as_inputs(folder: Path) -> None:
    assert pciabi("snapshot", "vm.sh", "-o", "vm.json", cwd=folder).returncode == 0
    words = '"$0" diff <(cat vm.json) <(cat vm.sh) && "$0" snapshot /dev/stdin < vm.sh >/dev/null'
    done = run(folder, "bash", "-c", words, PCIABI)
    assert done.returncode == 0, done.stderr
    assert "Compatible" in done.stdout
    done = run(
        folder, "bash", "-c", '"$0" lint <(cat vm.sh) --config <(echo \'fail-on="x"\')', PCIABI
    )
    assert done.returncode == 2
    assert "'x' is none of" in done.stderr
    done = pciabi("diff", "/dev/zero", "vm.sh", cwd=folder)
    assert (done.returncode, "/dev/zero:1: larger than" in done.stderr) == (2, True)


def waits(pid: int) -> bool:
    """Whether a process sleeps in a system call on a file."""
    try:
        call = Path(f"/proc/{pid}/syscall").read_text().split()[0]
    except OSError:
        return False
    # read and openat; a process that runs has no number there.
    return call in ("0", "257") and "pciabi" in Path(f"/proc/{pid}/cmdline").read_text()


@pytest.fixture
def fifo(folder: Path) -> Iterator[Path]:
    with ExitStack() as stack:
        path = folder / "fifo"
        os.mkfifo(path)
        # Somebody who writes, but nothing yet.
        stack.callback(os.close, os.open(path, os.O_RDWR))
        yield path


READERS = (
    ("diff", "fifo", "vm.sh"), ("lint", "fifo"), ("run", "fifo"), ("lint", "-"),
    ("lint", "vm.sh", "--baseline", "fifo"),
)  # fmt: skip


@provokes("Ctrl-C while reading", "SIGTERM while reading")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_signal_ends_the_reading(
    folder: Path, fifo: Path, command: tuple[str, ...], number: signal.Signals
) -> None:
    with fifo.open("r+b", buffering=0) as silent:
        running = subprocess.Popen(
            [PCIABI, *command], cwd=folder, env=environment(folder), stdin=silent,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        wait_for(lambda: waits(running.pid))
        running.send_signal(number)
        output, _ = running.communicate(timeout=10)
    row = "Ctrl-C while reading" if number is signal.SIGINT else "SIGTERM while reading"
    FAULTS[row].must_show(output, running.returncode)
    assert len(output.splitlines()) == 1
