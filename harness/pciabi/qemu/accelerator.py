"""Whether KVM really runs guest code here. A device node that opens proves nothing.

It is proved once for a QEMU and a boot of the machine (`kvm_proof`).
"""

from __future__ import annotations

import struct
import tempfile
from dataclasses import dataclass

from pciabi.cancellation import Cancellation
from pciabi.errors import QemuError
from pciabi.programs import last_words
from pciabi.qemu import kvm_proof
from pciabi.qemu.binary import Binary
from pciabi.qemu.command_line import CPU
from pciabi.qemu.process import running
from pciabi.qemu.wish import Wish

LIMIT_SECONDS = 1.0
_DEBUG_PORT = 0xF4
_ANSWER = 0x2A
# QEMU's isa-debug-exit ends it with status value << 1 | 1.
_GOOD_STATUS = _ANSWER << 1 | 1
_NOTE_PHYS32_ENTRY = 18
_LOAD_ADDRESS = 0x100000
_ENTRY_OFFSET = 0x1000


@dataclass(frozen=True)
class Accelerator:
    """QEMU's accelerator name, and why it was chosen, in one line."""

    name: str
    reason: str


def choose(binary: Binary, wish: Wish, cancellation: Cancellation) -> Accelerator:
    """The accelerator to use. Raises QemuError where KVM is demanded and does not work.

    What an earlier run has proved since the machine was started is taken over, except that it
    does not work where the user demands it: then it is tried again.
    """
    if wish is Wish.TCG:
        return Accelerator("tcg", "TCG, as asked for")
    now = kvm_proof.circumstances(binary)
    earlier = kvm_proof.recall(now) if now is not None else None
    if earlier is not None and earlier.fault is None:
        return Accelerator("kvm", "KVM: a test kernel ran earlier in this boot")
    if earlier is not None and wish is not Wish.KVM:
        reason = f"TCG, because KVM does not work here: {earlier.fault}"
        return Accelerator("tcg", f"{reason} (tried earlier in this boot; --accel kvm tries again)")
    fault = trouble(binary, "kvm", cancellation)
    if now is not None:
        kvm_proof.keep(now, kvm_proof.Outcome(fault))
    if fault is None:
        return Accelerator("kvm", "KVM: a test kernel ran")
    if wish is Wish.KVM:
        raise QemuError(f"KVM does not work here: {fault}", advice="--accel tcg")
    return Accelerator("tcg", f"TCG, because KVM does not work here: {fault}")


def trouble(binary: Binary, accelerator: str, cancellation: Cancellation) -> str | None:
    """Why a test kernel does not run under an accelerator; None where it does."""
    if accelerator == "kvm" and not kvm_proof.DEVICE.exists():
        return f"there is no {kvm_proof.DEVICE}"
    with tempfile.NamedTemporaryFile(prefix="pciabi-") as kernel:
        kernel.write(test_kernel())
        kernel.flush()
        argv = [*binary.command, "-machine", "pc", "-accel", accelerator, "-cpu", CPU]
        argv += [
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
            "-kernel",
            kernel.name,
        ]
        argv += ["-device", f"isa-debug-exit,iobase={_DEBUG_PORT:#x},iosize=1"]
        with running(argv, (), cancellation) as qemu:
            status = qemu.ended_within(LIMIT_SECONDS)
            cancellation.check()
            words = qemu.excess or last_words(qemu.complaints())
    if status is None:
        return f"a test kernel of four instructions did not end in {LIMIT_SECONDS:g} s"
    if status == _GOOD_STATUS:
        return None
    return words or f"QEMU ended with status {status}"


def test_kernel() -> bytes:
    """An ELF file entered through PVH, as the real kernel is, that writes one byte to a port.

    The way there is the one a guest takes: real-mode firmware, an option ROM, protected mode.
    """
    # mov dx, port; mov al, answer; out dx, al; hlt
    code = b"\x66\xba" + struct.pack("<H", _DEBUG_PORT) + b"\xb0" + bytes([_ANSWER]) + b"\xee\xf4"
    entry = _LOAD_ADDRESS + _ENTRY_OFFSET
    header_size, segment_size, note_offset = 52, 32, 0x200
    note = struct.pack("<III4sI", 4, 4, _NOTE_PHYS32_ENTRY, b"Xen\0", entry)
    identity = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    header = identity + struct.pack(
        "<HHIIIIIHHHHHH", 2, 3, 1, entry, header_size, 0, 0, header_size, segment_size, 2, 40, 0, 0
    )
    load = (1, _ENTRY_OFFSET, entry, entry, len(code), len(code), 5, 0x1000)
    note_at = _LOAD_ADDRESS + note_offset
    remark = (4, note_offset, note_at, note_at, len(note), len(note), 4, 4)
    image = bytearray(_ENTRY_OFFSET)
    image[:header_size] = header
    image[header_size : header_size + 2 * segment_size] = struct.pack(
        "<IIIIIIII", *load
    ) + struct.pack("<IIIIIIII", *remark)
    image[note_offset : note_offset + len(note)] = note
    return bytes(image) + code
