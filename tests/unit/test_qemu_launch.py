"""The command that starts an unpacked QEMU, as far as the host's own modules decide on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi.errors import QemuError
from pciabi.qemu import launch


def modules(root: Path, *names: str) -> Path:
    """A root with these modules."""
    folder = root / launch.MODULES
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return modules(tmp_path / "release", "hw-one.so", "hw-two.so")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(launch, "HOST", tmp_path / "host")
    return tmp_path / "host"


@pytest.mark.parametrize("hosts", [None, (), ("hw-one.so",), ("hw-one.so", "hw-two.so")])
def test_its_own_modules_come_first_so_those_the_host_has_too_do_no_harm(
    root: Path, host: Path, hosts: tuple[str, ...] | None
) -> None:
    if hosts is not None:
        modules(host, *hosts)
    assert launch.command(launch.released(root)) == (
        *("env", f"QEMU_MODULE_DIR={root}/usr/lib/x86_64-linux-gnu/qemu"),
        f"{root}/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        *("--library-path", f"{root}/usr/lib/x86_64-linux-gnu"),
        f"{root}/usr/bin/qemu-system-x86_64",
        *("-L", f"{root}/usr/share/qemu", "-L", f"{root}/usr/share/seabios"),
        *("-L", f"{root}/usr/lib/ipxe/qemu"),
    )


@pytest.mark.parametrize("user", [0, 1000])
def test_a_forbidden_namespace_is_one_line_that_says_how_to_mend_it(
    root: Path, host: Path, user: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules(host, "hw-three.so")
    programs = tmp_path / "bin"
    programs.mkdir()
    unshare = programs / "unshare"
    unshare.write_text('#!/bin/sh\necho "unshare failed: Operation not permitted" >&2\nexit 1\n')
    unshare.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setattr("os.geteuid", lambda: user)
    with pytest.raises(
        QemuError, match=r"Operation not permitted.*allow user namespaces"
    ) as caught:
        launch.command(launch.released(root))
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(QemuError, match=r"No such file.*unshare"):
        launch.command(launch.released(root))
