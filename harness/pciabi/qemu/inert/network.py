"""Network backends: user mode networking that is cut off from the host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pciabi.abi.snapshot import Substitution
from pciabi.qemu.inert import driver_rules, fields, virtio_backends
from pciabi.qemu.inert.statement import (
    Nic,
    Stated,
    Statement,
    Surroundings,
    fresh,
    kept,
    written,
)
from pciabi.vm.command_line import backend_kind
from pciabi.vm.command_line.driver_table import driver_table
from pciabi.vm.command_line.parameters import Parameters

# Backends beside which a device looks as it does beside `user` (measured).
_ALIKE = {"user", "socket", "stream", "dgram", "l2tpv3", "vde", "hubport"}
_INERT = "user"
_TRANSMIT = "tx_queue_size"
# The guest's side of `-nic` and `-net nic`.
_NIC = ("model", "mac", "macaddr", "addr", "vectors", "id", "name")
# What `-nic` calls the NICs that offer what their backend can do.
_MODELS = {"virtio": "virtio-net-pci"}
# What `-global` may call a virtio NIC besides its driver's name.
_CLASSES = ("virtio-net-pci-base", "virtio-net-device", "virtio-pci", "pci-device")


def nics(statements: Sequence[Statement]) -> tuple[Nic, ...]:
    """The NICs of options other than `-device`, in the order in which QEMU creates them: all that
    `-nic` makes before those of `-net nic` (net/net.c: net_init_clients)."""
    made = [s for s in statements if s.name == "nic" and s.get("type") != "none"]
    made += [s for s in statements if s.name == "net" and s.get("type") == "nic"]
    counted = Counter[str]()
    found = []
    for statement in made:
        model = statement.get("model") or ""
        driver = _MODELS.get(model, model)
        found.append(Nic(statement, driver, counted[driver]))
        counted[driver] += 1
    return tuple(found)


def networks(statements: Sequence[Statement]) -> dict[str, dict[str, str]]:
    """What each `-netdev` that says all says of its kind, by its id."""
    return {
        statement.get("id") or "": _told(statement)
        for statement in statements
        if statement.name == "netdev"
        and not any(item.unresolved for item in statement.parameters.items)
    }


def beside_its_stand_in(parameters: Parameters, around: Surroundings) -> Parameters:
    """A device as it starts beside what stands in for its network backend: newer QEMUs refuse a
    transmit queue there that is longer than those of such backends are cut to."""
    told = around.networks.get(parameters.get("netdev") or "", {})
    if virtio_backends.longer_transmit_queue(told, parameters.get(_TRANSMIT)) is None:
        return parameters
    return parameters.having(_TRANSMIT, virtio_backends.LONGEST_TRANSMIT_QUEUE)


def netdev(statement: Statement, around: Surroundings) -> Stated:
    """`-netdev`: the id stays."""
    kind = statement.get("type")
    name = statement.get("id")
    if kind == "hubport":
        return kept(statement)
    pairs = (("id", name or ""), ("restrict", True))
    parameters = fresh(_INERT, *pairs, like=statement.parameters)
    told = [
        one
        for user in around.of("netdev", name)
        for one in _of_device(statement, user, around.devices.get(user or ""), around)
    ]
    told += [
        one
        for nic in around.nics
        if nic.statement.name == "net" and nic.statement.get("netdev") == name
        for one in _of_nic(statement, nic, around)
    ]
    told = told or [_substitution(statement, None, ())]
    return Stated(("-netdev", written(parameters)), () if kind == _INERT else tuple(told))


def nic(statement: Statement, around: Surroundings) -> Stated:
    """`-nic`: the NIC stays, what it is connected to goes."""
    kind = statement.get("type")
    if kind == "none":
        return kept(statement)
    device = statement.parameters.keeping(*_NIC)
    backend = fresh(_INERT, ("restrict", True), like=statement.parameters)
    parameters = Parameters((*backend.items, *device.items), "type", backend.is_json)
    made = next(one for one in around.nics if one.statement is statement)
    told = tuple(_of_nic(statement, made, around))
    return Stated(("-nic", written(parameters)), () if kind == _INERT else told)


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
    told = _substitution(statement, None, ())
    return Stated(("-net", written(parameters)), () if kind == _INERT else (told,))


def _of_device(
    statement: Statement, qdev_id: str, device: Statement | None, around: Surroundings
) -> Iterator[Substitution]:
    """What the real backend decides about the `-device` that uses it."""
    found = driver_table().find((device.get("driver") if device else None) or "")
    if device is None or found is None:
        yield _substitution(statement, qdev_id, ())
    else:
        user = _User(found.name, device, around.globals)
        yield from _decided(statement, qdev_id, user)


def _of_nic(statement: Statement, nic: Nic, around: Surroundings) -> Iterator[Substitution]:
    """The same of a NIC without an id: it is told by which one of its driver it is."""
    user = _User(nic.driver, nic.statement, around.globals)
    for told in _decided(statement, None, user):
        yield replace(told, device=nic.driver, ordinal=nic.ordinal) if told.unknown else told


def _decided(statement: Statement, qdev_id: str | None, user: _User) -> Iterator[Substitution]:
    """What the backend offers; and the size of the transmit queue, apart, as its reason for not
    being known has the size that is stated."""
    told = _substitution(statement, qdev_id, tuple(_offered(statement, user)))
    yield told
    if user.driver in driver_rules.OFFERS_ITS_BACKEND:
        stated = user.get(_TRANSMIT)
        size = virtio_backends.longer_transmit_queue(_told(statement), stated)
        if size is not None:
            option = f"{told.option} with {_TRANSMIT}={size}"
            yield replace(told, option=option, unknown=(virtio_backends.TRANSMIT_QUEUE,))


@dataclass(frozen=True)
class _User:
    """The device that uses a backend, and what `-global` says of all devices."""

    driver: str
    statement: Statement
    globals: Sequence[tuple[str, str, str]]

    def get(self, name: str) -> str | None:
        """A property's value, where the device or a `-global` states it."""
        stated = (
            value
            for driver, property_, value in self.globals
            if property_ == name and driver in (self.driver, *_CLASSES)
        )
        return self.statement.get(name) or next(stated, None)


def _offered(statement: Statement, user: _User) -> Iterator[str]:
    """A virtio NIC offers what its backend can do, unless it is switched off, which is seen once
    the NIC is there (`probe.virtio_stand_ins`). The number of queue pairs decides its vectors
    where it does not name them, and how many pairs it says it has."""
    kind = statement.get("type")
    if user.driver not in driver_rules.OFFERS_ITS_BACKEND or kind in _ALIKE:
        return
    told = _told(statement)
    yield from virtio_backends.net_features(told)
    yield from virtio_backends.net_configuration(told)
    if backend_kind.queue_pairs(told) != 1 and user.get("vectors") is None:
        yield fields.MSIX_TABLE


def _told(statement: Statement) -> dict[str, str]:
    """What the option says of its kind of backend."""
    said = {name: statement.get(name) for name in backend_kind.DECISIVE}
    return {name: value for name, value in said.items() if value is not None}


def _substitution(
    statement: Statement, qdev_id: str | None, open_fields: tuple[str, ...]
) -> Substitution:
    name = f"-{statement.name}"
    kind = backend_kind.described(name, _told(statement))
    return Substitution(kind, f"{name} {_INERT}", qdev_id, open_fields)
