"""`<serial>`, `<console>`, `<channel>` and others with a character device: the port stays, what
it is connected to goes."""

from __future__ import annotations

from pciabi.libvirt.inert.allow_list import described
from pciabi.libvirt.inert.common import Treatment, Turn, device, having
from pciabi.vm.xml_tree import Element

# libvirt chooses the channel's target by these, and looks for nothing on the host.
_OWN_TARGET = frozenset({"spicevmc", "qemu-vdagent"})
_CONNECTION = """
    : tty
    source:
    protocol:
    log:
"""


def _unconnected(kept: Element, turn: Turn) -> Element:
    kind = kept.attributes.get("type")
    if kind is None or kind in _OWN_TARGET or kind == "null":
        return kept
    turn.record.tell(f"<{kept.name} type='{kind}'>", "type='null'")
    return having(kept, type="null")


PORT: Treatment = device(
    """
    : type
    target: type port name* state address
    target/model: name
    """,
    _CONNECTION,
    _unconnected,
)
REDIRDEV: Treatment = device(": type bus", _CONNECTION, _unconnected)


def _smartcard(kept: Element, turn: Turn) -> Element:
    """A reader of the host's own cards, which libvirt does not look at."""
    turn.record.tell(described(turn.element), "mode='host'")
    return having(kept, mode="host")


SMARTCARD: Treatment = device(
    "", _CONNECTION + ": mode type tty\ncertificate:\ndatabase:\ntarget:", _smartcard
)
