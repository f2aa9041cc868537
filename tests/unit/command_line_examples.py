"""Command lines in the styles people and libvirt write them, and where their devices belong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "golden" / "command_lines"

# Where the devices of each example that matter most turn up, by qdev id.
PLACES: Mapping[str, Mapping[str, str]] = {
    "libvirt-9.log": {
        "pci.1": "0/02.0",
        "pci.7": "0/02.6",
        "net0": "0/02.0/00.0",
        "virtio-disk0": "0/02.3/00.0",
        "hostdev0": "0/02.6/00.0",
        "video0": "0/01.0",
        "sound0": "0/1b.0",
    },
    "libvirt-4.args": {"usb": "0/01.2", "net0": "0/03.0", "scsi0": "0/05.0", "video0": "0/02.0"},
    "proxmox.sh": {"net0": "0/12.0", "virtioscsi0": "0/05.0/01.0", "qga0": "0/08.0"},
    "desktop.sh": {"spicepass": "0/05.0", "smartpass": "0/06.0", "pciabi-nic": "0/08.0"},
    "lab.sh": {"nic0": "0/06.0", "nic1": "0/07.0", "nic2": "0/07.1", "dog0": "0/04.0"},
    "ps.txt": {"pci.1": "0/01.0", "net0": "0/01.0/00.0"},
    "arguments.txt": {"panic0": "0/09.0"},
}
