"""Which options QEMU has and which of them take an argument, as recorded from QEMU binaries.

`options.json` is written by `script/record-options`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
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
_RECORDED = Path(__file__).with_name("options.json")


def _recorded() -> dict[str, bool]:
    rows = json.loads(_RECORDED.read_bytes())["options"]
    return {name: row["argument"] for name, row in rows.items()}


TAKES_ARGUMENT: Mapping[str, bool] = MappingProxyType({**_GONE, **_DOWNSTREAM, **_recorded()})
"""Option name without dashes to whether it takes an argument."""
