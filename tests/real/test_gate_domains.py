"""A folder of domains as /etc/libvirt/qemu is, gated as an operator would."""

from __future__ import annotations

import json
from pathlib import Path

from tests.real.command import pciabi
from tests.real.etc_libvirt import fill

COUNT = 6


def test_every_domain_is_judged_and_nothing_else(tmp_path: Path) -> None:
    files = fill(tmp_path / "qemu", COUNT)
    done = pciabi("gate", "qemu", "--from", "7.2", "--to", "10.0", "--format", "json", cwd=tmp_path)
    document = json.loads(done.stdout)
    entries = document["entries"]
    assert [one["case"] for one in entries] == [f"qemu/{file.name}" for file in files]
    # The archive's 10.0 has larger virtio queues on every machine type.
    assert {one["verdict"] for one in entries} == {"break"}
    assert all(one["functions"] > 20 for one in entries)
    assert done.returncode == 1
    (skipped,) = document["coverage"]["skipped"]
    assert skipped["file"] == "qemu/networks/default.xml"


def test_a_domain_is_itself(tmp_path: Path) -> None:
    fill(tmp_path / "qemu", COUNT)
    done = pciabi("gate", "qemu", "--from", "7.2", "--to", "7.2", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    document = json.loads(done.stdout)
    assert document["changes"] == []
    assert document["coverage"]["vms"] == COUNT
