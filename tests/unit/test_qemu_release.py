"""Released QEMUs: fetched from a tiny distribution, kept, found again, checked.

The fake stands where the wire is: apt is a small program on PATH, and what the packages hold
in place of a loader is a script that answers as QEMU would.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pciabi.distribution import acquire as acquiring
from pciabi.distribution import archive, release, suites
from pciabi.errors import InputError, PackageError, QemuError
from pciabi.qemu import acquire, binary, launch, loader, spec
from pciabi.qemu.product import PACKAGE, QEMU
from tests.unit.guest_distribution import Distribution

MIRROR = "http://archive.example/debian"
LOADER = r"""#!/bin/sh
case "$*" in
*--list*) echo "libc.so.6 => $0 (0x1)" ;;
*--version*) echo "QEMU emulator version {version} (Debian 1:1.0)" ;;
*help*) printf 'name "virtio-vga"\nname "qxl-vga"\nname "usb-redir"\n' ;;
esac
"""
TRIXIE = spec.released("debian:trixie")


def quiet(_progress: object) -> None:
    """Progress goes nowhere."""


def contents(version: str) -> dict[str, tuple[str, dict[str, bytes]]]:
    """Packages of a QEMU; the fake apt gives all of them the version 1:1.0."""
    return {
        PACKAGE: ("otherosfs", {launch.PROGRAM: b"qemu"}),
        "qemu-system-common": ("otherosfs", {f"{launch.MODULES}/a.so": b"module"}),
        "libc6": (
            "libs",
            # As older suites have it: outside of /usr.
            {"lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": LOADER.format(version=version).encode()},
        ),
        "libodd": ("libdevel", {"usr/lib/x86_64-linux-gnu/libodd.so.6": b"odd"}),
        "libllvm19": ("libs", {"usr/lib/x86_64-linux-gnu/libLLVM.so.19": b"large"}),
        "adduser": ("admin", {"usr/sbin/adduser": b"script"}),
        "seabios": ("misc", {"usr/share/seabios/bios.bin": b"1", "usr/share/doc/x": b"text"}),
    }


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Distribution]:
    """Makes the archive hold a QEMU of that version."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(archive, "KEYRINGS", (keyring,))
    monkeypatch.setattr(launch, "HOST", tmp_path / "a host without QEMU")

    def make(version: str) -> Distribution:
        made = Distribution(tmp_path / f"distribution-{version}", contents(version))
        for name, case, answer in (
            ("apt-get", "indextargets", f"Debian|Debian|{MIRROR}"),
            ("apt-cache", "policy", "  Candidate: 1:1.0"),
        ):
            program = made.programs / name
            script = program.read_text().removeprefix("#!/bin/sh\n")
            program.write_text(
                f'#!/bin/sh\ncase "$*" in *{case}*) echo "{answer}"; exit ;; esac\n{script}'
            )
        monkeypatch.setenv("PATH", f"{made.programs}:/usr/sbin:/usr/bin:/sbin:/bin")
        return made

    return make


@pytest.fixture
def trixie(publish: Callable[[str], Distribution]) -> Distribution:
    return publish("10.0.1")


def test_what_runs_is_kept_and_nothing_else(trixie: Distribution) -> None:
    found = acquire.ensure(TRIXIE, quiet)
    libraries = "usr/lib/x86_64-linux-gnu"
    assert {name for name, _ in found.manifest.files} == {
        launch.PROGRAM,
        f"{launch.MODULES}/a.so",
        launch.LOADER,
        f"{libraries}/libodd.so.6",
        "usr/share/seabios/bios.bin",
    }
    assert found.manifest.version == (10, 0, 1)
    assert found.told == ((PACKAGE, "1:1.0"), ("seabios", "1:1.0"))
    assert (found.name, found.current) == ("debian:trixie", True)
    assert MIRROR not in (found.folder / "manifest.json").read_text()
    assert not list(found.folder.parent.glob("building-*"))


