"""Character devices, file systems, sound and USB: cut off from the host."""

from __future__ import annotations

from pciabi.qemu.inert import fields
from pciabi.qemu.inert.statement import (
    Stated,
    Statement,
    Surroundings,
    fresh,
    kept,
    left_out,
    replaced,
    text_of,
)
from pciabi.vm.command_line.parameters import ON, Parameter, Parameters

_USB_DEVICES = {"tablet", "mouse", "keyboard", "wacom-tablet"}


def chardev(statement: Statement, around: Surroundings) -> Stated:
    """`-chardev`: a null one of the same id, which several may share if they did before.

    Always in key=value form, which every QEMU takes; in JSON the backend is an object of its own.
    """
    name = statement.get("id") or ""
    kind = statement.get("backend") or ""
    nested = statement.parameters.find("backend")
    if nested is not None and isinstance(nested.data, dict):
        kind = str(nested.data.get("type", ""))
    shared = (("mux", "on"),) if statement.get("mux") in ON else ()
    pairs = (("backend", "null"), ("id", name), *shared)
    parameters = Parameters(tuple(Parameter(key, value) for key, value in pairs), "backend")
    stated = replaced(statement, parameters, f"-chardev {kind}", around.of("chardev", name))
    return Stated(stated.arguments) if kind == "null" else stated


def legacy_port(statement: Statement) -> Stated:
    """`-serial`, `-parallel`, `-debugcon`: the port stays. It is no PCI device."""
    value = statement.option.value
    text = text_of(value) if value is not None else ""
    if text == "none" or text.startswith("chardev:"):
        return kept(statement)
    return Stated((f"-{statement.name}", "null"))


def fsdev(statement: Statement, around: Surroundings) -> Stated:
    """`-fsdev`: a file system of QEMU's own making in place of the host's folder."""
    name = statement.get("id")
    parameters = fresh("synth", ("id", name or ""), like=statement.parameters)
    users = around.of("fsdev", name)
    return replaced(statement, parameters, statement.shown("fsdriver"), users)


def virtfs(statement: Statement) -> Stated:
    """`-virtfs`: the same, with the device it makes."""
    made = fresh("synth", like=statement.parameters)
    seen = statement.parameters.keeping("mount_tag", "id")
    parameters = type(seen)((*made.items, *seen.items), "fsdriver", seen.is_json)
    return replaced(statement, parameters, statement.shown("fsdriver"))


def tpmdev(statement: Statement, around: Surroundings) -> Stated:
    """`-tpmdev`: left out with its device, for there is no inert one."""
    users = around.of("tpmdev", statement.get("id"))
    return left_out(statement.shown("type"), users, (fields.ACPI,))


def audiodev(statement: Statement) -> Stated:
    """`-audiodev`: silence. A device sounds alike to the guest beside any backend."""
    pairs = (("id", statement.get("id") or ""),)
    parameters = fresh("none", *pairs, like=statement.parameters)
    return replaced(statement, parameters, statement.shown("driver"))


def audio(statement: Statement) -> Stated:
    """`-audio`: the device it makes stays."""
    seen = statement.parameters.keeping("model", "id")
    made = fresh("none", like=statement.parameters)
    parameters = type(seen)((*made.items, *seen.items), "driver", seen.is_json)
    return replaced(statement, parameters, statement.shown("driver", "model"))


def usb_device(statement: Statement) -> Stated:
    """`-usbdevice`: emulated ones stay, those of the host are left out. None is on PCI."""
    value = statement.option.value
    text = text_of(value) if value is not None else ""
    return kept(statement) if text in _USB_DEVICES else left_out(f"-usbdevice {text[:20]}")
