"""What a user tells QEMU past libvirt: `<qemu:commandline>`, `<qemu:override>`,
`<qemu:capabilities>` and `<qemu:deprecation>`.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildCommandLine and
qemuBuildDeviceCommandlineHandleOverrides; src/qemu/qemu_domain.c, qemuDomainDefNamespaceParse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from pciabi.errors import InputError
from pciabi.vm.command_line.argument import plain
from pciabi.vm.command_line.option import Option, parse
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know, unknown
from pciabi.vm.domain.words import Property, Value, stated
from pciabi.vm.xml_tree import Element

_LINE = Vocabulary(
    frozenset({"arg", "arg@value"}),
    {"env": "of the process", "env@name": "of the process", "env@value": "of the process"},
)
_OVERRIDE = Vocabulary(
    frozenset({"device", "device@alias", "device/frontend", "device/frontend/property"})
    | {f"device/frontend/property@{word}" for word in ("name", "type", "value")}
)
_CAPABILITIES = Vocabulary(
    frozenset({"add", "add@capability", "del", "del@capability"}),
)
JSON_CAPABILITY = "device.json+hotplug"
"""What libvirt calls it that a QEMU takes `-device` in JSON."""
_HARMLESS_CAPABILITIES = frozenset({"blockdev", "object.qapified", "netdev.json", "device.json"})
_SWITCHES: Mapping[str, bool] = MappingProxyType({"true": True, "false": False})


Overrides = Mapping[str, tuple[tuple[str, Property | None], ...]]
"""By alias what is set of a device in the end: names and properties, None for a property that is
taken away."""


def options(root: Element) -> Iterator[Option]:
    """The options of `<qemu:commandline>`. Raises InputError."""
    for element in root.all("commandline"):
        must_know(element, _LINE)
        words = [
            plain(text, arg.start.file, arg.start.line, arg.start.column)
            for arg in element.all("arg")
            if (text := arg.attributes.get("value")) is not None
        ]
        yield from parse(None, words, element.start.file).options


def without_arguments(root: Element) -> Element:
    """The domain without `<qemu:commandline>`."""
    return replace(root, children=[one for one in root.children if one.name != "commandline"])


def must_be_known(root: Element) -> None:
    """Raise InputError at a capability by which libvirt would write something else, unless it is
    known what."""
    for element in root.all("capabilities"):
        must_know(element, _CAPABILITIES)
        for change in element.children:
            name = change.attributes.get("capability", "")
            takes_json_away = change.name == "del" and name == JSON_CAPABILITY
            if name not in _HARMLESS_CAPABILITIES and not takes_json_away:
                raise unknown(element, f"{change.name} capability='{name[:40]}'", change)


def takes_json_away(root: Element) -> bool:
    """Whether libvirt is told to write no `-device` in JSON."""
    return any(
        change.name == "del" and change.attributes.get("capability") == JSON_CAPABILITY
        for element in root.all("capabilities")
        for change in element.children
    )


def overrides(root: Element) -> Overrides:
    """What `<qemu:override>` says. Raises InputError."""
    found: dict[str, tuple[tuple[str, Property | None], ...]] = {}
    for element in root.all("override"):
        must_know(element, _OVERRIDE)
        for device in element.all("device"):
            alias = device.attributes.get("alias", "")
            frontends = device.all("frontend")
            said = [one for frontend in frontends for one in frontend.all("property")]
            found[alias] = (*found.get(alias, ()), *map(_override, said))
    return found


def overridden(properties: Sequence[Property], by_alias: Overrides) -> list[Property]:
    """The properties of a device with what is overridden of them."""
    alias = next((item.value for item in properties if item.name == "id"), None)
    kept = list(properties)
    for name, property_ in by_alias.get(str(alias), ()) if alias is not None else ():
        kept = [item for item in kept if item.name != name]
        if property_ is not None:
            kept.append(property_)
    return kept


def _override(element: Element) -> tuple[str, Property | None]:
    name, text = (element.attributes.get(word, "") for word in ("name", "value"))
    kinds = {"remove": _removed, "string": _text, "bool": _switch}
    kinds |= dict.fromkeys(("unsigned", "signed"), _number)
    kind = element.attributes.get("type", "")
    value = chosen(element, "type", kind, kinds)(element, text)
    if not name or name == "driver":
        raise unknown(element, f"name='{name[:40]}'")
    return name, next(iter(stated(element, (name, value))), None)


def _removed(_element: Element, _text: str) -> Value | None:
    return None


def _text(_element: Element, text: str) -> Value | None:
    return text


def _switch(element: Element, text: str) -> Value | None:
    return chosen(element, "value", text, _SWITCHES)


def _number(element: Element, text: str) -> Value | None:
    try:
        return int(text, 0)
    except ValueError:
        raise InputError(
            f"<property>: value='{text[:40]}' is not a number", place=element.start
        ) from None
