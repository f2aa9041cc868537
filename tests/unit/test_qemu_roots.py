"""What is found in unpacked roots of made-up files, and what is told to their loaders.

The fake stands where the wire is: a script in place of the loader answers as a loader and the
QEMU it starts would.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi import elf
from pciabi.errors import CannotTest, QemuError
from pciabi.qemu import binary, installation, launch, layout_search, loader, root_links
from pciabi.qemu.layout import Layout

X86_64, AARCH64 = 62, 183
LOADER = r"""#!/bin/sh
case "$*" in
*--list*) echo "libc.so.6 => {libc} (0x1)" ;;
*--version*) echo "QEMU emulator version 9.2.0 (v9.2.0)" ;;
*"-L help"*) printf '%s\n' {data} ;;
esac
"""


def program(machine: int = X86_64, says: bytes = b"") -> bytes:
    """A program that a loader starts, with further words written in it."""
    interpreter, offset = b"/lib64/ld-linux-x86-64.so.2\0", 64 + 56
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    counts = (64, 56, 1, 64, 0, 0)
    head = ident + struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, *counts)
    size = len(interpreter)
    segment = struct.pack("<IIQQQQQQ", 3, 4, offset, offset, offset, size, size, 1)
    return head + segment + interpreter + says


class Root:
    """A root with a loader, a C library and a QEMU's data, to which a test adds the rest."""

    def __init__(self, folder: Path, data: Sequence[str] = ("/usr/share/kvm",)) -> None:
        self.folder = folder
        library = self.put("usr/lib64/libc.so.6")
        script = LOADER.format(libc=library, data=" ".join(data))
        self.put("usr/lib64/ld-linux-x86-64.so.2", script.encode()).chmod(0o755)
        self.put("usr/share/kvm/kvmvapic.bin")
        self.put("usr/share/kvm/bios.bin")

    def put(self, name: str, content: bytes = b"") -> Path:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return place

    def link(self, name: str, target: str) -> Path:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
        return place

    def look(self, name: str = "usr/bin/qemu-system-x86_64", says: bytes = b"") -> Layout:
        return layout_search.look(self.folder, self.put(name, program(says=says)))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Root:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(launch, "HOST", tmp_path / "a host without QEMU")
    return Root(tmp_path / "root")


PLACES = (
    "usr/bin/qemu-system-x86_64",
    "usr/libexec/qemu-kvm",
    "usr/bin/kvm",
    "usr/local/bin/qemu-system-x86_64",
    "usr/lib/qemu-10/qemu-system-x86_64",
)


@pytest.mark.parametrize("name", PLACES)
def test_a_program_is_found_wherever_it_is_and_named_by_itself_too(root: Root, name: str) -> None:
    wanted = root.put(name, program())
    # What a distribution has beside it: a script that starts it, and one for another processor.
    root.put("usr/bin/qemu-kvm", b"#!/bin/sh\nexec qemu-system-x86_64 -enable-kvm\n")
    for given_path in (root.folder, wanted):
        found = installation.of(given_path)
        assert found is not None
        assert found.layout is not None
        assert (found.program, found.root) == (wanted, root.folder)
        assert found.layout.loader == root.folder / "usr/lib64/ld-linux-x86-64.so.2"
    asked = binary.find(str(root.folder))
    assert (asked.version, asked.root) == ((9, 2, 0), root.folder)
    assert asked.data == (root.folder / "usr/share/kvm",)
    assert asked.name == f"pciabi qemu exec {root.folder}"


def test_a_qemu_on_path_is_found_without_what_reads_elf_files() -> None:
    script = "import sys, pciabi.qemu.binary; print('elftools' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"False\n"


def test_a_program_behind_a_link_of_the_root_is_the_roots(root: Root) -> None:
    wanted = root.put("usr/libexec/qemu-kvm", program())
    link = root.link("usr/bin/qemu-kvm", "/usr/libexec/qemu-kvm")
    found = installation.of(link)
    assert found is not None
    assert found.program == wanted


def test_a_program_of_the_hosts_is_started_as_any_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "usr/bin/qemu"
    own.parent.mkdir(parents=True)
    own.write_bytes(program())
    assert installation.of(own) is None, "no loader beside it, so it is no root"
    assert installation.of(tmp_path / "nothing") is None
    with pytest.raises(QemuError, match=r"may not be executed \(chmod \+x"):
        binary.find(str(own))
    script = tmp_path / "wrapper"
    script.write_text('#!/bin/sh\necho "QEMU emulator version 9.2.0 (v9.2.0)"\n')
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert binary.find("./wrapper").command == ("./wrapper",)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "folder").mkdir()
    assert binary.find("wrapper").command == (str(script),)
    with pytest.raises(QemuError, match=r"there is no QEMU in .*/folder: no program qemu-system"):
        binary.find("folder")


