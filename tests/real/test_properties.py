"""Device properties as users meet them: a feature switched off behind a backend that nobody has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.real.command import pciabi
from tests.real.releases import emulator

VM = (
    "qemu-system-x86_64 -nodefaults -machine pc-q35-11.1 {0} -netdev tap,id=n "
    "-device virtio-net-pci,netdev=n,id=net0,addr=3,mac=52:54:00:00:00:01{1}\n"
)


@pytest.mark.parametrize(
    ("beside", "own", "names"),
    [
        ("", ",host_tunnel=off,guest_tunnel=off", ["guest_tunnel", "host_tunnel"]),
        ("", ",host_uso=off", ["host_uso"]),
        ("-global virtio-net-pci.host_uso=off", "", ["host_uso"]),
        ("-global virtio-net-device.mrg_rxbuf=off", "", ["mrg_rxbuf"]),
    ],
)
def test_a_feature_switched_off_breaks_whatever_the_backend(
    beside: str, own: str, names: list[str], tmp_path: Path
) -> None:
    emulator("11.1")
    (tmp_path / "before.sh").write_text(VM.format("", ""))
    (tmp_path / "after.sh").write_text(VM.format(beside, own))
    words = ("diff", "before.sh", "after.sh", "--from", "11.1", "--to", "11.1")
    done = pciabi(*words, "--format", "json", cwd=tmp_path)
    told = [
        (change["field"], change["before"], change["after"])
        for change in json.loads(done.stdout)["changes"]
        if (change["severity"], change["kind"]) == ("breaking", "device-property")
    ]
    assert told == [(f"property {name}", "on", "off") for name in names]
    assert done.returncode == 1
    # The old value, stated as the remedy says, makes both the same again.
    stated = "".join(f",{name}=on" for name in names)
    (tmp_path / "mended.sh").write_text(VM.format(beside, f"{own}{stated}".replace("=off", "=on")))
    mended = pciabi("diff", "before.sh", "mended.sh", *words[3:], cwd=tmp_path)
    assert "device-property" not in mended.stdout, mended.stdout
