"""Building and keeping images, from a tiny distribution of real archives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pciabi.distribution.progress import Progress
from pciabi.errors import ImageError, InputError, PackageError
from pciabi.guest import image
from tests.unit.guest_distribution import CONTENTS, KERNEL, RECIPE, Distribution, kernel_files
from tests.unit.test_guest_cpio import records

BUILD = """
import os, sys
from pathlib import Path
from pciabi.guest import image
os.umask(int(sys.argv[3], 8))
print(getattr(image, sys.argv[1])(Path(sys.argv[2]), lambda progress: None).digest)
"""


def quiet(_progress: Progress) -> None:
    """Progress goes nowhere."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/pciabi"


@pytest.fixture
def make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Path
) -> Callable[..., Distribution]:
    """Makes the distribution that apt sees."""

    def build(contents: Mapping[str, tuple[str, Mapping[str, bytes]]] = CONTENTS) -> Distribution:
        made = Distribution(tmp_path / "distribution", contents)
        monkeypatch.setenv("PATH", f"{made.programs}:/usr/sbin:/usr/bin:/sbin:/bin")
        return made

    return build


@pytest.fixture
def distribution(make: Callable[..., Distribution]) -> Distribution:
    return make()


def start(what: str, recipe: Path, **variables: str) -> subprocess.Popen[str]:
    """Build in a process of its own."""
    umask = variables.pop("umask", "022")
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, what, recipe, umask],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
    )


def contents(built: image.Image) -> dict[str, bytes]:
    return {name: data for name, _, data in records(built.initrd.read_bytes())}


def test_the_image_holds_what_the_recipe_names_and_all_it_needs(
    distribution: Distribution,
) -> None:
    seen: list[Progress] = []
    built = image.build(distribution.recipe, seen.append)
    files = contents(built)
    modules = f"usr/lib/modules/{KERNEL}"
    libraries = "usr/lib/x86_64-linux-gnu"
    assert files["usr/bin/sh"] == b"tool"
    assert {f"{libraries}/libone.so.1", f"{libraries}/libtwo.so.2.5"} < files.keys()
    assert files[f"{libraries}/libtwo.so.2"] == b"libtwo.so.2.5"
    assert files["lib"] == b"usr/lib"
    assert b"kernel/drivers/bus.ko:" in files[f"{modules}/modules.dep"]
    assert files[f"{modules}/kernel/drivers/net/nic-one.ko"].startswith(b"\x7fELF")
    assert not any("unwanted" in path or "adduser" in path for path in files)
    assert built.efi_kernel.read_bytes() == kernel_files()[f"boot/vmlinuz-{KERNEL}"]
    assert (built.name, built.kernel_version) == ("test", KERNEL)
    assert built.kernel_arguments == "quiet panic=-1"
    assert {p.name for p in built.packages} == CONTENTS.keys() - {"adduser"}
    downloads = [p for p in seen if p.stage == "downloading packages"]
    assert [p.done * 100 // p.total for p in downloads] == [50, 100]


def test_the_same_packages_make_the_same_bytes_anywhere(
    distribution: Distribution, tmp_path: Path
) -> None:
    digests = set()
    for number, (umask, zone) in enumerate([("022", "UTC"), ("077", "Asia/Tokyo")]):
        cache = str(tmp_path / f"cache-{number}")
        with start(
            "build", distribution.recipe, umask=umask, TZ=zone, XDG_CACHE_HOME=cache
        ) as process:
            digests.add(process.communicate()[0])
    assert len(digests) == 1
    assert digests != {""}


def test_a_cached_image_needs_no_apt_and_build_asks_it_again(
    distribution: Distribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = image.ensure(distribution.recipe, quiet)
    calls = distribution.calls.read_text()
    assert image.build(distribution.recipe, quiet) == first
    assert distribution.calls.read_text() != calls
    assert len(distribution.downloads()) == 1, "packages are kept"
    monkeypatch.setenv("PATH", "/nowhere")
    assert image.ensure(distribution.recipe, quiet) == first
    assert image.cached() == (first,)


def test_another_recipe_or_script_is_another_image(distribution: Distribution) -> None:
    first = image.ensure(distribution.recipe, quiet)
    (distribution.recipe.parent / "test/init").write_text("#!/bin/sh\nexit 1\n")
    second = image.ensure(distribution.recipe, quiet)
    assert second.digest != first.digest
    assert first.initrd.exists()
    distribution.write_recipe(RECIPE.replace("quiet", "loud"))
    assert image.ensure(distribution.recipe, quiet).kernel_arguments == "loud panic=-1"


@pytest.mark.parametrize("name", ["initrd", "vmlinux", "vmlinuz", "manifest.json"])
def test_a_damaged_image_is_built_again(distribution: Distribution, name: str) -> None:
    first = image.ensure(distribution.recipe, quiet)
    folder = first.initrd.parent
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-9] + b"x" + whole[-8:])
    with pytest.raises(PackageError, match="damaged"):
        image.open_image(folder)
    assert image.cached() == ()
    assert image.ensure(distribution.recipe, quiet) == first
    assert (folder / name).read_bytes() == whole