def test_a_program_below_a_prefix_and_one_of_a_build_run_as_they_are(tmp_path: Path) -> None:
    installed = tmp_path / "opt/bin/qemu-system-x86_64"
    built = tmp_path / "build/qemu-system-x86_64"
    for place in (installed, built):
        place.parent.mkdir(parents=True)
        place.write_bytes(program())
    (built.parent / "qemu-bundle").mkdir()
    found = installation.of(tmp_path / "opt")
    assert found == installation.Installation(installed, Path("/"), None)
    bundle = built.parent / "qemu-bundle"
    for named in (tmp_path, built.parent, built):
        assert installation.of(named) == installation.Installation(built, bundle, None)


def test_a_program_for_another_processor_is_named_as_that(root: Root) -> None:
    root.put("usr/bin/qemu-system-x86_64", program(AARCH64))
    alone = root.folder.parent / "qemu"
    alone.write_bytes(program(AARCH64))
    for place in (root.folder, alone):
        with pytest.raises(QemuError, match="is a program for another processor, AARCH64"):
            installation.of(place)


def test_libraries_are_looked_for_as_the_roots_loader_would(root: Root) -> None:
    for name in ("usr/lib64/one", "opt/two", "usr/lib/x86_64-linux-gnu"):
        (root.folder / name).mkdir(parents=True)
    root.put(
        "etc/ld.so.conf", b"# a comment\ninclude ld.so.conf.d/*.conf ld.so.conf\n/opt/two # x\n"
    )
    root.put("etc/ld.so.conf.d/a.conf", b"/lib64/one\nrelative\n/nowhere\n\xff\n")
    root.link("lib64", "/usr/lib64")
    found = root.look()
    names = ["usr/lib64/one", "opt/two", "usr/lib64", "usr/lib", "usr/lib/x86_64-linux-gnu"]
    assert found.libraries == tuple(root.folder / name for name in names)
    path = ":".join(str(folder) for folder in found.libraries)
    assert found.start[1:] == ("--library-path", path, str(found.program))


