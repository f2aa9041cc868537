"""Waiting for a guest: its own word, or the first sign that it will never come."""

from __future__ import annotations

import os
import selectors
import socket

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.descriptor import Descriptor
from pciabi.errors import GuestError
from pciabi.guest.console import Console, after_screen_control
from pciabi.probe.ending import died
from pciabi.probe.hypervisor import Process

READY = "pciabi-ready"
PLUGGED = "pciabi-plugged"
FAULT = "pciabi-fault"
_LONGEST_WORDS = 1_000_000
_LONGEST_QUOTE = 300


class GuestWords:
    """What a guest writes to its event port, one word and what it is about on a line."""

    def __init__(
        self,
        process: Process,
        console: Console,
        events: Descriptor,
        deadline: Deadline,
        cancellation: Cancellation,
    ) -> None:
        self._process = process
        self._console = console
        self._events = events
        self._deadline = deadline
        self._cancellation = cancellation
        self._unread = b""

    def wait_for(self, word: str, absence: str) -> str:
        """Return when the guest has written `word`; the rest of that line.

        Raises GuestError for a fault the guest reports, one the console shows, or no word in
        time (`absence` is what that means); QemuError when QEMU ends; Interrupted.
        """
        with selectors.DefaultSelector() as selector:
            self._register(selector)
            rest = self._heard(word)
            while rest is None:
                for key, _ in selector.select(self._deadline.remaining):
                    self._take_in(key, selector)
                self._cancellation.check()
                rest = self._heard(word)
                if rest is None:
                    self._must_still_come(absence)
        return rest

    def listen(self, seconds: float, connection: socket.socket | None) -> bool:
        """Listen to a guest that has no words for us, until something arrives on `connection`.

        False when nothing has after that time, or at the deadline. Raises GuestError for a fault
        the console shows, QemuError when QEMU ends; Interrupted.
        """
        until = Deadline.after(min(seconds, self._deadline.remaining))
        with selectors.DefaultSelector() as selector:
            self._register(selector)
            if connection is not None:
                selector.register(connection, selectors.EVENT_READ)
            while not until.passed:
                ready = selector.select(until.remaining)
                for key, _ in ready:
                    self._take_in(key, selector)
                self.must_go_on()
                if any(key.fileobj is connection for key, _ in ready):
                    return True
        return False

    def must_go_on(self) -> None:
        """Raise what is wrong with the guest or QEMU, Interrupted when asked to stop."""
        self._cancellation.check()
        if self._console.fault is not None:
            raise GuestError(self._console.fault)
        if self._process.exit_status is not None:
            raise died(self._process)

    def _register(self, selector: selectors.BaseSelector) -> None:
        selector.register(self._process, selectors.EVENT_READ)
        selector.register(self._console, selectors.EVENT_READ)
        selector.register(self._events, selectors.EVENT_READ)

    def _must_still_come(self, absence: str) -> None:
        if self._process.exit_status is not None:
            raise died(self._process)
        if self._deadline.passed:
            raise GuestError(
                f"{absence} after {self._deadline.granted:g} s",
                advice="a longer `timeout:` in the scenario if this machine is slow",
            )

    def _take_in(self, key: selectors.SelectorKey, selector: selectors.BaseSelector) -> None:
        if key.fileobj is self._console and not self._console.read():
            selector.unregister(self._console)
        if key.fileobj is self._events:
            arrived = os.read(self._events.fileno(), 65536)
            if not arrived:
                selector.unregister(self._events)
            self._unread += arrived
            if len(self._unread) > _LONGEST_WORDS:
                raise GuestError("the guest writes to its event port without an end")

    def _heard(self, wanted: str) -> str | None:
        # A line counts once it is whole.
        while b"\n" in self._unread:
            line, _, self._unread = self._unread.partition(b"\n")
            said = after_screen_control(line.decode(errors="replace"))
            word, _, rest = said.strip().partition(" ")
            if word == wanted:
                return rest
            if word == FAULT:
                raise GuestError(f"the guest reports: {rest[:_LONGEST_QUOTE]}")
        if self._console.fault is not None:
            raise GuestError(self._console.fault)
        return None