def test_an_image_without_a_file_of_this_version_is_built_again(
    distribution: Distribution,
) -> None:
    first = image.ensure(distribution.recipe, quiet)
    place = first.initrd.parent / "manifest.json"
    document = json.loads(place.read_text())
    del document["files"]["vmlinuz"]
    place.write_text(json.dumps(document))
    with pytest.raises(PackageError, match="incomplete"):
        image.open_image(first.initrd.parent)
    assert image.cached() == ()
    assert image.ensure(distribution.recipe, quiet) == first


def test_a_damaged_package_is_fetched_again(distribution: Distribution, place: Path) -> None:
    first = image.build(distribution.recipe, quiet)
    archive = next((place / "packages").glob("tools_*.deb"))
    archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    assert image.build(distribution.recipe, quiet) == first
    assert len(distribution.downloads()) == 2


def test_two_builds_at_once_make_one_image(distribution: Distribution, place: Path) -> None:
    both = [start("ensure", distribution.recipe) for _ in range(2)]
    digests = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(digests) == 1
    assert len(distribution.downloads()) == 1
    assert not list(place.glob("images/*/building-*"))


def test_what_a_killed_build_left_is_removed(
    distribution: Distribution, place: Path, tmp_path: Path
) -> None:
    working = (distribution.programs / "apt-get").read_text().removeprefix("#!/bin/sh\n")
    reached = tmp_path / "reached"
    os.mkfifo(reached)
    # Says that it was reached, then waits for a writer that never comes.
    stuck = f'case "$*" in *" download "*) echo $$ >{reached}; exec cat {reached} ;; esac\n'
    distribution.replace_apt(stuck + working)
    with start("ensure", distribution.recipe) as process:
        tool = int(reached.read_text())
        process.send_signal(signal.SIGKILL)
    os.kill(tool, signal.SIGKILL)
    left = [*place.glob("images/*/building-*"), *place.glob("packages/download-*")]
    assert len(left) == 2
    distribution.replace_apt(working)
    image.ensure(distribution.recipe, quiet)
    assert not any(folder.exists() for folder in left)


