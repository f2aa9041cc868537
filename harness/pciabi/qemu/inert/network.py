"""Network backends: user mode networking that is cut off from the host."""

from __future__ import annotations

from pciabi.qemu.inert import fields
from pciabi.qemu.inert.statement import Stated, Statement, Surroundings, fresh, kept, replaced
from pciabi.vm.command_line.parameters import Parameters

# Backends beside which a device looks as it does beside `user` (measured).
_ALIKE = {"user", "socket", "stream", "dgram", "l2tpv3", "vde", "hubport"}
_SHOWN = ("type", "vhost", "queues", "model")
# The guest's side of `-nic` and `-net nic`.
_NIC = ("model", "mac", "macaddr", "addr", "vectors", "id", "name")
_ENDINGS = ("none", "nic")


def netdev(statement: Statement, around: Surroundings) -> Stated:
    """`-netdev`: the id stays."""
    kind = statement.get("type")
    name = statement.get("id")
    if kind == "hubport":
        return kept(statement)
    pairs = (("id", name or ""), ("restrict", True))
    parameters = fresh("user", *pairs, like=statement.parameters)
    users = around.of("netdev", name)
    stated = replaced(statement, parameters, statement.shown(*_SHOWN), users, _unknown(statement))
    return Stated(stated.arguments) if kind == "user" else stated


def nic(statement: Statement) -> Stated:
    """`-nic`: the NIC stays, what it is connected to goes."""
    if statement.get("type") == "none":
        return kept(statement)
    device = statement.parameters.keeping(*_NIC)
    backend = fresh("user", ("restrict", True), like=statement.parameters)
    parameters = Parameters((*backend.items, *device.items), "type", backend.is_json)
    # `id=` names the backend: the NIC has no id by which what is unknown could be told of it.
    stated = replaced(statement, parameters, statement.shown(*_SHOWN), (), _unknown(statement))
    return Stated(stated.arguments) if statement.get("type") == "user" else stated


def net(statement: Statement) -> Stated:
    """`-net nic` and `-net none` stay; `-net tap` and the others become `-net user`."""
    kind = statement.get("type")
    if kind == "none":
        return kept(statement)
    if kind == "nic":
        strange = statement.parameters.names - {*_NIC, "type", "netdev"}
        if strange:
            name = min(strange)
            raise statement.refused(f"no QEMU since 5.2 takes {name}=", at=name)
        return kept(statement)
    parameters = fresh("user", ("restrict", True), like=statement.parameters)
    stated = replaced(statement, parameters, statement.shown(*_SHOWN), (), _unknown(statement))
    return Stated(stated.arguments) if kind == "user" else stated


def _unknown(statement: Statement) -> tuple[str, ...]:
    """What the real backend decides about the NIC: offloads, and with them virtio's features;
    the number of queue pairs, and with it the vectors of a NIC that does not name them."""
    if statement.get("type") in _ALIKE:
        return ()
    found = [fields.VIRTIO_FEATURES]
    if _queues(statement) != 1:
        found += [fields.VIRTIO_QUEUES, fields.VIRTIO_CONFIGURATION, fields.MSIX_TABLE]
    return tuple(found)


def _queues(statement: Statement) -> int:
    fds = statement.get("fds") or statement.get("vhostfds")
    if fds is not None:
        return fds.count(":") + 1
    queues = statement.get("queues") or "1"
    return int(queues) if queues.isdecimal() else 0
