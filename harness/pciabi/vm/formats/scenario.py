"""pciabi's own scenario files: the VM of every case as it is before the first step.

Cases with the same VM count once. A control is unpinned on purpose and says so with `ignore-file`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pciabi.vm import yaml_tree
from pciabi.vm.command_line.argument import plain
from pciabi.vm.command_line.option import Option, QemuCommandLine
from pciabi.vm.config import Device
from pciabi.vm.formats import ConfigText, Format, Vm
from pciabi.vm.qemu_machine import vm
from pciabi.vm.scenario import SUFFIX, Axes, applies, combinations, device, filled
from pciabi.vm.yaml_tree import Node

# Two of them, so that one in which a key is forgotten is still told as what it is.
_KEYS = re.compile(r"^(machine|devices|steps)[ \t]*:", re.MULTILINE)
# What pydantic takes for true.
_ON = frozenset({"true", "yes", "on", "y", "t", "1"})


def detects(source: ConfigText) -> bool:
    """A file called one, or a text with a scenario's keys at the margin."""
    if source.file.endswith(SUFFIX):
        return True
    return len({match[1] for match in _KEYS.finditer(source.text)}) > 1


def read(source: ConfigText) -> tuple[Vm, ...]:
    """The VM of every case, each once. Raises InputError."""
    return tuple(
        Vm(vm(line), document.statements, line)
        for document in yaml_tree.read(source.file, source.text)
        for line in dict.fromkeys(_lines(document))
    )


def _lines(document: Node) -> Iterator[QemuCommandLine]:
    matrix = {axis: _texts(values) for axis, values in _entries(document, "matrix")}
    exclude = [
        {axis: value.text or "" for axis, value in excluded.entries.items()}
        for excluded in document.each("exclude")
    ]
    known = {axis: values for axis, values in matrix.items() if values}
    return (_line(document, axes) for axes in combinations(known, exclude))


def _line(document: Node, axes: Axes) -> QemuCommandLine:
    file = document.start.file
    defaults = (document.value("defaults") or "").lower() in _ON
    options = [] if defaults else [_option("nodefaults", document)]
    machine = document.at("machine")
    if machine is not None:
        options.append(_option("machine", machine, filled(machine.text or "", axes)))
    options += [
        _option("device", node, _device(node, axes).argument)
        for node in document.each("devices")
        if applies({axis: _texts(values) for axis, values in _entries(node, "when")}, axes)
    ]
    # The harness gives every NIC a backend, so QEMU makes none of its own.
    options.append(Option("netdev", plain("-netdev", file, 1), plain("user,id=pciabi", file, 1)))
    return QemuCommandLine(None, tuple(options), file)


def _option(name: str, node: Node, text: str | None = None) -> Option:
    word, value = (
        None if words is None else plain(words, node.start.file, node.start.line, node.start.column)
        for words in (f"-{name}", text)
    )
    assert word is not None
    return Option(name, word, value)


def _device(node: Node, axes: Axes) -> Device:
    said = {name: entry.text for name, entry in node.entries.items() if entry.text is not None}
    properties = {name: entry.text or "" for name, entry in _entries(node, "properties")}
    return device(said, properties, lambda _name, text: filled(text, axes), node.start)


def _entries(node: Node, key: str) -> Iterable[tuple[str, Node]]:
    found = node.at(key)
    return found.entries.items() if found is not None else ()


def _texts(node: Node) -> list[str]:
    """A value, or each of several."""
    if node.text is not None:
        return [node.text]
    return [item.text or "" for item in node.items]


FORMAT = Format(
    name="scenario",
    title="pciabi scenario",
    endings=(".yaml", ".yml"),
    rank=65,
    detects=detects,
    read=read,
    comment="# pciabi: ignore unpinned-nic reason",
)
