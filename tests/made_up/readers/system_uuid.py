"""The machine's UUID, in QEMU's word."""

from __future__ import annotations

from pciabi.abi.facts.system_uuid import KEY

from pciabi.probe.fact_readers import Emulated, MachineReader


def _read(machine: Emulated) -> str:
    answer = machine.monitor.execute("query-uuid")
    assert isinstance(answer, dict)
    return str(answer["UUID"])


READERS = (MachineReader(KEY, _read),)
