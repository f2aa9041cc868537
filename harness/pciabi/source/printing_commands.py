"""Configurations that nothing here starts: which they are, and how to have their command line
printed, which can be read."""

from __future__ import annotations

import re

from pciabi.vm.formats import ConfigText, Format

_COMMANDS = {
    "kubevirt": (
        "KubeVirt",
        "kubectl exec POD -c compute -- cat /proc/PID/cmdline prints its command line; PID is "
        "that of QEMU in the virt-launcher pod",
    ),
    "proxmox": ("Proxmox", "qm showcmd VMID prints its command line"),
}
_INCUS = (
    "Incus",
    "cat /proc/$(cat /run/incus/NAME/qemu.pid)/cmdline prints its command line",
)
_OTHER = "its QEMU's /proc/PID/cmdline holds its command line"
# `incus config show` and `lxc config show` of any instance that was ever started.
_INCUS_KEYS = re.compile(r"^\s+(?:volatile|image|boot|limits)\.[a-z_.]+: ", re.MULTILINE)
_INCUS_HEAD = re.compile(r"^architecture: \S+$", re.MULTILINE)


def unstarted(text: ConfigText, known: Format | None) -> tuple[str, str] | None:
    """What a configuration is called that cannot be started here, and how its command line is
    had; `known` is its format. None for a text that is no VM's configuration."""
    if known is not None:
        return _COMMANDS.get(known.name, (known.title, _OTHER))
    if _INCUS_HEAD.search(text.text) and _INCUS_KEYS.search(text.text):
        return _INCUS
    return None
