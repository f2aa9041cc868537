"""The built wheel, installed into an empty environment and run from an empty folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


def run(*arguments: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, CHECKOUT, cwd=folder)
    (built,) = folder.glob("pciabi-*.whl")
    return built


def test_what_ships_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for kind in ("scenarios", "images"):
        for path in (CHECKOUT / kind).rglob("*"):
            if path.is_file():
                assert f"pciabi/_shipped/{path.relative_to(CHECKOUT).as_posix()}" in names
    assert "pciabi/py.typed" in names


def test_the_installed_wheel_runs_a_shipped_scenario(wheel: Path, tmp_path: Path) -> None:
    environment, empty = tmp_path / "venv", tmp_path / "empty"
    empty.mkdir()
    run(sys.executable, "-m", "venv", environment, cwd=empty)
    run(environment / "bin/pip", "install", "-q", wheel, cwd=empty)
    wanted = ("--select", "machine=pc", "--select", "nic=virtio-net-pci")
    output = run(environment / "bin/pciabi", "run", "two-nics-pinned", *wanted, cwd=empty)
    assert "Compatible" in output
    assert [path.name for path in empty.iterdir()] == ["reports"]
