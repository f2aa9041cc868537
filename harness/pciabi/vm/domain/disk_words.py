"""What may stand in a `<disk>`."""

from __future__ import annotations

from pciabi.vm.domain import addresses, block_backends, boot_order, iothreads, virtio
from pciabi.vm.domain.vocabulary import Vocabulary

VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | boot_order.WORDS
    | virtio.DRIVER_OPTIONS
    | block_backends.WORDS
    | {"@type", "@device", "@model", "readonly", "shareable", "transient"}
    | {"transient@shareBacking", "target", "target@dev", "target@bus", "target@removable"}
    | {"target@rotation_rate", "serial", "wwn", "vendor", "product", "blockio"}
    | {"blockio@logical_block_size", "blockio@physical_block_size", "blockio@discard_granularity"}
    | {"geometry", "geometry@cyls", "geometry@heads", "geometry@secs", "geometry@trans"}
    | {"driver@cache", "driver@error_policy", "driver@rerror_policy", "driver@ioeventfd"}
    | {"driver@event_idx", "driver@queues", "driver@queue_size", "driver@iothread"}
    | iothreads.MAPPING_WORDS,
    {
        **block_backends.HARMLESS,
        "@rawio": "what the host allows its process",
        "@sgio": "what the host allows its process",
        "@snapshot": "how snapshots treat it",
        "iotune": "limits its speed",
        "iotune/**": "limits its speed",
        "throttlefilters": "limits its speed",
        "throttlefilters/**": "limits its speed",
        "target@tray": "whether it stands open is the drive's state",
        "driver@name": "QEMU is the only one",
        "driver/statistics": "what the host counts",
        "driver/statistics/**": "what the host counts",
        "backenddomain": "Xen has it",
        "backenddomain/**": "Xen has it",
    },
)
