"""The properties of a PCI device in QEMU, those of its virtio device included, with the values in
force: compatibility properties, `-global` and the configuration applied.

A property decides what a guest sees, often where nothing else shows it: a virtio device offers
`guest_uso4` or a tunnel offload only where the host can do it, so what one host does not show,
another one does, and a guest that took it cannot be migrated. What a property decides may also have
been read; then its difference is told with that. Paths and backends of the host, ids, and what
other families of facts hold are no facts of this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pciabi.abi.decided_facts import all_were_read, facts_decided_by
from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.family import Form, FunctionFamily, left_open_where_unread
from pciabi.abi.judgement import Judgement, benign, breaking, notable
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.facts import Key
from pciabi.pci.virtio import type_if_virtio
from pciabi.pci.virtio_properties import Allowed, allowed_by, feature_decided_by

Properties = tuple[tuple[str, str], ...]
"""Names and values, in the order of the names."""

KEY: Key[Properties] = Key("properties")

CHANGED = Kind(
    "device-property",
    rank=135,
    advice=Advice(
        "Device property changed",
        "A property of QEMU's device has another value, so the guest may get another device: by "
        "another configuration, machine type or QEMU.",
        "State the property with its old value: `-device DRIVER,NAME=OLD` (`-device "
        "virtio-net-pci,host_uso=off`), or `-global DRIVER.NAME=OLD` for all devices of that "
        "driver; under libvirt by `<qemu:override>`, where its XML has no word for it.",
    ),
)

_FEATURE = breaking(
    "it decides whether the virtio feature is offered, and the backend only whether that shows"
)
_HOST_DECIDES = notable(
    "the host decides whether the virtio feature is offered; state `on` or `off`"
)
_READ = benign("what it decides was read, and is told as such")
_UNSEEN = notable("it may decide what a guest sees, and that was not read")
_ONE_SIDED = benign("only one of the two QEMUs has these properties")

_TITLE = "device properties"
_FIELD = "property "
_ONE_SIDED_FIELD = "properties that only one side has"
_MOST = 500
_LONGEST = 10_000


def field_of(name: str) -> str:
    """What reports call a property."""
    return f"{_FIELD}{name}"


def name_in(field: str) -> str | None:
    """The property that a field is about, None where it is about no single one."""
    return field.removeprefix(_FIELD) if field.startswith(_FIELD) else None


def _differences(
    before: Properties, after: Properties, both: Both[PlacedFunction]
) -> Iterator[Difference]:
    old, new = dict(before), dict(after)
    types = {type_if_virtio(side.function) for side in (both.before, both.after)}
    # Another type of device has other features, which is told by its ids.
    device_type = types.pop() if len(types) == 1 else None
    one_sided = []
    for name in sorted(old.keys() | new.keys()):
        if feature_decided_by(name, device_type) is not None:
            yield from _feature_difference(name, old.get(name), new.get(name))
        elif name not in old or name not in new:
            one_sided.append(name)
        elif old[name] != new[name]:
            yield _difference(name, old[name], new[name], _judged(name, both))
    if one_sided:
        yield Difference(
            CHANGED,
            _ONE_SIDED,
            _ONE_SIDED_FIELD,
            ", ".join(name for name in one_sided if name in old) or ABSENT,
            ", ".join(name for name in one_sided if name in new) or ABSENT,
        )


def _feature_difference(name: str, before: str | None, after: str | None) -> Iterator[Difference]:
    old, new = allowed_by(name, before), allowed_by(name, after)
    if old is not new:
        judgement = _HOST_DECIDES if Allowed.HOST_DECIDES in (old, new) else _FEATURE
    elif old is Allowed.YES and None not in (before, after) and before != after:
        # The feature is offered on both sides, with another value (`host_mtu=`).
        judgement = _UNSEEN
    else:
        return
    yield _difference(name, before, after, judgement)


def _judged(name: str, both: Both[PlacedFunction]) -> Judgement:
    sides = (both.before, both.after)
    decided = facts_decided_by(name, (side.device for side in sides))
    fields = tuple(field for facts in decided for field in facts.fields)
    is_open = any(field.startswith(fields) for field in both.left_open)
    return _READ if decided and all_were_read(decided, sides) and not is_open else _UNSEEN


def _difference(
    name: str, before: str | None, after: str | None, judgement: Judgement
) -> Difference:
    return Difference(CHANGED, judgement, field_of(name), _shown(before), _shown(after))


def _shown(value: str | None) -> str:
    return ABSENT if value is None else value or "(empty)"


def _read(form: Mapping[str, str]) -> Properties:
    if len(form) > _MOST:
        raise ValueError(f"no device has {len(form)} properties")
    if any(len(text) > _LONGEST for pair in form.items() for text in pair):
        raise ValueError(f"a device's property has more than {_LONGEST} characters")
    return tuple(sorted(form.items()))


def _write(properties: Properties) -> Any:
    return dict(properties)


FAMILY = FunctionFamily(
    key=KEY,
    title=_TITLE,
    rank=145,
    form=Form(dict[str, str], _write, _read),
    kinds=(CHANGED,),
    judgements=(_FEATURE, _HOST_DECIDES, _READ, _UNSEEN, _ONE_SIDED),
    differences=_differences,
    openings=left_open_where_unread(KEY, _TITLE),
)