def test_a_cached_release_needs_no_apt(
    trixie: Distribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = acquire.ensure(TRIXIE, quiet)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    trixie.replace_apt("exit 100")
    assert acquire.ensure(TRIXIE, quiet) == first
    assert release.find(QEMU, spec.released("10.0")) == first
    assert release.find(QEMU, spec.released("1:1.0")) == first
    assert binary.find("debian:trixie").version == (10, 0, 1)
    assert binary.find("10.0").root == first.root


def test_asking_again_changes_nothing_where_the_packages_are_the_same(
    trixie: Distribution,
) -> None:
    first = acquire.ensure(TRIXIE, quiet)
    before = first.folder.stat().st_ino
    again = acquire.fetch(TRIXIE, MIRROR, quiet)
    assert again == first
    assert again.folder.stat().st_ino == before, "a QEMU that runs from it is not disturbed"


def test_an_updated_release_leaves_the_older_one_under_its_version(
    publish: Callable[[str], Distribution],
) -> None:
    publish("10.0.1")
    first = acquire.ensure(TRIXIE, quiet)
    publish("10.0.2")
    second = acquire.fetch(TRIXIE, None, quiet)
    assert release.find(QEMU, TRIXIE) == second
    assert second.digest != first.digest
    older = release.find(QEMU, spec.released("10.0.1"))
    assert older is not None
    assert (older.digest, older.current, older.name) == (first.digest, False, "1:1.0")
    assert release.find(QEMU, spec.released("10.0")) == second
    release.remove(second, lambda: None)
    assert release.find(QEMU, TRIXIE) is None
    assert [known.digest for known in release.known(QEMU)] == [first.digest]


@pytest.mark.parametrize(
    "name", [launch.PROGRAM, launch.LOADER, f"{launch.MODULES}/a.so", "usr/share/seabios/bios.bin"]
)
def test_a_damaged_release_is_not_run_and_is_made_anew(trixie: Distribution, name: str) -> None:
    first = acquire.ensure(TRIXIE, quiet)
    whole = (first.root / name).read_bytes()
    (first.root / name).write_bytes(whole[:-1] + b"?")
    for wanted in ("debian:trixie", "10.0"):
        with pytest.raises(PackageError, match=r"is damaged.*pciabi qemu get debian:trixie"):
            binary.find(wanted)
    (first.root / name).unlink()
    with pytest.raises(PackageError, match=r"is incomplete.*pciabi qemu get debian:trixie"):
        binary.find("debian:trixie")
    assert acquire.ensure(TRIXIE, quiet) == first
    assert (first.root / name).read_bytes() == whole
    assert len(trixie.downloads()) == 1, "packages are kept"


def test_a_file_that_was_added_is_damage_too(trixie: Distribution) -> None:
    first = acquire.ensure(TRIXIE, quiet)
    (first.root / launch.MODULES / "b.so").write_bytes(b"module")
    with pytest.raises(PackageError, match=r"b\.so does not belong there"):
        binary.find("debian:trixie")


def test_a_damaged_manifest_is_as_good_as_none(trixie: Distribution) -> None:
    first = acquire.ensure(TRIXIE, quiet)
    (first.folder / "manifest.json").write_text("{}")
    with pytest.raises(QemuError, match=r"not in the cache.*pciabi qemu get debian:trixie"):
        binary.find("debian:trixie")
    assert acquire.ensure(TRIXIE, quiet) == first


def test_another_version_than_the_one_wanted_is_refused_and_not_kept(
    trixie: Distribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = suites.Version("1.0.7")
    monkeypatch.setattr(acquiring, "holding", lambda _wanted, _suites: (TRIXIE,))
    with pytest.raises(InputError, match=r"no suite .* has QEMU 1\.0\.7: .*10\.0\.1.*--mirror URI"):
        acquire.ensure(wanted, quiet)
    with pytest.raises(InputError, match=r"debian:trixie has 1:1\.0"):
        acquire.ensure(suites.Version("12.0"), quiet)
    assert release.known(QEMU) == ()


def test_a_library_of_the_hosts_is_noticed(publish: Callable[[str], Distribution]) -> None:
    made = publish("10.0.1")
    assert made.programs.is_dir()
    listing = "\tlibndctl.so.6 => /lib/x86_64-linux-gnu/libndctl.so.6 (0x1)\n"
    own = "\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /root/usr/lib/libc.so.6 (0x2)\n"
    assert loader.first_outside(own, Path("/root")) is None
    assert loader.first_outside(own + listing, Path("/root")) == listing.strip()
    assert loader.first_outside("\tlibx => not found\n", Path("/root"))
