"""Which options QEMU has and which of them take an argument, as recorded from QEMU binaries.

`options.json` is written by `script/record-options`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

# Options that went before the oldest recorded QEMU and that old command lines still hold.
_GONE = {
    **dict.fromkeys(("balloon", "redir", "smb", "tftp", "bootp", "clock", "bt"), True),
    **dict.fromkeys(("startdate", "pcidevice"), True),
    **dict.fromkeys(("nodefconfig", "no-kvm", "no-kvm-irqchip", "no-kvm-pit", "hax"), False),
    **dict.fromkeys(("no-kvm-pit-reinjection", "rtc-td-hack", "tdf", "no-frame"), False),
}
# Options that a distribution adds: `-id` is Proxmox VE's, the number of the VM.
_DOWNSTREAM = {"id": True}


def _recorded() -> dict[str, bool]:
    text = (files("pciabi.vm.command_line") / "options.json").read_text()
    return {name: row["argument"] for name, row in json.loads(text)["options"].items()}


TAKES_ARGUMENT: Mapping[str, bool] = MappingProxyType({**_GONE, **_DOWNSTREAM, **_recorded()})
"""Option name without dashes to whether it takes an argument."""
