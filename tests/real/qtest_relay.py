#!/usr/bin/env python3
"""A QEMU whose qtest answers pass through here, and are spoilt on the way.

Usage: qtest_relay.py FAULT QEMU ARGUMENT…     FAULT is one of `cut`, `garble`, `kill`, `stall`

Stands in front of QEMU on a command line made by pciabi, whose qtest socket it takes for
itself. The fault comes in the middle of the first long answer.
"""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import sys

SPOILT_AFTER = 1000

Qemu = subprocess.Popen[bytes]


def main(fault: str, command: list[str]) -> int:
    """Run QEMU to its end. Returns its exit status."""
    place = next(i for i, word in enumerate(command) if word.startswith("socket,id=qtest,fd="))
    outer = socket.socket(fileno=int(command[place].rpartition("=")[2]))
    inner, far = socket.socketpair()
    command[place] = f"socket,id=qtest,fd={far.fileno()}"
    others = [int(number) for word in command for number in re.findall(r"monitor,fd=(\d+)", word)]
    # Whoever kills this program means QEMU.
    tied = ["setpriv", "--pdeathsig", "KILL", "--", *command]
    qemu = subprocess.Popen(tied, pass_fds=(far.fileno(), *others), stdin=subprocess.DEVNULL)
    far.close()
    relay(fault, outer, inner, qemu)
    return qemu.wait()


def relay(fault: str, outer: socket.socket, inner: socket.socket, qemu: Qemu) -> None:
    """Carry bytes both ways; the fault comes once, and only after garbling is there more."""
    passed = 0
    with selectors.DefaultSelector() as selector:
        selector.register(outer, selectors.EVENT_READ)
        selector.register(inner, selectors.EVENT_READ)
        while passed < SPOILT_AFTER or fault == "garble":
            for key, _ in selector.select():
                if key.fileobj is outer:
                    inner.sendall(outer.recv(65536))
                    continue
                answer = inner.recv(65536)
                if passed < SPOILT_AFTER <= passed + len(answer):
                    answer = spoilt(fault, answer, qemu)
                passed += len(answer)
                outer.sendall(answer)
    if fault == "cut":
        outer.close()
    qemu.wait()


def spoilt(fault: str, answer: bytes, qemu: Qemu) -> bytes:
    """What becomes of an answer."""
    if fault == "garble":
        return answer.replace(b"0", b"?")
    if fault == "kill":
        qemu.kill()
    return answer[:-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
