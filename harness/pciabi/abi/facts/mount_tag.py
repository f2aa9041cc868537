"""The tag by which a guest mounts a shared directory (virtio-9p's `mount_tag=`)."""

from __future__ import annotations

from pciabi.abi.family import StoodInFor
from pciabi.abi.identifying import Identifier, identifying_family
from pciabi.pci.facts import Key

KEY: Key[Identifier | None] = Key("mount_tag")

FAMILY = identifying_family(KEY, "mount tag", rank=140, stood_in_for=StoodInFor.TELLS_IN_BOTH)