def test_a_stopped_download_ends_apt_and_leaves_nothing_behind(
    distribution: Distribution, place: Path
) -> None:
    working = (distribution.programs / "apt-get").read_text().removeprefix("#!/bin/sh\n")
    distribution.replace_apt(working.replace("\ncp ", "\nexec sleep 60\ncp "))

    def stop(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        image.ensure(distribution.recipe, stop)
    assert not list(place.glob("images/*/building-*"))
    assert not list(place.glob("packages/*/"))


WITHOUT_LISTS = "echo 'E: Unable to locate package tools' >&2; exit 100"
APT_FAULTS = {
    "no lists": (
        f'case "$*" in *indextargets*) echo /nowhere/Packages; exit ;; esac; {WITHOUT_LISTS}',
        "no package lists.*apt-get update",
    ),
    "unknown package": (
        f'case "$*" in *indextargets*) echo {__file__}; exit ;; esac; {WITHOUT_LISTS}',
        "no package called tools",
    ),
    "disk full": ("echo 'E: You don''t have enough free space in /x.' >&2; exit 100", "disk"),
    "anything else": ("echo 'E: The lists are broken' >&2; exit 100", "The lists are broken"),
}


@pytest.mark.parametrize("name", APT_FAULTS)
def test_apts_faults_are_one_clear_error(distribution: Distribution, name: str) -> None:
    script, message = APT_FAULTS[name]
    distribution.replace_apt(script)
    with pytest.raises(PackageError, match=message):
        image.ensure(distribution.recipe, quiet)


def test_a_failed_download_says_what_to_do(distribution: Distribution) -> None:
    working = (distribution.programs / "apt-get").read_text().removeprefix("#!/bin/sh\n")
    failing = 'case "$*" in *" download "*) echo "E: 404 Not Found" >&2; exit 100 ;; esac\n'
    distribution.replace_apt(failing + working)
    with pytest.raises(PackageError, match=r"404 Not Found.*apt-get update"):
        image.ensure(distribution.recipe, quiet)


@pytest.mark.parametrize("tool", ["apt-get", "dpkg-deb", "depmod"])
def test_a_missing_tool_is_named(
    distribution: Distribution, tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for name in ("dpkg-deb", "tar", "rm", "sh", "cp", "depmod", "cat"):
        found = next(
            p
            for p in (
                Path("/usr/bin", name),
                Path("/usr/sbin", name),
                Path("/bin", name),
                Path("/sbin", name),
            )
            if p.exists()
        )
        (few / name).symlink_to(found)
    for name in ("apt-get", "apt-cache"):
        (few / name).symlink_to(distribution.programs / name)
    (few / tool).unlink()
    monkeypatch.setattr("pciabi.distribution.tools.SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", str(few))
    with pytest.raises(PackageError, match=f"{tool} is not installed.*install the package"):
        image.ensure(distribution.recipe, quiet)


RECIPE_FAULTS = {
    "file": (("usr/bin/tool", "usr/bin/fool"), "no package of the recipe brings usr/bin/fool"),
    "module": (("nic-one", "nic-two"), f"kernel {KERNEL} has no module nic_two"),
}


@pytest.mark.parametrize("name", RECIPE_FAULTS)
def test_what_the_packages_do_not_bring_is_named(distribution: Distribution, name: str) -> None:
    (old, new), message = RECIPE_FAULTS[name]
    distribution.write_recipe(RECIPE.replace(old, new))
    with pytest.raises(ImageError, match=message):
        image.ensure(distribution.recipe, quiet)


def test_a_library_that_is_not_there_is_an_error_at_build_time(
    make: Callable[..., Distribution],
) -> None:
    distribution = make({name: files for name, files in CONTENTS.items() if name != "zlike"})
    with pytest.raises(ImageError, match=r"libone\.so\.1 needs libtwo\.so\.2"):
        image.ensure(distribution.recipe, quiet)


def test_a_full_disk_is_one_clear_error(
    distribution: Distribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(PackageError, match="the disk is full"):
        image.ensure(distribution.recipe, quiet)


MISTAKES = {
    "unknown key": ("description:", "descriptoin:", 2, "unknown key 'descriptoin', allowed:"),
    "path outside": ("usr/bin/tool]", "../tool]", 8, "pattern"),
    "missing script": ("test/init", "test/exit", 11, "no file test/exit beside the recipe"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_recipe_is_shown_at_its_line(distribution: Distribution, name: str) -> None:
    old, new, line, message = MISTAKES[name]
    distribution.write_recipe(RECIPE.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        image.ensure(distribution.recipe, quiet)
    assert f"{distribution.recipe}:{line}:" in str(caught.value)


def test_the_manifest_says_what_the_image_was_made_of(distribution: Distribution) -> None:
    built = image.build(distribution.recipe, quiet)
    document = json.loads((built.initrd.parent / "manifest.json").read_text())
    assert document["schema"] == "pciabi-image/1"
    (tools,) = [p for p in document["packages"] if p["name"] == "tools"]
    assert tools["version"] == "1:1.0"
    assert len(tools["sha256"]) == 64