@given(st.binary(max_size=200))
def test_any_configuration_of_a_loader_is_read(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    root = tmp_path_factory.mktemp("root", numbered=True)
    (root / "etc").mkdir()
    (root / "etc/ld.so.conf").write_bytes(b"include ../etc/*\n/etc\n" + text)
    needs = elf.Needs(None, (), (), "EM_X86_64")
    folders = loader.library_folders(root, root / "x/ld.so", root / "x/qemu", needs)
    assert all(folder.is_relative_to(root) for folder in folders)


MODULAR = b"QEMU_MODULE_DIR\0"


def test_modules_are_those_a_qemu_was_built_for_else_those_there_are(root: Root) -> None:
    assert root.look().modules is None, "no QEMU that loads modules"
    other = root.put("usr/lib64/other/hw-display-qxl.so").parent
    root.put("usr/lib64/gconv/UTF-16.so")
    assert root.look(says=MODULAR).modules == other
    own = root.put("usr/lib64/qemu-kvm/accel-tcg-x86_64.so").parent
    found = root.look(says=MODULAR + b"/usr/lib64/qemu-kvm\0")
    assert (found.modules, found.strange_modules) == (own, Path("/usr/lib64/qemu-kvm"))
    assert launch.command(found)[:2] == ("env", f"QEMU_MODULE_DIR={own}")


def test_a_qemu_without_modules_of_its_own_is_told_to_look_where_there_are_none(
    root: Root,
) -> None:
    found = root.look(says=MODULAR)
    assert found.modules == root.folder / "usr/lib64"


def test_data_is_where_the_qemu_says_led_inside_the_root(root: Root) -> None:
    root.put("opt/firmware/vgabios-ati.bin")
    root.link("usr/share/firmware", "/opt/firmware")
    data = ("//usr/share/kvm", "/usr/share/firmware", "/usr/share/missing")
    found = Root(root.folder, data).look()
    assert found.data == (root.folder / "usr/share/kvm", root.folder / "opt/firmware")
    assert found.strange_data == tuple(Path(name.replace("//", "/")) for name in data)


def test_a_qemu_that_may_be_moved_names_its_data_beside_the_loader(root: Root) -> None:
    beside = f"{root.folder}/usr/lib64/../share/kvm"
    for name in ("usr/libexec/qemu-kvm", "usr/bin/kvm"):
        found = Root(root.folder, (beside,)).look(name)
        assert (found.data, found.strange_data) == ((root.folder / "usr/share/kvm",), ())


def test_data_that_is_elsewhere_is_found_by_looking(root: Root) -> None:
    root.put("usr/share/ipxe/qemu/efi-e1000.rom")
    root.put("usr/share/aardvark/unrelated.txt")
    found = Root(root.folder, ("/usr/share/qemu",)).look()
    assert found.data == (root.folder / "usr/share/kvm", root.folder / "usr/share/ipxe/qemu")


def test_what_only_the_root_can_follow_is_found_through_links_in_the_cache(
    root: Root, tmp_path: Path
) -> None:
    rom = root.put("opt/roms/efi-e1000.rom")
    root.link("usr/share/kvm/efi-e1000.rom", "/opt/roms/efi-e1000.rom")
    root.link("usr/share/kvm/pxe-e1000.rom", "kvmvapic.bin")
    root.link("usr/share/kvm/escape.rom", "/etc/passwd")
    library = root.put("opt/libz.so.1")
    root.link("usr/lib64/libz.so.1", "/opt/libz.so.1")
    found = root.look()
    (links, own), (library_links, *_) = found.data, found.libraries
    assert own == root.folder / "usr/share/kvm"
    assert [(path.name, path.readlink()) for path in links.iterdir()] == [("efi-e1000.rom", rom)]
    assert [path.resolve() for path in library_links.iterdir()] == [library]
    assert links.is_relative_to(tmp_path / "cache")
    before = links.stat()
    assert root.look() == found
    assert links.stat().st_ino == before.st_ino, "what is in use is not touched"
    (links / "efi-e1000.rom").unlink()
    assert root.look() == found
    assert (links / "efi-e1000.rom").readlink() == rom
    assert {path.name[0] for path in links.parent.iterdir()} & {"."} == set()


def test_links_to_a_root_that_is_gone_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("gone", "kept"):
        (tmp_path / name).mkdir()
    gone = root_links.linked({"root": tmp_path / "gone"})
    (tmp_path / "gone").rmdir()
    kept = root_links.linked({"root": tmp_path / "kept"})
    assert not gone.exists()
    assert list(kept.parent.iterdir()) == [kept]


def test_a_link_that_an_earlier_folder_hides_is_none(root: Root) -> None:
    first, second = root.put("a/x.rom").parent, root.put("c/x.rom").parent
    (second / "x.rom").unlink()
    root.link("c/x.rom", "/a/x.rom")
    assert root_links.strays(root.folder, (first, second)) == {}
    assert root_links.strays(root.folder, (second, first)) == {"x.rom": first / "x.rom"}


@pytest.mark.parametrize("name", ["a:b", "a;b", "a$LIB", "a=b", "a\nb"])
def test_a_root_of_an_odd_name_is_called_by_another(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    odd = tmp_path / name
    odd.mkdir()
    other = root_links.speakable(odd)
    assert other.resolve() == odd
    assert not set(":;$=\n") & set(str(other))
    monkeypatch.setenv("XDG_CACHE_HOME", str(odd))
    with pytest.raises(QemuError, match=r"because of a .* in its name \(set XDG_CACHE_HOME"):
        root_links.speakable(odd)


def test_a_cache_without_room_for_links_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "pciabi").mkdir()
    (tmp_path / "pciabi/roots").write_bytes(b"a file, where a folder should be")
    with pytest.raises(CannotTest, match="links to the files of a root cannot be made"):
        root_links.linked({"x": tmp_path})


def test_links_in_circles_are_one_clear_error(root: Root) -> None:
    root.link("usr/bin/qemu-system-x86_64", "kvm")
    root.link("usr/bin/kvm", "qemu-system-x86_64")
    with pytest.raises(QemuError, match="cannot be looked at: Too many levels of symbolic links"):
        installation.of(root.folder)


def test_option_roms_of_the_hosts_are_covered_where_the_root_lacks_them(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = launch.HOST / "usr/share/kvm"
    hosts.mkdir(parents=True)
    (hosts / "bios.bin").touch()
    found = root.look()
    assert launch.command(found)[0] == str(found.loader), "the host has nothing of its own"
    (hosts / "efi-e1000.rom").touch()
    monkeypatch.setattr(launch, "_complaint", lambda _: "")
    command = launch.command(found)
    words = command[command.index("sh", 4) : command.index(str(found.loader))]
    assert words[-3:] == (str(root.folder / "usr/share/kvm"), str(hosts), "--")
    root.put("usr/share/kvm/efi-e1000.rom")
    assert launch.command(root.look())[0] == str(found.loader)


def test_a_program_that_may_not_be_read_is_one_clear_error(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = root.put("usr/bin/qemu-system-x86_64", program())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(QemuError, match="cannot be read: Permission denied"):
        installation.of(root.folder)


@given(st.integers(0, 119), st.binary(min_size=1, max_size=8))
def test_any_program_is_read_or_is_none(place: int, damage: bytes) -> None:
    content = program()
    content = content[:place] + damage + content[place + len(damage) :]
    try:
        needs = elf.needs(content)
    except ValueError:
        return
    assert needs.interpreter is None or isinstance(needs.interpreter, str)
    assert os.sep not in needs.machine
