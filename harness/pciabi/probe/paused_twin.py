"""What only a paused machine tells of one whose guest runs: read of a twin that never runs.

The twin has the same devices, those that joined the running machine included. It is started when
the guest has been asked, so that whatever is wrong with the machine was told of the boot.
docs/decisions/0017-paused-twin.md says why it is no use to read the booted QEMU itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.pci.facts import UNREAD, Facts
from pciabi.probe import readers
from pciabi.probe.cold import cold_probe_of, inert
from pciabi.probe.equipment import Equipped
from pciabi.probe.fact_readers import MachineReader, chosen_readers
from pciabi.probe.hypervisor import Hypervisor
from pciabi.qemu.binary import Binary


def unread(booted: Snapshot, families: frozenset[str]) -> frozenset[str]:
    """The names of those of the families that QEMU tells and of which the boot left something
    unread."""
    return frozenset(
        reader.key.name
        for reader in chosen_readers(readers, families)
        if any(
            subject.facts.get(reader.key) is UNREAD
            for subject in ((booted,) if isinstance(reader, MachineReader) else booted.functions)
        )
    )


def read(
    equipped: Equipped,
    families: frozenset[str],
    environment: Mapping[str, str],
    binary: Binary,
    cancellation: Cancellation,
    deadline: Deadline,
    hypervisor: Hypervisor,
) -> Snapshot:
    """The twin of a VM, with the facts of these families; `environment` are QEMU's variables.

    Raises as `cold_probe_of`.
    """
    devices = (*equipped.config.devices, *equipped.plugged)
    whole = replace(equipped, config=replace(equipped.config, devices=devices), plugged=())
    hardware = replace(inert(whole), families=families, environment=environment)
    return cold_probe_of(whole, hardware, binary, cancellation, deadline, hypervisor)


def completed(booted: Snapshot, twin: Snapshot, families: frozenset[str]) -> Snapshot:
    """The boot with the twin's facts of these families wherever it has none of its own. A
    function that the twin does not have keeps them unread."""
    functions = tuple(
        function.having(_of(counterpart(function, twin), families).updated(function.facts))
        for function in booted.functions
    )
    facts = _only(twin.facts, families).updated(booted.facts)
    return replace(booted, functions=functions, facts=facts)


def counterpart(function: PlacedFunction, twin: Snapshot) -> PlacedFunction | None:
    """The twin's function for one of the boot: of the same qdev id, at the same path if several
    are; for one without an id, the one without an id at its path."""
    at_path = twin.at_path(function.path)
    if at_path is not None and at_path.qdev_id == function.qdev_id:
        return at_path
    return twin.by_id(function.qdev_id) if function.qdev_id is not None else None


def _of(function: PlacedFunction | None, families: frozenset[str]) -> Facts:
    return Facts() if function is None else _only(function.facts, families)


def _only(facts: Facts, families: frozenset[str]) -> Facts:
    return Facts(tuple((name, fact) for name, fact in facts if name in families))
