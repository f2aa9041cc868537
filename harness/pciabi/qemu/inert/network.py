"""Network backends: user mode networking that is cut off from the host."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.snapshot import Substitution
from pciabi.qemu.inert import driver_rules, fields
from pciabi.qemu.inert.statement import Stated, Statement, Surroundings, fresh, kept, written
from pciabi.vm.command_line.driver_table import driver_table
from pciabi.vm.command_line.parameters import Parameters

# Backends beside which a device looks as it does beside `user` (measured).
_ALIKE = {"user", "socket", "stream", "dgram", "l2tpv3", "vde", "hubport"}
# Backends that are a device of their own behind the NIC: its configuration is theirs too.
_DEVICES = {"vhost-user", "vhost-vdpa"}
_ON = {"on", "yes", "true", "y"}
_DESCRIPTORS = ("fds", "vhostfds")
_INERT = "user"
# The guest's side of `-nic` and `-net nic`.
_NIC = ("model", "mac", "macaddr", "addr", "vectors", "id", "name")
# What `-nic` calls the NICs that offer what their backend can do.
_MODELS = {"virtio": "virtio-net-pci"}


def netdev(statement: Statement, around: Surroundings) -> Stated:
    """`-netdev`: the id stays."""
    kind = statement.get("type")
    name = statement.get("id")
    if kind == "hubport":
        return kept(statement)
    pairs = (("id", name or ""), ("restrict", True))
    parameters = fresh(_INERT, *pairs, like=statement.parameters)
    told = tuple(
        _substitution(statement, user, None, _unknown(statement, around.devices.get(user or "")))
        for user in around.of("netdev", name) or (None,)
    )
    return Stated(("-netdev", written(parameters)), () if kind == _INERT else told)


def nic(statement: Statement) -> Stated:
    """`-nic`: the NIC stays, what it is connected to goes."""
    kind = statement.get("type")
    if kind == "none":
        return kept(statement)
    device = statement.parameters.keeping(*_NIC)
    backend = fresh(_INERT, ("restrict", True), like=statement.parameters)
    parameters = Parameters((*backend.items, *device.items), "type", backend.is_json)
    model = statement.get("model") or ""
    driver = _MODELS.get(model, model)
    # `id=` names the backend: the NIC has no id by which what is unknown could be told of it.
    open_fields = tuple(_offered(statement, driver, statement))
    told = _substitution(statement, None, driver if open_fields else None, open_fields)
    return Stated(("-nic", written(parameters)), () if kind == _INERT else (told,))


def net(statement: Statement) -> Stated:
    """`-net nic` and `-net none` stay; `-net tap` and the others become `-net user`.

    They all meet at a hub, behind which no NIC sees what its backend can do (measured).
    """
    kind = statement.get("type")
    if kind == "none":
        return kept(statement)
    if kind == "nic":
        strange = statement.parameters.names - {*_NIC, "type", "netdev"}
        if strange:
            name = min(strange)
            raise statement.refused(f"no QEMU since 5.2 takes {name}=", at=name)
        return kept(statement)
    parameters = fresh(_INERT, ("restrict", True), like=statement.parameters)
    told = _substitution(statement, None, None, ())
    return Stated(("-net", written(parameters)), () if kind == _INERT else (told,))


def _unknown(statement: Statement, user: Statement | None) -> tuple[str, ...]:
    """What the real backend decides about the device that uses it."""
    if user is None:
        return ()
    found = driver_table().find(user.get("driver") or "")
    return tuple(_offered(statement, found.name if found else "", user))


def _offered(statement: Statement, driver: str, device: Statement) -> Iterator[str]:
    """A virtio NIC offers what its backend can do; the number of queue pairs decides its vectors
    where it does not name them, and how many it says it has."""
    kind = statement.get("type")
    if driver not in driver_rules.OFFERS_ITS_BACKEND or kind in _ALIKE:
        return
    yield fields.VIRTIO_FEATURES
    several = _queues(statement) != 1
    if kind in _DEVICES or (several and device.get("mq") in _ON):
        yield fields.VIRTIO_CONFIGURATION
    if several and device.get("vectors") is None:
        yield fields.MSIX_TABLE


def _queues(statement: Statement) -> int:
    """How many queue pairs; 0 where that is not a number."""
    given = (statement.get(name) for name in _DESCRIPTORS)
    descriptors = next(filter(None, given), None)
    if descriptors is not None:
        return descriptors.count(":") + 1
    queues = statement.get("queues") or "1"
    return int(queues) if queues.isdecimal() else 0


def _substitution(
    statement: Statement, user: str | None, device: str | None, open_fields: tuple[str, ...]
) -> Substitution:
    name = f"-{statement.name}"
    return Substitution(_kind(statement), f"{name} {_INERT}", user, open_fields, device)


def _kind(statement: Statement) -> str:
    """What kind of backend it is: all that decides what a NIC offers, the same in whatever words,
    and nothing that names one of the host's."""
    words = [f"-{statement.name} {statement.get('type') or ''}"]
    if statement.get("vhost") in _ON or statement.get("vhostforce") in _ON:
        words.append("vhost=on")
    queues = _queues(statement)
    if queues != 1:
        words.append(f"queues={queues}" if queues else f"queues={statement.get('queues')}")
    if model := statement.get("model"):
        words.append(f"model={model}")
    return ",".join(words)
