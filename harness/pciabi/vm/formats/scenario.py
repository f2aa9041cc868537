"""pciabi's own scenario files: the VM as it is before the first step.

Each value of the `machine` axis is a VM of its own; of every other axis the first value stands
for all. A control is unpinned on purpose and says so with `ignore-file`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pciabi.vm import yaml_tree
from pciabi.vm.command_line.argument import Argument, Run, plain
from pciabi.vm.command_line.option import Option, QemuCommandLine
from pciabi.vm.formats import ConfigText, Format
from pciabi.vm.pci_vm import PciVm
from pciabi.vm.qemu_machine import vm
from pciabi.vm.scenario import SUFFIX
from pciabi.vm.yaml_tree import Node

# Two of them, so that one in which a key is forgotten is still told as what it is.
_KEYS = re.compile(r"^(machine|devices|steps)[ \t]*:", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_PLACED = ("id", "bus", "addr")


def detects(source: ConfigText) -> bool:
    """A file called one, or a text with a scenario's keys at the margin."""
    if source.file.endswith(SUFFIX):
        return True
    return len({match[1] for match in _KEYS.finditer(source.text)}) > 1


def read(source: ConfigText) -> tuple[PciVm, ...]:
    """The VM on each machine. Raises InputError."""
    return tuple(
        found for document in yaml_tree.read(source.file, source.text) for found in _vms(document)
    )


def _vms(document: Node) -> Iterator[PciVm]:
    matrix = document.at("matrix")
    axes = {
        name: [item.text or "" for item in values.items]
        for name, values in (matrix.entries if matrix is not None else {}).items()
    }
    first = {name: values[0] for name, values in axes.items() if values}
    for machine in axes.get("machine") or [""]:
        yield _vm(document, {**first, "machine": machine})


def _vm(document: Node, chosen: Mapping[str, str]) -> PciVm:
    file = document.start.file
    options = [] if document.value("defaults") == "true" else [_option("nodefaults", document)]
    machine = document.at("machine")
    if machine is not None:
        options.append(_option("machine", machine, _filled(machine.text or "", chosen)))
    options += [
        _option("device", device, _device(device, chosen))
        for device in document.each("devices")
        if _applies(device, chosen)
    ]
    # The harness gives every NIC a backend, so QEMU makes none of its own.
    options.append(Option("netdev", plain("-netdev", file, 1), plain("user,id=pciabi", file, 1)))
    return vm(QemuCommandLine(None, tuple(options), file))


def _option(name: str, node: Node, text: str | None = None) -> Option:
    def argument(words: str) -> Argument:
        return Argument(words, node.start.file, (Run(0, node.start.line, node.start.column),))

    return Option(name, argument(f"-{name}"), None if text is None else argument(text))


def _device(device: Node, chosen: Mapping[str, str]) -> str:
    pairs = [(name, device.value(name)) for name in _PLACED]
    properties = device.at("properties")
    pairs += [(k, v.text) for k, v in (properties.entries if properties else {}).items()]
    driver = _filled(device.value("driver") or "", chosen)
    written = (f"{k}={_filled(v, chosen)}".replace(",", ",,") for k, v in pairs if v is not None)
    return ",".join([driver.replace(",", ",,"), *written])


def _applies(device: Node, chosen: Mapping[str, str]) -> bool:
    when = device.at("when")
    for axis, wanted in (when.entries if when is not None else {}).items():
        values = [wanted.text] if wanted.text is not None else [item.text for item in wanted.items]
        if chosen.get(axis) not in values:
            return False
    return True


def _filled(text: str, chosen: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: chosen.get(match[1], match[0]), text)


FORMAT = Format(
    name="scenario",
    title="pciabi scenario",
    endings=(".yaml", ".yml"),
    rank=65,
    detects=detects,
    read=read,
    comment="# pciabi: ignore unpinned-nic reason",
)
